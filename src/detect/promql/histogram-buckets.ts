import type { MonotonicityFix } from './annotations.ts';

/** A bucket of a classic histogram: how many observations were at most `upperBound`. */
export interface Bucket {
  readonly upperBound: number;
  readonly count: number;
}

/** Relative difference below which a count that falls is a rounding error. */
const smallDelta = 1e-12;

export interface QuantileAnswer {
  readonly value: number;
  /** Counts that fell from bucket to bucket had to be raised: the buckets were not read at one instant. null: there were none. */
  readonly fix: MonotonicityFix | null;
}

/** The q-quantile of a classic histogram, interpolated linearly in its bucket. NaN without an `+Inf` bucket or observations. */
export function bucketQuantile(q: number, unsorted: readonly Bucket[]): QuantileAnswer {
  const plain = (value: number): QuantileAnswer => ({ value, fix: null });
  if (Number.isNaN(q)) return plain(Number.NaN);
  if (q < 0) return plain(Number.NEGATIVE_INFINITY);
  if (q > 1) return plain(Number.POSITIVE_INFINITY);
  const sorted = coalesce(unsorted);
  if (sorted.at(-1)?.upperBound !== Number.POSITIVE_INFINITY) return plain(Number.NaN);
  const { buckets, fix } = monotonic(sorted);
  const observations = buckets.at(-1)?.count ?? 0;
  const value = buckets.length < 2 || observations === 0 ? Number.NaN : interpolate(q * observations, buckets);
  return { value, fix };
}

function interpolate(rank: number, buckets: readonly Bucket[]): number {
  const index = buckets.slice(0, -1).findIndex(({ count }) => count >= rank);
  if (index < 0) return buckets.at(-2)?.upperBound ?? Number.NaN;
  const { upperBound, count } = buckets[index] ?? { upperBound: Number.NaN, count: Number.NaN };
  if (index === 0 && upperBound <= 0) return upperBound;
  const below = buckets[index - 1] ?? { upperBound: 0, count: 0 };
  return below.upperBound + (upperBound - below.upperBound) * ((rank - below.count) / (count - below.count));
}

/** Which share of the observations lies between two bounds. */
export function bucketFraction(lower: number, upper: number, unsorted: readonly Bucket[]): number {
  const buckets = coalesce(unsorted);
  const last = buckets.at(-1);
  if (last?.upperBound !== Number.POSITIVE_INFINITY || last.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  return (rankOf(upper, buckets, last.count) - rankOf(lower, buckets, last.count)) / last.count;
}

/** How many observations of `all` are estimated to be below a value. As upstream, counts that fall from bucket to bucket are not mended. */
function rankOf(value: number, buckets: readonly Bucket[], all: number): number {
  let below: Bucket = { upperBound: (buckets[0]?.upperBound ?? 0) > 0 ? 0 : Number.NEGATIVE_INFINITY, count: 0 };
  for (const bucket of buckets) {
    if (below.upperBound >= value) return Math.min(below.count, all);
    if (bucket.upperBound > value) return Math.min(between(value, below, bucket), all);
    below = bucket;
  }
  return all;
}

function between(value: number, below: Bucket, bucket: Bucket): number {
  if (below.upperBound === Number.NEGATIVE_INFINITY) return bucket.count;
  if (bucket.upperBound === Number.POSITIVE_INFINITY) return below.count;
  return below.count + ((bucket.count - below.count) * (value - below.upperBound)) / (bucket.upperBound - below.upperBound);
}

/** Sorted by bound; counts of equal bounds added (they come from different writings of a number). */
function coalesce(unsorted: readonly Bucket[]): Bucket[] {
  const sorted = [...unsorted].sort((a, b) => (a.upperBound < b.upperBound ? -1 : a.upperBound > b.upperBound ? 1 : 0));
  const result: Bucket[] = [];
  for (const bucket of sorted) {
    const last = result.at(-1);
    if (last?.upperBound === bucket.upperBound) result[result.length - 1] = { ...bucket, count: last.count + bucket.count };
    else result.push(bucket);
  }
  return result;
}

function monotonic(buckets: readonly Bucket[]): { buckets: Bucket[]; fix: MonotonicityFix | null } {
  let highest = buckets[0]?.count ?? 0;
  let fix: MonotonicityFix | null = null;
  const fixed = buckets.map(({ upperBound, count }) => {
    if (almostEqual(highest, count)) return { upperBound, count: highest };
    if (count < highest) {
      fix = {
        leastBound: fix?.leastBound ?? upperBound,
        greatestBound: upperBound,
        greatestDifference: Math.max(fix?.greatestDifference ?? 0, highest - count),
      };
      return { upperBound, count: highest };
    }
    highest = count;
    return { upperBound, count };
  });
  return { buckets: fixed, fix };
}

function almostEqual(a: number, b: number): boolean {
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  return Math.abs(a - b) / Math.min(sum, Number.MAX_VALUE) < smallDelta;
}
