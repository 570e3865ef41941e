import { type Expr, unwrap, walk } from '../../../promql/ast.ts';
import { thresholdsOf } from '../comparison.ts';
import { levelsOf } from '../level.ts';
import { kindOf } from '../metric-kind.ts';
import { inExpr, type LintWorld, type Remark, type RuleCheck } from '../rule-check.ts';

const forGauges: ReadonlySet<string> = new Set(['delta', 'idelta', 'deriv', 'predict_linear', 'double_exponential_smoothing']);

/** A counter treated as a gauge: its level only says how long the process has been running. */
export const counterAsGauge: RuleCheck = {
  id: 'counter-as-gauge',
  run({ rule }, world) {
    const levels =
      rule.kind === 'recording' ? [] : thresholdsOf(rule.expr).flatMap(({ side, op, threshold }) => compared(side, op, threshold, world));
    return [...[...walk(rule.expr)].flatMap((node) => changed(node, world)), ...levels];
  },
};

function changed(node: Expr, { exporters, exposed }: LintWorld): readonly Remark[] {
  if (node.kind !== 'call' || !forGauges.has(node.name)) return [];
  const window = node.args.map(unwrap).find((arg) => arg.kind === 'range');
  const kind = window === undefined ? null : kindOf(window.selector, exporters, exposed);
  if (window === undefined || kind?.kind !== 'counter') return [];
  const message = `${node.name}() is for gauges, and ${window.selector.metric} is a counter (${kind.says}): every restart of the process is a fall to 0`;
  return [{ severity: 'warning', at: inExpr(node), message, fix: 'Take rate() or increase(), which make restarts good' }];
}

/** Growing past a limit happens to every counter in the end. `> 0` says "ever since the start", which is seldom meant either. */
function compared(side: Expr, op: string, threshold: number, { exporters, exposed }: LintWorld): readonly Remark[] {
  if (op !== '>' && op !== '>=') return [];
  return levelsOf(side, false).flatMap((selector) => {
    const kind = kindOf(selector, exporters, exposed);
    if (kind?.kind !== 'counter' || selector !== unwrap(side)) return [];
    const message = `${selector.metric} is a counter (${kind.says}): once it is ${op} ${threshold} it stays so until the process restarts`;
    return [
      {
        // Some call a gauge of things that are offline `…_offline_total`: a name alone is a hint.
        severity: kind.declared ? ('warning' as const) : ('information' as const),
        at: inExpr(selector),
        message,
        fix: `Ask how much it grew: increase(${selector.metric}[5m]) ${op} ${threshold}`,
      },
    ];
  });
}
