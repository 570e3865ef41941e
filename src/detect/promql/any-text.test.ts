import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluateInstant, evaluateRange } from './evaluate.ts';
import { EvaluationError } from './evaluation-error.ts';
import { parseExpr } from './parser.ts';
import { printExpr } from './print.ts';
import { PromqlError } from './promql-error.ts';
import { SampleStore } from './sample-store.ts';
import { parseSeriesDescription } from './series-description.ts';
import { runTestScript } from './test-language.ts';
import { TestScriptError } from './test-script.ts';

const store = new SampleStore();
for (const text of [
  'a_total{x="1"} 0+3x30',
  'a_total{x="2"} 5 _ stale 7x20',
  'b{x="1",le="1"} 1+1x30',
  'b{x="1",le="+Inf"} 2+2x30',
  'h{x="1"} {{count:3 sum:4 buckets:[1 2]}}+{{count:3 sum:4 buckets:[1 2]}}x30',
]) {
  const { labels, values } = parseSeriesDescription(text);
  store.addAll(labels, values, 0, 60_000);
}

const scraps = [
  ...[
    'a_total',
    'b',
    'h',
    '{x="1"}',
    '{x=~"1|2"}',
    '[5m]',
    '[5m:1m]',
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    ',',
    ':',
    ' ',
    '\n',
    '#',
    '"x"',
    "'",
    '`',
    '\\',
  ],
  ...[
    '+',
    '-',
    '*',
    '/',
    '%',
    '^',
    '==',
    '!=',
    '</',
    '>/',
    '>',
    '<=',
    '=~',
    '!~',
    '@',
    ' and ',
    ' or ',
    ' unless ',
    ' atan2 ',
    ' bool ',
    ' offset 1m',
  ],
  ...[
    ' @ 300',
    ' @ end()',
    ' by (x)',
    ' without ()',
    ' on (x)',
    ' ignoring (x)',
    ' group_left (y)',
    ' fill (0)',
    ' anchored',
    ' smoothed',
    'sum',
    'topk',
  ],
  ...[
    'rate(',
    'histogram_quantile(0.9, ',
    'label_replace(',
    'info(',
    'vector(',
    'time()',
    'quantile_over_time(',
    'count_values("v", ',
    'absent(',
  ],
  ...['1', '1.5', '1e3', '0x1f', '5m', '1_0', 'Inf', 'NaN', 'é', '\ud83d', '\u0000', 'step()', 'min_of(1, 2)', '(a+)+$', 'a'.repeat(300)],
];
const anyQuery = fc.oneof(
  fc.array(fc.constantFrom(...scraps), { maxLength: 14 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 60 }),
);

/** The value, or null for an error that says what and where. */
function settled(query: string, run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof EvaluationError) return null;
    if (!(error instanceof PromqlError)) throw error;
    expect(error.message).not.toBe('');
    expect(error.start).toBeGreaterThanOrEqual(0);
    expect(error.end).toBeGreaterThanOrEqual(error.start);
    // Prometheus places a parenthesis too much behind itself.
    expect(error.start).toBeLessThanOrEqual(query.length + 1);
    return null;
  }
}

test('any text as a query is an error with its place, or a value', () => {
  fc.assert(
    fc.property(anyQuery, (query) => {
      settled(query, () => {
        const expr = parseExpr(query);
        const limits = { samplesMax: 100_000 };
        settled(query, () => evaluateInstant(expr, { queryable: store, text: query, atMs: 600_000, limits }));
        return evaluateRange(expr, { queryable: store, text: query, startMs: 0, endMs: 600_000, stepMs: 97_000, limits });
      });
    }),
    { numRuns: 2_000 },
  );
});

test('what parses is printed so that it parses to the same', () => {
  fc.assert(
    fc.property(anyQuery, (query) => {
      const printed = settled(query, () => printExpr(parseExpr(query)));
      if (typeof printed === 'string') expect(printExpr(parseExpr(printed))).toBe(printed);
    }),
    { numRuns: 2_000 },
  );
});

test('any text as a test script is an error with its line, or cases', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('load 1m\n', 'eval instant at 1m ', 'eval range from 0 to 5m step 1m ', 'clear\n', ''),
      anyQuery,
      (head, text) => {
        try {
          expect(Array.isArray(runTestScript(head + text))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(TestScriptError);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

test.each([
  ['nested parentheses', '('.repeat(50_000)],
  ['nested minuses', '-'.repeat(50_000)],
  ['nested brackets', 'x[5m'.repeat(20_000)],
  ['a long chain', `1${'^1'.repeat(40_000)}`],
  ['an expression of exponential cost elsewhere', `{x=~"${'(a*)*'.repeat(50)}b"}`],
])('%s ends soon', (_name, query) => {
  const startedAt = performance.now();
  settled(query, () => parseExpr(query));
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
