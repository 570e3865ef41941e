import type { Selector } from '../../../promql/ast.ts';
import { unwrap, walk } from '../../../promql/ast.ts';
import type { AlertingRule } from '../../rule.ts';
import { thresholdsOf } from '../comparison.ts';
import { levelsOf } from '../level.ts';
import { inExpr, type LintWorld, type Remark, type RuleCheck } from '../rule-check.ts';

/** An alert that fires at once on something that one failed scrape or check turns over. */
export const missingFor: RuleCheck = {
  id: 'missing-for',
  run({ rule }, world) {
    if (rule.kind === 'recording' || rule.forMs > 0) return [];
    return [...flapping(rule, world), ...absences(rule)].slice(0, 1);
  },
};

function flapping(rule: AlertingRule, world: LintWorld): readonly Remark[] {
  return thresholdsOf(rule.expr).flatMap(({ side }) =>
    levelsOf(side, false)
      .filter((selector) => turnsOver(selector, world))
      .map((selector) => ({
        severity: 'warning' as const,
        at: inExpr(selector),
        message: `one failed ${selector.metric === 'up' ? 'scrape' : 'check or scrape'} turns ${selector.metric} over, and without \`for\` the alert fires at once`,
        fix: 'Add for: 1m, or at least two scrape intervals',
      })),
  );
}

function turnsOver(selector: Selector, { exporters }: LintWorld): boolean {
  const { metric } = selector;
  if (metric === null) return false;
  return (
    metric === 'up' || metric === 'probe_success' || metric.endsWith('_up') || exporters.meantBy(selector).some(({ form }) => form.flaps)
  );
}

/** One scrape that fails makes every series of its target vanish until the next. */
function absences(rule: AlertingRule): readonly Remark[] {
  return [...walk(rule.expr)].flatMap((node) => {
    if (node.kind !== 'call' || node.name !== 'absent' || unwrap(node.args[0] ?? node).kind !== 'selector') return [];
    const message = 'one failed scrape makes the series of its target vanish, and without `for` the alert fires at once';
    return [{ severity: 'warning' as const, at: inExpr(node), message, fix: 'Add for: 5m, or ask absent_over_time(…[5m])' }];
  });
}
