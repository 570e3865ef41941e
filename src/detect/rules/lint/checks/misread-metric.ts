import { type Selector, selectorsOf } from '../../../promql/ast.ts';
import { inExpr, type LintWorld, type Remark, type RuleCheck } from '../rule-check.ts';

/** A metric that does not count what its name says, or not all of it. */
export const misreadMetric: RuleCheck = {
  id: 'misread-metric',
  run({ rule }, world) {
    if (rule.kind === 'recording') return [];
    const byMetric = new Map(
      selectorsOf(rule.expr)
        .toReversed()
        .map((selector) => [selector.metric, selector]),
    );
    return [...byMetric.values()].toReversed().flatMap((selector) => judge(selector, byMetric, world));
  },
};

/** An author who asks for the better metric as well knows what the other one is for. */
function judge(selector: Selector, asked: ReadonlyMap<string | null, Selector>, { exporters }: LintWorld): readonly Remark[] {
  const cautions = exporters.meantBy(selector).map(({ form }) => form.caution);
  const [caution] = cautions;
  if (caution === undefined || cautions.some((one) => one?.text !== caution?.text) || caution === null) return [];
  const better = [...asked.keys()].filter((metric) => metric !== null && metric !== selector.metric);
  if (better.some((metric) => caution.instead.includes(metric ?? ''))) return [];
  return [{ severity: 'information', at: inExpr(selector), message: `of ${selector.metric}: ${caution.text}`, fix: caution.instead }];
}
