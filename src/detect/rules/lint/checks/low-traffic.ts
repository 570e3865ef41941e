import { type Expr, unwrap, walk } from '../../../promql/ast.ts';
import { thresholdsOf } from '../comparison.ts';
import { ratioOf } from '../ratio.ts';
import { inExpr, type RuleCheck } from '../rule-check.ts';

/** A share of requests without a least number of them: at night, one failure of two requests is 50%. */
export const lowTraffic: RuleCheck = {
  id: 'low-traffic',
  run({ rule }) {
    if (rule.kind === 'recording' || hasCondition(rule.expr)) return [];
    const thresholds = thresholdsOf(rule.expr);
    return thresholds.flatMap(({ node, side, op, threshold }) => {
      const ratio = ratioOf(side);
      // Above 0 every failure is meant, however many requests there are.
      if (ratio === null || !ratio.looksLikeShare || (op !== '>' && op !== '>=') || threshold <= 0) return [];
      if (!isRate(ratio.division.left) || thresholds.some((other) => other.node !== node && isInside(other.node, ratio.division)))
        return [];
      const message = 'this share has no least number of requests: with little traffic one failure of two requests is 50%';
      return [
        {
          severity: 'warning' as const,
          at: inExpr(ratio.division),
          message,
          fix: 'Ask for a number of failures as well: … and sum by (…) (increase(…[5m])) > 10, with the same labels',
        },
      ];
    });
  },
};

/** Whether something else has to be true as well. */
function hasCondition(expr: Expr): boolean {
  return [...walk(expr)].some((node) => node.kind === 'binary' && (node.op === 'and' || node.op === 'unless'));
}

function isRate(expr: Expr): boolean {
  return [...walk(expr)].some((node) => node.kind === 'call' && /^(rate|increase|irate)$/.test(node.name));
}

function isInside(inner: Expr, outer: Expr): boolean {
  return [...walk(unwrap(outer))].includes(inner);
}
