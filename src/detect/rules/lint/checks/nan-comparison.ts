import { walk } from '../../../promql/ast.ts';
import { comparisons } from '../../../promql/token.ts';
import { constantOf } from '../comparison.ts';
import { inExpr, type RuleCheck } from '../rule-check.ts';

/** A comparison with NaN: never true but for `!=`, which always is. */
export const nanComparison: RuleCheck = {
  id: 'nan-comparison',
  run({ rule }) {
    return [...walk(rule.expr)].flatMap((node) => {
      if (node.kind !== 'binary' || !comparisons.has(node.op)) return [];
      if (![node.left, node.right].some((side) => Number.isNaN(constantOf(side) ?? 0))) return [];
      const always = node.op === '!=' ? 'always' : 'never';
      const message = `nothing equals NaN, not even NaN: ${node.op} is ${always} true`;
      return [{ severity: 'bug' as const, at: inExpr(node), message, fix: 'To find NaN, compare a vector with itself: x != x' }];
    });
  },
};
