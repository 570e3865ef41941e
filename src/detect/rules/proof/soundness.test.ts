import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluateInstant } from '../../promql/evaluate.ts';
import { EvaluationError } from '../../promql/evaluation-error.ts';
import { parseExpr } from '../../promql/parser.ts';
import { PromqlError } from '../../promql/promql-error.ts';
import { SampleStore } from '../../promql/sample-store.ts';
import { parseSeriesDescription } from '../../promql/series-description.ts';
import { analyse } from './analyse.ts';
import { contains } from './value-set.ts';

/** Small expressions over two metrics and two labels: small enough that random input reaches every corner of them. */
const { expression } = fc.letrec<{ expression: string; vector: string; scalar: string; window: string }>((tie) => ({
  window: fc.oneof(
    fc.constantFrom('x[3m]', 'y{a="1"}[5m]', 'x{b!=""}[2m] offset 1m'),
    tie('vector').map((inner) => `(${inner})[3m:1m]`),
  ),
  scalar: fc.oneof(
    { maxDepth: 2 },
    { weight: 5, arbitrary: fc.constantFrom('0', '1', '2', '-1', '0.5', 'time()', 'NaN', '+Inf') },
    { weight: 1, arbitrary: tie('vector').map((inner) => `scalar(${inner})`) },
  ),
  vector: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'vector' },
    fc.constantFrom(
      'x',
      'y',
      'x{a="1"}',
      'x{a="2"}',
      'y{b!=""}',
      'y{a=~"1|2"}',
      'x{a="1",a!="1"}',
      'x{a="",b="1"}',
      'x offset 2m',
      'x @ 120',
      'minute()',
      'day_of_year(x)',
      'vector(1)',
      'vector(0)',
      'hour()',
    ),
    fc
      .tuple(
        fc.constantFrom('sum', 'count', 'min', 'max', 'avg', 'group', 'stddev'),
        fc.constantFrom('', 'by (a)', 'by (a, b)', 'without (a)'),
        tie('vector'),
      )
      .map(([op, grouping, inner]) => `${op} ${grouping} (${inner})`),
    fc
      .tuple(
        fc.constantFrom(
          'rate',
          'increase',
          'changes',
          'resets',
          'count_over_time',
          'sum_over_time',
          'avg_over_time',
          'max_over_time',
          'present_over_time',
          'absent_over_time',
          'last_over_time',
          'min_over_time',
          'stddev_over_time',
          'irate',
          'delta',
          'deriv',
        ),
        tie('window'),
      )
      .map(([name, window]) => `${name}(${window})`),
    fc
      .tuple(
        fc.constantFrom('topk(1, ', 'bottomk by (a) (2, ', 'limitk(1, ', 'quantile(0.5, ', 'quantile(2, ', 'count_values("b", ', 'stdvar('),
        tie('vector'),
      )
      .map(([head, inner]) => `${head}${inner})`),
    fc
      .tuple(fc.constantFrom('quantile_over_time(0.5, ', 'quantile_over_time(2, '), tie('window'))
      .map(([head, window]) => `${head}${window})`),
    tie('window').map((window) => `predict_linear(${window}, 60)`),
    tie('vector').map((inner) => `histogram_quantile(0.9, ${inner})`),
    fc
      .tuple(
        fc.constantFrom(
          'abs',
          'absent',
          'sgn',
          'sqrt',
          'exp',
          'floor',
          '-',
          'sort',
          'timestamp',
          'day_of_week',
          'month',
          'ceil',
          'histogram_count',
        ),
        tie('vector'),
      )
      .map(([name, inner]) => `${name}(${inner})`),
    fc
      .tuple(tie('vector'), fc.constantFrom('clamp_min', 'clamp_max'), tie('scalar'))
      .map(([inner, name, bound]) => `${name}(${inner}, ${bound})`),
    fc
      .tuple(tie('vector'), fc.constantFrom('a', 'b'), fc.constantFrom('1', '$1', ''))
      .map(([inner, label, to]) => `label_replace(${inner}, "${label}", "${to}", "a", "(.*)")`),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('>', '<', '>=', '<=', '==', '!=', '> bool', '== bool', '+', '-', '*', '/', '%'),
        tie('scalar'),
        fc.boolean(),
      )
      .map(([inner, op, scalar, first]) => (first ? `(${inner}) ${op} ${scalar}` : `${scalar} ${op} (${inner})`)),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('>', '<', '==', '!=', '== bool', '!= bool', '+', '-', '*', '/'),
        fc.constantFrom(
          '',
          'on (a)',
          'on ()',
          'ignoring (b)',
          'on (a) group_left ()',
          'on (a) group_right (b)',
          'ignoring (a) group_left ()',
        ),
        tie('vector'),
      )
      .map(([left, op, matching, right]) => `(${left}) ${op} ${matching} (${right})`),
    fc
      .tuple(tie('vector'), fc.constantFrom('and', 'or', 'unless'), fc.constantFrom('', 'on (a)', 'on ()', 'ignoring (b)'), tie('vector'))
      .map(([left, op, matching, right]) => `(${left}) ${op} ${matching} (${right})`),
  ),
  expression: tie('vector'),
}));

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('0', '1', '2', '-1', '3', '0.5', '5') },
  { weight: 1, arbitrary: fc.constantFrom('NaN', '+Inf', '-Inf', '_', 'stale', '1e308', '{{schema:0 sum:5 count:4 buckets:[1 2 1]}}') },
);
const series = fc
  .tuple(
    fc.constantFrom('x', 'y'),
    fc.constantFrom('', 'a="1"', 'a="2"', 'b="1"', 'a="1",b="1"', 'a="2",b="1"'),
    fc.array(value, { minLength: 7, maxLength: 7 }),
  )
  .map(([name, labels, values]) => `${name}{${labels}} ${values.join(' ')}`);
const input = fc.array(fc.uniqueArray(series, { maxLength: 8, selector: (text) => text.split(' ', 1)[0] }), {
  minLength: 12,
  maxLength: 12,
});

/** What an expression gives over some input; null when that is an error. */
function given(text: string, described: readonly string[]): readonly { readonly value: number; readonly isFloat: boolean }[] | null {
  const store = new SampleStore();
  for (const description of described) {
    const { labels, values } = parseSeriesDescription(description);
    store.addAll(labels, values, 0, 60_000);
  }
  try {
    const result = evaluateInstant(parseExpr(text), { queryable: store, atMs: 360_000 });
    return result.value.type === 'vector'
      ? result.value.samples.map((sample) => ({ value: sample.value, isFloat: !('histogram' in sample) }))
      : null;
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof PromqlError) return null;
    throw error;
  }
}

test('what is said of an expression holds for any input: it is never empty by proof and full in fact', () => {
  let proved = 0;
  fc.assert(
    fc.property(expression, input, (text, inputs) => {
      const facts = analyse(parseExpr(text));
      if (facts.empty !== null) proved++;
      for (const described of inputs) {
        for (const sample of given(text, described) ?? []) {
          expect(facts.empty, `${text} over ${described.join('; ')}`).toBeNull();
          if (!sample.isFloat) expect(facts.histograms, `${text} over ${described.join('; ')}`).toBe(true);
          else if (Number.isNaN(sample.value)) expect(facts.nan, `${text} over ${described.join('; ')}`).toBe(true);
          else expect(contains(facts.values, sample.value), `${text} gave ${sample.value} over ${described.join('; ')}`).toBe(true);
        }
      }
    }),
    { numRuns: Number(process.env['SOUNDNESS_RUNS'] ?? 400) },
  );
  expect(proved).toBeGreaterThan(10);
});
