import { thresholdsOf } from '../comparison.ts';
import { ratioOf } from '../ratio.ts';
import { inExpr, type RuleCheck, wordsOf } from '../rule-check.ts';
import { saysPercent } from './ratio-as-percentage.ts';

/** A percentage that is compared with a number of a ratio: 0.05 where 5 was meant. */
export const percentageAsRatio: RuleCheck = {
  id: 'percentage-as-ratio',
  run(linted) {
    if (linted.rule.kind === 'recording') return [];
    const words = wordsOf(linted);
    return thresholdsOf(linted.rule.expr).flatMap(({ node, side, op, threshold }) => {
      const ratio = ratioOf(side);
      if (ratio === null || Math.abs(ratio.scale - 100) > 1e-9 || threshold <= 0 || threshold >= 1 || saysPercent(words, threshold))
        return [];
      const meant = Number((threshold * 100).toPrecision(6));
      const said = saysPercent(words, meant);
      // Less than half a percent of free space is a threshold that people mean.
      if (!said && op.startsWith('<')) return [];
      return [
        {
          severity: said ? ('bug' as const) : ('warning' as const),
          at: inExpr(node),
          message: `this is a percentage, 0 to 100, and is compared with ${threshold}${said ? `, while the text says ${meant}%` : ''}: it is true from ${threshold} percent on`,
          fix: `Compare with ${meant}, or do not multiply by 100; if ${threshold}% is meant, say so in the text`,
        },
      ];
    });
  },
};
