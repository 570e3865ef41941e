import { describe, expect, test } from 'vitest';
import { evaluateInstant, evaluateRange } from './evaluate.ts';
import { parseExpr } from './parser.ts';
import { SampleStore } from './sample-store.ts';
import { parseSeriesDescription } from './series-description.ts';

const minuteMs = 60_000;

function storeOf(...series: readonly string[]): SampleStore {
  const store = new SampleStore();
  for (const text of series) {
    const { labels, values } = parseSeriesDescription(text);
    store.addAll(labels, values, 0, minuteMs);
  }
  return store;
}

describe('edges of windows', () => {
  const queryable = storeOf('a 1 2 3 4 5 6');

  test.each([
    ['count_over_time(a[3m])', 3 * minuteMs, 3],
    ['count_over_time(a[3m1ms])', 3 * minuteMs, 4],
    ['a', 10 * minuteMs - 1, 6],
    ['sum_over_time(a[2m:1m])', 4 * minuteMs, 9],
  ])('%s at %i ms is %i', (text, atMs, expected) => {
    const { value } = evaluateInstant(parseExpr(text), { queryable, atMs });
    expect(value).toMatchObject({ type: 'vector', samples: [{ value: expected }] });
  });

  test('a sample exactly as old as the lookback window is too old', () => {
    expect(evaluateInstant(parseExpr('a'), { queryable, atMs: 10 * minuteMs }).value).toMatchObject({ samples: [] });
    expect(evaluateInstant(parseExpr('a'), { queryable, atMs: 10 * minuteMs, lookbackMs: 301_000 }).value).toMatchObject({
      samples: [{ value: 6 }],
    });
  });
});

describe('limits', () => {
  const queryable = storeOf('a 0+1x1000');

  test('too many samples', () => {
    const run = () =>
      evaluateInstant(parseExpr('sum_over_time(a[1000m])'), { queryable, atMs: 1_000 * minuteMs, limits: { samplesMax: 100 } });
    expect(run).toThrow('query processing would load too many samples into memory in query execution (limit 100)');
  });

  test('too many steps', () => {
    const run = () => evaluateRange(parseExpr('a'), { queryable, startMs: 0, endMs: 1e9, stepMs: 1 });
    expect(run).toThrow('range of 1000000001 steps, limit 11000: make the step longer or the range shorter');
  });

  test('a subquery with a tiny step ends with the time it was given', () => {
    const run = () =>
      evaluateInstant(parseExpr('count_over_time(vector(1)[1y:1ms])'), { queryable, atMs: 0, limits: { expired: () => true } });
    expect(run).toThrow('query timed out in expression evaluation');
  });

  test('no step is no query', () => {
    expect(() => evaluateRange(parseExpr('a'), { queryable, startMs: 0, endMs: 1, stepMs: 0 })).toThrow(
      'step of 0 ms: must be greater than 0',
    );
    expect(() => evaluateRange(parseExpr('a[1m]'), { queryable, startMs: 0, endMs: 1, stepMs: 1 })).toThrow(
      'invalid expression type "range vector" for range query',
    );
  });
});

test('labels are only labels, whatever they are called', () => {
  const queryable = storeOf('a{__proto__="x",constructor="y"} 1', 'b{__proto__="x",constructor="y"} 2');
  const { value } = evaluateInstant(parseExpr('sum by (constructor) (a + on(__proto__, constructor) b)'), { queryable, atMs: 0 });
  expect(value).toMatchObject({ samples: [{ value: 3, labels: { constructor: 'y' } }] });
  expect(evaluateInstant(parseExpr('a{toString=""}'), { queryable, atMs: 0 }).value).toMatchObject({ samples: [{ value: 1 }] });
});

/** What promtool 2.42 and 3.15 say, the latter without and with --enable-feature=promql-delayed-name-removal. */
describe('names that operations drop', () => {
  const queryable = storeOf('a_total{job="x"} 0+60x20', 'limit{job="x"} 0x20');

  test.each([
    ['label_replace(rate(a_total[5m]), "was", "$1", "__name__", "(.+)")', [{ job: 'x' }], [{ job: 'x', was: 'a_total' }]],
    ['rate(a_total[5m]) and on (__name__) a_total', [], [{ job: 'x' }]],
    ['sum by (__name__) (rate(a_total[5m]))', [{}], [{}]],
    ['max_over_time(a_total[5m]) > limit', [{ job: 'x' }], [{ __name__: 'a_total', job: 'x' }]],
    ['last_over_time(a_total[5m])', [{ __name__: 'a_total', job: 'x' }], [{ __name__: 'a_total', job: 'x' }]],
  ])('%s is %j, and %j where they are removed at the end', (text, usual, delayed) => {
    const labelsWith = (delayedNameRemoval: boolean) => {
      const { value } = evaluateInstant(parseExpr(text), { queryable, atMs: 10 * minuteMs, delayedNameRemoval });
      return value.type === 'vector' ? value.samples.map(({ labels }) => Object.fromEntries(Object.entries(labels))) : value;
    };
    expect([labelsWith(false), labelsWith(true)]).toEqual([usual, delayed]);
  });

  test('two metrics that become one are an error', () => {
    const two = storeOf('a_total{job="x"} 0+60x20', 'b_total{job="x"} 0+60x20');
    const options = { queryable: two, atMs: 10 * minuteMs };
    const text = 'rate({__name__=~".+_total"}[5m])';
    expect(() => evaluateInstant(parseExpr(text), options)).toThrow('vector cannot contain metrics with the same labelset');
    expect(() => evaluateInstant(parseExpr(`${text} > 0`), options)).toThrow('vector cannot contain metrics with the same labelset');
  });
});
