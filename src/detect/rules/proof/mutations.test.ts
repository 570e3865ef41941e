import { expect, test } from 'vitest';
import { parseRuleFile } from '../rule-file.ts';
import { proveAlerts } from './prove.ts';

/** The verdict on the last alert of some rules. */
async function verdictOf(...rules: readonly (readonly [name: string, expr: string])[]): Promise<string | undefined> {
  const body = rules.map(([name, expr]) => {
    const [kind, plain] = name.startsWith('record:') ? ['record', name.slice(7)] : ['alert', name];
    return `      - { ${kind}: ${JSON.stringify(plain)}, expr: ${JSON.stringify(expr)} }\n`;
  });
  const text = `groups:\n  - name: g\n    rules:\n${body.join('')}`;
  const { groups, problems } = parseRuleFile(text, 'rules.yml');
  expect(problems).toEqual([]);
  let last: string | undefined;
  for await (const { verdict } of proveAlerts({ text, groups })) last = verdict;
  return last;
}

/** Conditions that nothing satisfies, each with changes that look as if they did not matter. */
test.each([
  [
    'count(up) by (job) == 0',
    '(count(up) by (job) or vector(0)) == 0',
    'count(up) by (job) >= 1',
    '(count(up) == bool 0) == 0',
    'count(up) by (job) == 1',
  ],
  ['count(up == 1) < 1', 'count(up == 1) or vector(0) < 1', 'absent(up == 1)', 'up unless (count(up == 1) < 1)', 'count(up == 1) <= 1'],
  [
    'sum(up == 0) > 0',
    'count(up == 0) > 0',
    'sum(up == bool 0) > 0',
    'sum(up == 0) >= 0',
    'sum(up != 0) > 0',
    'sum(up == 0 or up == 1) > 0',
  ],
  ['group by (job) (up) != 1', 'group by (job) (up) != 2', 'sum by (job) (up) != 1'],
  ['0 == count(x)', '1 == count(x)', '0 < count(x)', '0 == bool count(x)'],
  ['absent(x) > 1', 'absent(x) >= 1', 'absent(x) + absent(y) > 1', '(absent(x) or x) > 1'],
  ['present_over_time(x[5m]) == 0', 'present_over_time(x[5m]) == 1', 'last_over_time(x[5m]) == 0', 'present_over_time(x[5m]) == bool 0'],
  ['count_over_time(x[5m]) == 0', 'sum_over_time(x[5m]) == 0', 'count_over_time(x[5m]) != 0', 'absent_over_time(x[5m])'],
  ['changes(x[5m]) < 0', 'delta(x[5m]) < 0', 'changes(x[5m]) <= 0', '-changes(x[5m]) < 0'],
  [
    'x > 5 and x < 3',
    'x > 5 or x < 3',
    'x > 5 unless x < 3',
    'x > 5 and x offset 5m < 3',
    'x > 5 and on () x < 3',
    'x > 3 and x < 5',
    'x > 5 and -x < 3',
  ],
  ['x > 5 < 3', 'x > 3 < 5', '(x > bool 5) < 3', 'x > (5 < bool 3)'],
  ['hour() > 23', 'hour() > 22', 'minute() > 23', 'hour(x) > 22', 'hour() + 1 > 23'],
  ['day_of_week() == 7', 'day_of_week() == 6', 'day_of_month() == 7', 'day_of_week() != 7'],
  ['month() == 13 and on () up == 0', 'month() == 12 and on () up == 0', 'up == 0 unless on () month() == 13'],
  ['clamp_max(x, 1) > 1', 'clamp_max(x, 1) >= 1', 'clamp_min(x, 1) > 1', 'sum(clamp_max(x, 1)) > 1'],
  ['abs(x) < 0', 'abs(x) <= 0', 'abs(x) - 1 < 0', 'x < 0'],
  ['sgn(x) > 1', 'sgn(x) >= 1', 'sum(sgn(x)) > 1'],
  ['sum(up > bool 5) < 0', 'sum(up > bool 5) <= 0', 'sum(up > bool 5) - 1 < 0'],
  ['x{a="1",a="2"}', 'x{a="1",a=~"1|2"}', 'x{a="1"} or x{a="2"}', 'x{a!="1",a!="2"}'],
  ['x{a=~"b|c",a="d"} > 0', 'x{a=~"b|d",a="d"} > 0', 'x{a=~"b|c",a!="c"} > 0', 'x{a=~"b|c|",a=""} > 0'],
  ['x / on (a) y{a=""} > x{a="1"}', 'x / on (a) y{a=""} > on () x{a="1"}'],
  [
    'sum by (job) (x) / on (instance) y{instance="a"} > 0',
    'sum by (job) (x) / on (job) y{instance="a"} > 0',
    'sum by (instance) (x) / on (instance) y{instance="a"} > 0',
    'sum by (job) (x) / on (job) group_left (instance) y{instance="a"} > 0',
    'sum by (job) (x) unless on (instance) y{instance="a"}',
  ],
  [
    '(a / ignoring (k) b{k="m"} > 1) and b{k="m"} > 0',
    '(a / ignoring (k) b{k="m"} > 1) and ignoring (k) b{k="m"} > 0',
    'a{k="m"} / b{k="m"} > 1 and b{k="m"} > 0',
  ],
  [
    'sum without (a) (x{a="1"}) and y{a="1"}',
    'sum without (b) (x{a="1"}) and y{a="1"}',
    'sum without (a) (x{a="1"}) and ignoring (a) y{a="1"}',
  ],
  [
    'label_replace(sum by (b) (x), "c", "$1", "b", "(.*)") * on (a) group_left () y{a="1"} > 0',
    'label_replace(sum by (b) (x), "a", "$1", "b", "(.*)") * on (a) group_left () y{a="1"} > 0',
  ],
  ['x > NaN', 'x != NaN', 'x > bool NaN', '(x > NaN) or x'],
  ['x > +Inf', 'x >= +Inf', 'x < +Inf', 'x > -Inf'],
  ['max_over_time((x > 5)[10m:1m]) < 3', 'min_over_time((x > 3)[10m:1m]) < 5', 'changes((x > 5)[10m:1m]) < 3', 'max_over_time(x[10m]) < 3'],
  [
    'x{stadt="K\u00f6ln \\"S\u00fcd\\"", stadt=""}',
    'x{stadt="K\u00f6ln \\"S\u00fcd\\""} > 0',
    '{"http.requests", "service.name"="a\\"b"} > 5',
  ],
])('%s never fires; with a small change it does', async (dead, ...alive) => {
  expect(await verdictOf(['A', dead])).toBe('never-fires');
  for (const expr of alive) expect(await verdictOf(['A', expr]), expr).toBe('fires');
});

