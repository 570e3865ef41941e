import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NativeHistogram } from '../series/native-histogram.ts';
import { addHistograms, equalHistograms, subtractHistograms } from './native-arithmetic.ts';
import { compacted, nativeBuckets } from './native-buckets.ts';
import { withSchema } from './native-layout.ts';
import { detectsReset } from './native-resets.ts';
import { nativeFraction, nativeQuantile } from './native-statistics.ts';
import { formatNativeHistogram, parseNativeHistogram } from './native-text.ts';
import { trimHistogram } from './native-trim.ts';

function read(text: string): NativeHistogram {
  return parseNativeHistogram(text).histogram;
}

const counts = fc.array(fc.nat(20), { maxLength: 8 });
const histograms = fc
  .record({
    schema: fc.integer({ min: -4, max: 8 }),
    positive: counts,
    negative: counts,
    zero: fc.nat(5),
    offset: fc.integer({ min: -9, max: 9 }),
  })
  .map(({ schema, positive, negative, zero, offset }) => {
    const count = [...positive, ...negative, zero].reduce((sum, each) => sum + each, 0);
    const buckets = `buckets:[${positive.join(' ')}] n_buckets:[${negative.join(' ')}]`;
    return read(`schema:${schema} count:${count} sum:${count} z_bucket:${zero} offset:${offset} ${buckets}`);
  });

test('a histogram is printed with its buckets from the lowest to the highest', () => {
  expect(formatNativeHistogram(read('count:6 sum:1.5 z_bucket:1 z_bucket_w:0.001 buckets:[1 0 2] n_buckets:[2]'))).toBe(
    '{count:6, sum:1.5, [-1,-0.5):2, [-0.001,0.001]:1, (0.5,1]:1, (2,4]:2}',
  );
  expect(formatNativeHistogram(read('schema:-53 count:3 custom_values:[5] buckets:[1 2]'))).toBe(
    '{count:3, sum:0, [-Inf,5]:1, (5,+Inf]:2}',
  );
});

test.each([
  ['schema:9', 'unknown histogram schema 9'],
  ['count:1 count:2', 'duplicate key "count"'],
  ['heads:2', 'unknown key "heads"'],
  ['buckets:[1 x]', 'buckets of a histogram is no number: "x"'],
  ['counter_reset_hint:maybe', 'unknown counter_reset_hint "maybe"'],
  ['count', 'unexpected "count"'],
])('%j is no histogram', (text, message) => {
  expect(() => parseNativeHistogram(text)).toThrow(message);
});

describe('whatever the buckets are', () => {
  test('adding and taking away again changes nothing, at the coarser resolution', () => {
    fc.assert(
      fc.property(histograms, histograms, (a, other) => {
        // Where a zero bucket takes in a part of what becomes one bucket, that part counts twice, as in Prometheus.
        const b = { ...other, zeroThreshold: a.zeroThreshold };
        const sum = addHistograms(a, b)?.histogram;
        const back = sum === undefined ? undefined : subtractHistograms(sum, b)?.histogram;
        const expected = compacted(withSchema(a, Math.min(a.schema, b.schema)));
        expect(back !== undefined && equalHistograms(back, expected)).toBe(true);
      }),
    );
  });

  test('coarser buckets hold as many observations', () => {
    fc.assert(
      fc.property(histograms, (histogram) => {
        const total = (of: NativeHistogram) => nativeBuckets(of).reduce((sum, { count }) => sum + count, 0);
        expect(total(withSchema(histogram, -4))).toBe(total(histogram));
      }),
    );
  });

  test('more observations are no reset, fewer are one', () => {
    fc.assert(
      fc.property(histograms, histograms, (a, b) => {
        const grown = addHistograms(a, withSchema({ ...b, schema: a.schema }, a.schema))?.histogram ?? a;
        expect(detectsReset(grown, a)).toBe(false);
        expect(detectsReset(a, grown)).toBe(grown.count > a.count);
      }),
    );
  });

  test('a quantile is where that share of the observations lies below', () => {
    fc.assert(
      fc.property(histograms, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (histogram, q) => {
        fc.pre(histogram.count > 0 && histogram.zeroCount === 0);
        const { value } = nativeQuantile(q, histogram);
        expect(nativeFraction(Number.NEGATIVE_INFINITY, value, histogram).value).toBeCloseTo(q, 6);
      }),
    );
  });

  test('what a cut leaves on both sides is the whole', () => {
    fc.assert(
      fc.property(histograms, fc.double({ min: -50, max: 50, noNaN: true }), (histogram, cut) => {
        // What was observed as exactly 0 stands on both sides of a cut at 0, as in Prometheus.
        fc.pre(cut !== 0 || histogram.zeroCount === 0);
        const { count: below } = trimHistogram(histogram, 'below', cut);
        const { count: above } = trimHistogram(histogram, 'above', cut);
        expect(below + above).toBeCloseTo(histogram.count, 6);
      }),
    );
  });
});
