import { expect, test } from 'vitest';
import { parseRuleFile } from './rule-file.ts';
import { reachesOf } from './rule-reach.ts';

const minuteMs = 60_000;

test.each([
  ['alert: A\n        expr: up == 0', 0],
  ['alert: A\n        expr: rate(errors_total[5m]) > 0', 5],
  ['alert: A\n        expr: up offset 2m == 0', 2],
  ['alert: A\n        expr: max_over_time(rate(errors_total[5m])[10m:]) > 0', 15],
  ['alert: A\n        expr: errors:rate5m > 0', 5],
  ['alert: A\n        expr: avg_over_time(errors:rate5m:max[3m]) > 0', 8],
  ['alert: A\n        expr: loop > 0', 1],
])('%s reads %i minutes back', (rule, minutes) => {
  const text = `groups:
  - name: g
    rules:
      - record: errors:rate5m:max
        expr: max(errors:rate5m)
      - record: errors:rate5m
        expr: rate(errors_total[5m])
      - record: loop
        expr: loop + sum_over_time(loop[1m])
      - ${rule}
`;
  const rules = parseRuleFile(text, 'r.yml').groups[0]?.rules ?? [];
  const last = rules.at(-1);
  expect(last === undefined ? null : reachesOf(rules).get(last)).toBe(minutes * minuteMs);
});
