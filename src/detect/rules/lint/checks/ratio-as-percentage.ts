import { selectorsOf, walk } from '../../../promql/ast.ts';
import { type Threshold, thresholdsOf } from '../comparison.ts';
import { type Ratio, ratioOf } from '../ratio.ts';
import { inExpr, type Remark, type RuleCheck, wordsOf } from '../rule-check.ts';

/** A ratio between 0 and 1 that is compared with a number of percent. */
export const ratioAsPercentage: RuleCheck = {
  id: 'ratio-as-percentage',
  run(linted) {
    if (linted.rule.kind === 'recording') return [];
    const words = wordsOf(linted);
    return thresholdsOf(linted.rule.expr).flatMap((threshold) => {
      const ratio = ratioOf(threshold.side);
      return ratio === null || ratio.scale !== 1 ? [] : judge(threshold, ratio, words);
    });
  },
};

function judge({ node, op, threshold }: Threshold, ratio: Ratio, words: string): readonly Remark[] {
  const above = op === '>' || op === '>=';
  const fix = `Multiply the ratio by 100, or compare with ${Number((threshold / 100).toPrecision(6))}`;
  if (ratio.isShare && above && (threshold > 1 || (threshold === 1 && op === '>'))) {
    const message = `this is a share of the whole, 1 at most, and is compared with ${threshold}: it looks like ${threshold} percent, and can never be true`;
    return [{ severity: 'bug', at: inExpr(node), message, fix }];
  }
  if (threshold <= 1 || ratio.isShare || isPercentAlready(ratio)) return [];
  if (saysPercent(words, threshold)) {
    const message = `the text says ${threshold}%, but the quotient is compared with ${threshold}, which is ${threshold * 100}%`;
    return [{ severity: 'warning', at: inExpr(node), message, fix }];
  }
  if (!ratio.looksLikeShare || !above) return [];
  const message = `failures divided by everything are 1 at most, unless they are not among what is counted below, and this is compared with ${threshold}: it looks like ${threshold} percent`;
  return [{ severity: 'warning', at: inExpr(node), message, fix }];
}

/** Whether a text says "5%" or "5 %" of a number. */
export function saysPercent(words: string, threshold: number): boolean {
  const number = String(threshold);
  for (let at = words.indexOf(number); at >= 0; at = words.indexOf(number, at + 1)) {
    const before = words[at - 1] ?? ' ';
    const after = words.slice(at + number.length, at + number.length + 2);
    if (!/[\d.]/.test(before) && /^ ?%/.test(after)) return true;
  }
  return false;
}

function isPercentAlready({ division }: Ratio): boolean {
  const hundred = [...walk(division)].some((node) => node.kind === 'number' && node.value === 100);
  return hundred || selectorsOf(division).some(({ metric }) => /percent|_pct/i.test(metric ?? ''));
}