/** What no set of values tells: no verdict of "never" may come from what the parts are usually like. */
test.each([
  'up > 1',
  'rate(x_total[5m]) < 0',
  'histogram_quantile(0.99, sum by (job) (rate(x_bucket[5m]))) > 1',
  'sum(rate(x{code="5xx"}[5m])) / sum(rate(x[5m])) > 5',
  'count(x) % 2 == 0',
  'vector(scalar(count(x))) == 0',
  'x == x + 1',
  'x / x > 1',
  'x - x > 0',
  'predict_linear(x[1h], 3600) < 0 and x > 0',
  'x @ 0 > 5 and x < 5',
  'x offset -5m > 1',
  'quantile(2, x) < 10',
  'stddev(x) < 0',
  // Means are rounded.
  'avg(x > bool 1) > 1',
  'vector(time()) < 0',
  'x > y and x < y',
  'topk(1, x) < bottomk(1, x)',
  'count_values("v", x) < 2',
  'day_of_year() > 365',
  'sum by (job) (x) / on (job) group_left (instance) y{instance=""} > 0',
])('%s is not called dead', async (expr) => {
  expect(await verdictOf(['A', expr])).not.toBe('never-fires');
});

test('an alert on what a rule of the same file records fires with the recorded series, or with what it is made of', async () => {
  const record = ['record:job:x:rate5m', 'sum by (job) (rate(x_total[5m]))'] as const;
  expect(await verdictOf(record, ['A', 'job:x:rate5m > 5'])).toBe('fires');
  expect(await verdictOf(record, ['A', 'job:x:rate5m{job="a"} > 5 unless on (job) x_total > 1e9'])).toBe('fires');
  expect(await verdictOf(record, ['A', 'absent(job:x:rate5m)'])).toBe('fires');
  expect(await verdictOf(['record:none', 'count(x) == 0'], ['A', 'none or up == 0'])).toBe('fires');
  expect(await verdictOf(['B', 'x > 1'], ['A', 'ALERTS{alertname="B"} == 1'])).toBe('fires');
});
