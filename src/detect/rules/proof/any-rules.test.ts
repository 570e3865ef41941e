import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Exporters } from '../lint/exporter.ts';
import { lintRules } from '../lint/lint-rules.ts';
import { readExporter } from '../lint/read-exporter.ts';
import { parseRuleFile } from '../rule-file.ts';
import { proveAlerts } from './prove.ts';
import { proveDead } from './prove-dead.ts';
import { ruleShapes } from './rule-shapes.test-data.ts';

const catalog = new URL('../../../../catalog/exporters/', import.meta.url);
const exporters = new Exporters(readdirSync(catalog).map((name) => readExporter(readFileSync(new URL(name, catalog), 'utf8'))));
const surroundings = { exporters, scrapeIntervalMs: null, exposed: null, proveDead, isServed: null };

/** How much CPU time one rule may take on a slow machine under load: what is larger was not bounded by its work. */
const secondsMax = 20;

async function look(text: string): Promise<void> {
  const before = process.cpuUsage();
  const file = parseRuleFile(text, 'rules.yml');
  lintRules([{ file, text }], surroundings, () => true);
  for await (const { verdict } of proveAlerts({ text, groups: file.groups })) expect(verdict).toMatch(/^(fires|never-fires|unproven)$/);
  expect(process.cpuUsage(before).user / 1_000_000, text).toBeLessThan(secondsMax);
}

function ruleText(expr: string, forText: string): string {
  return `groups: [{ name: g, rules: [{ alert: A, expr: ${JSON.stringify(expr)}, for: ${forText}, annotations: { a: '{{ $labels.a }}' } }] }]\n`;
}

/** Parts of expressions, and what takes their place. */
const swaps: readonly (readonly [RegExp, readonly string[]])[] = [
  [/==|!=|>=|<=|>|</g, ['==', '!= bool', '>', '<=', '+', '-', '*', '/', '%', '^', 'atan2', '> bool']],
  [/\b\d+(\.\d+)?\b/g, ['0', '-1', '1e308', 'NaN', 'Inf', '-Inf', '1e-300', '9007199254740993']],
  [/\[\w+(:\w*)?\]/g, ['[1ms]', '[10y]', '[30d:1s]', '[1h:1ms]', '[1000d:1d]', '[5m:]']],
  [/\b(sum|count|min|max|avg)\b/g, ['group', 'stddev', 'topk(2,', 'count_values("v",', 'count', 'sum']],
  [/\b(rate|increase|delta|changes)\(/g, ['absent_over_time(', 'predict_linear(', 'resets(', 'histogram_quantile(0.9,', 'deriv(']],
  [/\b(and|or|unless)\b/g, ['and', 'or', 'unless', 'and on ()', '+ on () group_left ()', '- ignoring (job)']],
  [/"[^"]*"/g, ['""', '"("', '".*"', '"(a+)+$"', '"a|b|c"', '"\\\\"', '"[[:alpha:]]{1000}"', '"日本"']],
  [/\bby\b/g, ['without']],
];

const swap = fc.record({ kind: fc.nat(), place: fc.nat(), to: fc.nat() });
const mutated = fc
  .tuple(fc.constantFrom(...ruleShapes), fc.constantFrom(...ruleShapes), fc.array(swap, { minLength: 1, maxLength: 4 }), fc.nat(6))
  .map(([[forText, expr], [, other], changes, joined]) => {
    const joint = ['and', 'unless', '+ on ()', '> bool'][joined];
    const start = joint === undefined ? expr : `(${expr}) ${joint} (${other})`;
    return ruleText(changes.reduce(swapped, start), forText);
  });

function swapped(expr: string, { kind, place, to }: { readonly kind: number; readonly place: number; readonly to: number }): string {
  const [pattern, words] = swaps[kind % swaps.length] ?? [/^/g, ['']];
  const found = [...expr.matchAll(pattern)];
  const match = found[place % Math.max(1, found.length)];
  return match === undefined
    ? expr
    : `${expr.slice(0, match.index)}${words[to % words.length]}${expr.slice(match.index + match[0].length)}`;
}

test('rules that make no sense get a verdict and findings in bounded time, never an exception', async () => {
  await fc.assert(fc.asyncProperty(mutated, look), { numRuns: Number(process.env['RULE_FUZZ_RUNS'] ?? 25) });
}, 600_000);

test.each([
  ['a long sum', Array.from({ length: 2_000 }, (_, index) => `x${index}`).join(' + '), '0m'],
  ['a long choice', Array.from({ length: 250 }, (_, index) => `x${index} > 1`).join(' or '), '5m'],
  ['a long conjunction', Array.from({ length: 120 }, (_, index) => `x${index} > ${index}`).join(' and '), '5m'],
  ['many parentheses', `${'('.repeat(3_000)}x${')'.repeat(3_000)} > 1`, '0m'],
  ['many signs', `${'-'.repeat(2_000)}x > 1`, '0m'],
  ['subqueries of subqueries', `${'max_over_time('.repeat(40)}x${'[1h:1m])'.repeat(40)} > 1`, '0m'],
  ['a dense subquery over years', 'max_over_time(rate(x[5m])[5y:1s]) > 1', '1d'],
  ['a dense subquery of the clock', 'max_over_time(vector(time())[1000d:1s]) > 1 and on () hour() > 3', '0m'],
  ['a window of a millisecond beside one of a year', 'rate(x[1ms]) > avg_over_time(x[1y])', '1h'],
  ['a for of a century', 'stddev_over_time(x[1h]) > 3', '100y'],
  ['more series than a person reads', 'count(x) > 1e9', '0m'],
  ['a pattern with many choices', `x{a=~"${'(a|b|c)'.repeat(60)}(d+)+$"} > 1`, '0m'],
])(
  '%s is looked at in bounded time',
  async (_, expr, forText) => {
    await look(ruleText(expr, forText));
  },
  120_000,
);
