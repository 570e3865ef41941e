import { type Selector, selectorsOf } from '../../../promql/ast.ts';
import { thresholdsOf } from '../comparison.ts';
import type { MetricForm } from '../exporter.ts';
import { levelsOf } from '../level.ts';
import { inExpr, type LintWorld, type Remark, type RuleCheck } from '../rule-check.ts';

/** A metric that is exposed and never moves, or moves only where a health check is configured. */
export const frozenMetric: RuleCheck = {
  id: 'frozen-metric',
  run({ rule }, world) {
    const byMetric = new Map(
      selectorsOf(rule.expr)
        .toReversed()
        .map((selector) => [selector.metric, selector]),
    );
    const compared = new Set(
      thresholdsOf(rule.expr)
        .flatMap(({ side }) => levelsOf(side, true))
        .map(({ metric }) => metric),
    );
    return [...byMetric.values()].toReversed().flatMap((selector) => judge(selector, compared.has(selector.metric), world));
  },
};

/** That a metric may be missing matters for one that is compared; one that only counts along is the author's care. */
function judge(selector: Selector, isCompared: boolean, { exporters }: LintWorld): readonly Remark[] {
  const known = exporters.meantBy(selector);
  if (known.length === 0) return [];
  const all = (says: (form: MetricForm) => boolean) => known.every(({ form }) => says(form));
  const titles = [...new Set(known.map(({ exporter }) => exporter.title))].join(' and ');
  const [at, metric] = [inExpr(selector), selector.metric];
  const fix = 'Configure health checks, and watch the share of failed answers as well';
  if (all((form) => form.neverMoves))
    return [{ severity: 'bug', at, message: `nothing in ${titles} ever changes ${metric}`, fix: 'Take a metric that moves' }];
  if (!isCompared) return [];
  if (all((form) => form.constantWithoutHealthCheck))
    return [{ severity: 'information', at, message: `${metric} of ${titles} is 1 for ever for a server without a health check`, fix }];
  if (!all((form) => form.needsHealthCheck)) return [];
  return [{ severity: 'information', at, message: `${metric} of ${titles} is only there where a health check is configured`, fix }];
}
