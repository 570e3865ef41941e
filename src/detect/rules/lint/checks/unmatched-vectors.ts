import type { Mismatch } from '../label-flow.ts';
import { inExpr, type RuleCheck } from '../rule-check.ts';

/** An operator between two vectors of which no elements ever find each other. */
export const unmatchedVectors: RuleCheck = {
  id: 'unmatched-vectors',
  run({ rule, flow }) {
    flow.of(rule.expr);
    return flow.mismatches.map((mismatch) => ({
      severity: mismatch.certainty === 'demanded' ? ('bug' as const) : ('warning' as const),
      at: inExpr(mismatch.node),
      message: `no element of one side of ${mismatch.node.op} finds one of the other: ${why(mismatch)}`,
      fix: fixOf(mismatch),
    }));
  },
};

const words: Readonly<Record<Mismatch['certainty'], string>> = {
  demanded: 'always has',
  exported: 'has, as its exporter sets it,',
  scraped: 'has, as every scraped series does,',
};

function why({ label, on, certainty, loss, values }: Mismatch): string {
  if (values !== null) return `label ${label} is ${JSON.stringify(values[0])} on the left and ${JSON.stringify(values[1])} on the right`;
  const [here, there] = on === 'left' ? ['left', 'right'] : ['right', 'left'];
  return `the ${here} side ${words[certainty]} label ${label}, which on the ${there} side ${loss?.how ?? 'is missing'}`;
}

function fixOf({ node, label }: Mismatch): string {
  if (node.matching?.on) return `Match on labels that both sides have, without ${label}`;
  return `Keep ${label} on both sides, or match with on (…) or ignoring (${label})`;
}
