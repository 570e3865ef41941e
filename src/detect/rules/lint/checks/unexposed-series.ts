import { similarWord } from '../../../../base/similar-word.ts';
import { type Selector, selectorsOf } from '../../../promql/ast.ts';
import type { LabelMatcher } from '../../../series/queryable.ts';
import type { Exposed } from '../exposed.ts';
import { inExpr, type Remark, type RuleCheck } from '../rule-check.ts';

/** A selector that selects nothing of what the target or the capture exposes. */
export const unexposedSeries: RuleCheck = {
  id: 'unexposed-series',
  run({ rule }, { exposed, recorded }) {
    if (exposed === null) return [];
    return selectorsOf(rule.expr).flatMap((selector) => {
      const { metric } = selector;
      return metric === null || recorded.has(metric) || !exposed.knowsFamilyOf(metric) ? [] : judge(selector, metric, exposed);
    });
  },
};

/** Which of the conditions fails: the name, a label, a value, or all of them together. */
function judge(selector: Selector, metric: string, exposed: Exposed): readonly Remark[] {
  const labels = exposed.labelsOf(metric);
  // What the target does not set itself, service discovery may: of that an exposition says nothing.
  const own = selector.matchers.filter(({ name }) => labels.includes(name));
  const at = inExpr(selector);
  if (exposed.select(metric, []).length === 0) {
    const like = similarWord(metric, exposed.metrics());
    const fix = like === null ? 'Check the name, and whether what it measures is configured' : `Did you mean ${like}?`;
    return [{ severity: 'warning', at, message: `${exposed.from} exposes no ${metric}`, fix }];
  }
  const foreign = selector.matchers.filter(
    ({ name, matches }) => !labels.includes(name) && name !== '__name__' && !usual.has(name) && !matches(''),
  );
  const missing = foreign.map(({ name }): Remark => {
    const message = `${metric} has no label ${name} at ${exposed.from}; it has ${labels.join(', ') || 'none'}`;
    return { severity: 'warning', at, message, fix: `Match one of those, unless your scrape configuration adds ${name}` };
  });
  if (exposed.select(metric, own).length > 0) return missing;
  return [
    ...missing,
    {
      severity: 'information',
      at,
      message: valueMessage(metric, own, exposed),
      fix: 'Check the value; it may only appear once it happens',
    },
  ];
}

const usual: ReadonlySet<string> = new Set(['job', 'instance']);
const valuesShownMax = 8;

function valueMessage(metric: string, own: readonly LabelMatcher[], exposed: Exposed): string {
  const alone = own.find((matcher) => exposed.select(metric, [matcher]).length === 0);
  if (alone === undefined) return `no series of ${metric} at ${exposed.from} satisfies all matchers together`;
  const values = exposed.valuesOf(metric, alone.name);
  const shown =
    values.slice(0, valuesShownMax).join(', ') + (values.length > valuesShownMax ? `, and ${values.length - valuesShownMax} more` : '');
  return `no series of ${metric} at ${exposed.from} has ${alone.name}${alone.op}${JSON.stringify(alone.value)}; there is ${shown}`;
}
