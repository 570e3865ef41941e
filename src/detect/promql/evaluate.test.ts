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

describe('a name that a function dropped', () => {
  const queryable = storeOf('a{job="x"} 3', 'b{job="x"} 1');
  const ask = (text: string, namesReturn?: boolean) =>
    evaluateInstant(parseExpr(text), { queryable, atMs: 0, ...(namesReturn === undefined ? {} : { namesReturn }) }).value;

  test.each([
    ['abs(a) > b', { job: 'x' }, { __name__: 'a', job: 'x' }],
    ['count_values by (__name__) ("value", abs(a))', { value: '3' }, { __name__: 'a', value: '3' }],
  ])('stays away in %s, as in a server, and returns as in the test language', (text, labels, returned) => {
    expect(ask(text)).toMatchObject({ samples: [{ labels }] });
    expect(ask(text, false)).not.toMatchObject({ samples: [{ labels: { __name__: 'a' } }] });
    expect(ask(text, true)).toMatchObject({ samples: [{ labels: returned }] });
  });
});
