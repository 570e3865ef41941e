import { selectorsOf } from '../../../promql/ast.ts';
import { inExpr, type RuleCheck } from '../rule-check.ts';

/** A matcher that no value satisfies which the label can have. */
export const unknownLabelValue: RuleCheck = {
  id: 'unknown-label-value',
  run({ rule }, { exporters, recorded }) {
    return selectorsOf(rule.expr).flatMap((selector) => {
      if (recorded.has(selector.metric ?? '')) return [];
      const known = exporters.of(selector.metric ?? '');
      return selector.matchers.flatMap(({ name, op, value, matches }) => {
        const having = known.filter(({ form }) => form.labels.includes(name));
        const lists = having.map(({ form }) => form.values.get(name) ?? null);
        const values = [...new Set(lists.flatMap((list) => list ?? []))];
        if (having.length === 0 || lists.includes(null) || values.some(matches) || (having.length < known.length && matches(''))) return [];
        const message = `label ${name} of ${selector.metric} is never ${op === '=' ? '' : `${op} `}${JSON.stringify(value)}: ${having[0]?.exporter.title} has ${values.join(', ')}`;
        return [{ severity: 'bug' as const, at: inExpr(selector), message, fix: 'Match one of those' }];
      });
    });
  },
};
