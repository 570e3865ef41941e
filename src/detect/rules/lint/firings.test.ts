import { expect, test } from 'vitest';
import type { AlertingRule } from '../rule.ts';
import { parseRuleFile } from '../rule-file.ts';
import { countFirings } from './firings.ts';

function ruleWith(rest: string): AlertingRule {
  const [rule] = parseRuleFile(`groups: [{ name: g, rules: [{ alert: A, expr: a, ${rest} }] }]`, 'r.yml').groups[0]?.rules ?? [];
  if (rule?.kind !== 'alerting') throw new RangeError('no alert');
  return rule;
}

/** One element as a drawing: `X` where the expression has a value, one character a minute. */
function drawn(drawing: string) {
  return { times: [...drawing].flatMap((mark, minute) => (mark === 'X' ? [minute * 60_000] : [])) };
}

test.each([
  ['for: 0m', ['XXX.XX'], { alerts: 1, firings: 2, share: 5 / 6 }],
  ['for: 2m', ['XXX.XX'], { alerts: 1, firings: 1, share: 1 / 6 }],
  ['for: 3m', ['XXX.XX'], { alerts: 0, firings: 0, share: 0 }],
  ['keep_firing_for: 2m', ['XXX.XX'], { alerts: 1, firings: 1, share: 5 / 6 }],
  ['for: 1m', ['XX....', '...XX.'], { alerts: 2, firings: 2, share: 2 / 6 }],
  ['for: 0m', ['XX....', 'XX....'], { alerts: 2, firings: 2, share: 2 / 6 }],
  ['for: 0m', [], { alerts: 0, firings: 0, share: 0 }],
])('%s with %j', (rest, drawings, expected) => {
  expect(countFirings(ruleWith(rest), drawings.map(drawn), { stepMs: 60_000, steps: 6 })).toEqual(expected);
});
