import type { NativeHistogram } from '../series/native-histogram.ts';
import { exp2, log2 } from './go-exponential.ts';
import { KahanSum } from './kahan.ts';
import { isCustom, leaning, type NativeBucket, nativeBuckets } from './native-buckets.ts';

/** What observations of NaN, which lie in no bucket, do to a quantile. */
export type NanEffect = 'none' | 'result' | 'skew';

interface Quantile {
  readonly value: number;
  readonly nan: NanEffect;
}

function unaffected(value: number): Quantile {
  return { value, nan: 'none' };
}

/** The q-quantile, interpolated within its bucket: exponentially, but linearly in the zero bucket and between custom bounds. */
export function nativeQuantile(q: number, histogram: NativeHistogram): Quantile {
  if (q < 0) return unaffected(Number.NEGATIVE_INFINITY);
  if (q > 1) return unaffected(Number.POSITIVE_INFINITY);
  if (histogram.count === 0 || Number.isNaN(q)) return unaffected(Number.NaN);
  const ascending = statisticBuckets(histogram);
  const forward = Number.isNaN(histogram.sum) || q < 0.5;
  const rank = (forward ? q : 1 - q) * histogram.count;
  const { bucket, reached } = bucketAtRank(forward ? ascending : [...ascending].reverse(), rank);
  const bounded = quantileBounds(histogram, bucket);
  const { lower, upper } = bounded;
  if (isCustom(histogram)) {
    if (bucket.lower === Number.NEGATIVE_INFINITY && upper <= 0) return unaffected(upper);
    if (bucket.lower !== Number.NEGATIVE_INFINITY && upper === Number.POSITIVE_INFINITY) return unaffected(lower);
  }
  const through = Math.min(reached, histogram.count);
  if (through < rank) return Number.isNaN(histogram.sum) ? { value: Number.NaN, nan: 'result' } : unaffected(upper);
  const within = forward ? rank - (through - bucket.count) : through - rank;
  if (!Number.isNaN(histogram.sum)) return unaffected(valueInBucket(histogram, bounded, within));
  // Upstream goes on to the last bucket to count all observations, and has forgotten the one of the quantile by then.
  const last = ascending.at(-1) ?? bucket;
  const value = valueInBucket(histogram, last === bucket ? bounded : last, within);
  return { value, nan: lacksObservations(histogram, ascending) ? 'skew' : 'none' };
}

/** The value that a number of a bucket's observations is at most. */
function valueInBucket(histogram: NativeHistogram, { kind, lower, upper, count }: NativeBucket, observations: number): number {
  const share = observations / count;
  if (isCustom(histogram) || kind === 'zero') return lower + (upper - lower) * share;
  return exponentialQuantile(lower, upper, share);
}

/** The buckets of which statistics are made: observations taken away count as none in the zero bucket, into which no other bucket reaches. */
function statisticBuckets(histogram: NativeHistogram): NativeBucket[] {
  const { zeroThreshold } = histogram;
  return nativeBuckets(histogram)
    .filter(({ kind, count }) => kind !== 'zero' || count > 0)
    .map((bucket) => {
      if (bucket.lower > 0 && bucket.lower < zeroThreshold) return { ...bucket, lower: zeroThreshold };
      return bucket.upper < 0 && bucket.upper > -zeroThreshold ? { ...bucket, upper: -zeroThreshold } : bucket;
    });
}

const noBucket: NativeBucket = { kind: 'zero', index: 0, lower: 0, upper: 0, count: 0 };

function bucketAtRank(buckets: readonly NativeBucket[], rank: number): { bucket: NativeBucket; reached: number } {
  let reached = 0;
  for (const bucket of buckets) {
    reached += bucket.count;
    if (reached >= rank) return { bucket, reached };
  }
  return { bucket: buckets.at(-1) ?? noBucket, reached };
}

/** The bounds between which a quantile lies: the first custom bucket begins at zero, and the zero bucket leans. */
function quantileBounds(histogram: NativeHistogram, bucket: NativeBucket): NativeBucket {
  if (!isCustom(histogram)) return bucket.kind === 'zero' ? leaning(histogram, bucket) : bucket;
  return bucket.lower === Number.NEGATIVE_INFINITY ? { ...bucket, lower: 0 } : bucket;
}

function exponentialQuantile(lower: number, upper: number, share: number): number {
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  if (lower > 0) return exp2(logLower + (logUpper - logLower) * share);
  return -exp2(logUpper + (logLower - logUpper) * (1 - share));
}

/** Whether observations of NaN lie in no bucket. Infinite ones make the sum NaN, too, but have their buckets. */
function lacksObservations({ sum, count }: NativeHistogram, buckets: readonly NativeBucket[]): boolean {
  return Number.isNaN(sum) && observationsIn(buckets) < count;
}

function observationsIn(buckets: readonly NativeBucket[]): number {
  return buckets.reduce((total, bucket) => total + bucket.count, 0);
}

/** Which share of a bucket's observations is at most `value`, which lies inside of its finite bounds. */
export function shareBelow(isLinear: boolean, { lower, upper }: Pick<NativeBucket, 'lower' | 'upper'>, value: number): number {
  if (isLinear) return (value - lower) / (upper - lower);
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  const logValue = log2(Math.abs(value));
  return value > 0 ? (logValue - logLower) / (logUpper - logLower) : 1 - (logValue - logUpper) / (logLower - logUpper);
}

interface Fraction {
  readonly value: number;
  /** Observations of NaN lie in no bucket, and so in no fraction. */
  readonly lacksNan: boolean;
}

/** Which share of the observations lies between two bounds. */
export function nativeFraction(lower: number, upper: number, histogram: NativeHistogram): Fraction {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return { value: Number.NaN, lacksNan: false };
  if (lower >= upper) return { value: 0, lacksNan: false };
  const buckets = statisticBuckets(histogram);
  const all = Number.isNaN(histogram.sum) ? observationsIn(buckets) : histogram.count;
  const rank = (value: number) => rankOf(histogram, buckets, value, all);
  return { value: (rank(upper) - rank(lower)) / histogram.count, lacksNan: lacksObservations(histogram, buckets) };
}

function rankOf(histogram: NativeHistogram, buckets: readonly NativeBucket[], value: number, all: number): number {
  let rank = 0;
  for (const bucket of buckets) {
    const holdsZero = bucket.lower <= 0 && bucket.upper >= 0;
    const { lower, upper, count } = holdsZero ? leaning(histogram, bucket) : bucket;
    if (lower >= value) return Math.min(rank, all);
    if (upper > value) {
      // Below a bucket that begins at minus infinity there is nothing.
      if (lower === Number.NEGATIVE_INFINITY) return Math.min(count, all);
      return Math.min(rank + count * shareBelow(holdsZero || isCustom(histogram), { lower, upper }, value), all);
    }
    rank += count;
  }
  return all;
}

/** Population variance of the observations, each taken to lie in the middle of its bucket. */
export function nativeVariance(histogram: NativeHistogram): number {
  const mean = histogram.sum / histogram.count;
  const squares = new KahanSum();
  for (const bucket of statisticBuckets(histogram)) {
    const difference = middleOf(isCustom(histogram), bucket) - mean;
    squares.add(bucket.count * difference * difference);
  }
  return squares.total / histogram.count;
}

/** The value that stands for all observations of a bucket. */
function middleOf(custom: boolean, { kind, lower, upper }: NativeBucket): number {
  if (custom || kind === 'zero') return (upper + lower) / 2;
  const middle = Math.sqrt(upper * lower);
  return kind === 'negative' ? -middle : middle;
}
