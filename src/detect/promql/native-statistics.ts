import type { NativeHistogram } from '../series/native-histogram.ts';
import { KahanSum } from './kahan.ts';
import { isCustom, leaningZero, type NativeBucket, nativeBuckets } from './native-buckets.ts';

/** What observations of NaN, which lie in no bucket, do to a quantile. */
export type NanEffect = 'none' | 'result' | 'skew';

/** The q-quantile, interpolated within its bucket: exponentially, but linearly in the zero bucket and between custom bounds. */
export function nativeQuantile(q: number, histogram: NativeHistogram): { readonly value: number; readonly nan: NanEffect } {
  if (q < 0) return { value: Number.NEGATIVE_INFINITY, nan: 'none' };
  if (q > 1) return { value: Number.POSITIVE_INFINITY, nan: 'none' };
  if (histogram.count === 0 || Number.isNaN(q)) return { value: Number.NaN, nan: 'none' };
  const hasNan = Number.isNaN(histogram.sum);
  const forward = hasNan || q < 0.5;
  const rank = (forward ? q : 1 - q) * histogram.count;
  const { bucket, reached } = bucketAtRank(histogram, rank, forward);
  if (bucket === null || (hasNan && reached < rank)) return { value: Number.NaN, nan: hasNan ? 'result' : 'none' };
  const through = Math.min(reached, histogram.count);
  const within = forward ? rank - (through - bucket.count) : through - rank;
  return { value: quantileInBucket(histogram, bucket, within / bucket.count), nan: hasNan ? 'skew' : 'none' };
}

function bucketAtRank(histogram: NativeHistogram, rank: number, forward: boolean): { bucket: NativeBucket | null; reached: number } {
  const ascending = nativeBuckets(histogram);
  const buckets = forward ? ascending : ascending.reverse();
  let reached = 0;
  for (const bucket of buckets) {
    reached += bucket.count;
    if (reached >= rank) return { bucket, reached };
  }
  return { bucket: buckets.at(-1) ?? null, reached };
}

function quantileInBucket(histogram: NativeHistogram, bucket: NativeBucket, share: number): number {
  let { lower, upper } = leaningZero(histogram, bucket);
  if (isCustom(histogram)) {
    if (lower === Number.NEGATIVE_INFINITY) {
      if (upper <= 0) return upper;
      lower = 0;
    }
    if (upper === Number.POSITIVE_INFINITY) return lower;
  }
  if (isCustom(histogram) || bucket.kind === 'zero') return lower + (upper - lower) * share;
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * share);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - share)));
}

/** Which share of a bucket's observations is at most `value`, which lies inside of it. Buckets without end are not divided. */
export function shareBelow(histogram: NativeHistogram, { kind, lower, upper }: NativeBucket, value: number): number {
  if (kind === 'zero' || isCustom(histogram)) {
    if (upper === Number.POSITIVE_INFINITY) return 0;
    return lower === Number.NEGATIVE_INFINITY ? 1 : (value - lower) / (upper - lower);
  }
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  return (Math.log2(Math.abs(value)) - logLower) / (logUpper - logLower);
}

/** The buckets with the bounds that interpolation takes for them: the zero bucket leans, and a first custom bucket begins at zero. */
export function interpolatedBuckets(histogram: NativeHistogram): NativeBucket[] {
  return nativeBuckets(histogram).map((bucket) => {
    if (!isCustom(histogram)) return leaningZero(histogram, bucket);
    const { lower, upper } = bucket;
    return lower === Number.NEGATIVE_INFINITY && upper > 0 && Number.isFinite(upper) ? { ...bucket, lower: 0 } : bucket;
  });
}

/** Which share of the observations lies between two bounds; observations of NaN lie nowhere. */
export function nativeFraction(lower: number, upper: number, histogram: NativeHistogram): number {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const buckets = interpolatedBuckets(histogram);
  return (rankOf(histogram, buckets, upper) - rankOf(histogram, buckets, lower)) / histogram.count;
}

function rankOf(histogram: NativeHistogram, buckets: readonly NativeBucket[], value: number): number {
  let rank = 0;
  for (const bucket of buckets) {
    if (bucket.lower >= value) break;
    if (bucket.upper > value) {
      rank += bucket.count * shareBelow(histogram, bucket, value);
      break;
    }
    rank += bucket.count;
  }
  return Math.min(rank, histogram.count);
}

/** The value that stands for all observations of a bucket. */
export function middleOf(custom: boolean, { kind, lower, upper }: Pick<NativeBucket, 'kind' | 'lower' | 'upper'>): number {
  if (custom || kind === 'zero') return (lower + upper) / 2;
  const middle = Math.sqrt(lower * upper);
  return kind === 'negative' ? -middle : middle;
}

/** Population variance of the observations, each taken to lie in the middle of its bucket. */
export function nativeVariance(histogram: NativeHistogram): number {
  const mean = histogram.sum / histogram.count;
  const squares = new KahanSum();
  for (const bucket of nativeBuckets(histogram)) {
    const difference = middleOf(isCustom(histogram), bucket) - mean;
    squares.add(bucket.count * difference * difference);
  }
  return squares.total / histogram.count;
}
