import type { NativeHistogram, SparseBuckets } from '../series/native-histogram.ts';

/** Schema of histograms whose bucket bounds are listed one by one. */
export const customSchema = -53;

export const noBuckets: SparseBuckets = { indexes: [], counts: [] };

/** Whether a histogram lists its bounds. */
export function isCustom({ schema }: NativeHistogram): boolean {
  return schema === customSchema;
}

/** Buckets of index and count in any order; counts of the same index are added, empty buckets left out. */
export function sparseBuckets(pairs: Iterable<readonly [index: number, count: number]>): SparseBuckets {
  const byIndex = new Map<number, number>();
  for (const [index, count] of pairs) byIndex.set(index, (byIndex.get(index) ?? 0) + count);
  const populated = [...byIndex].filter(([, count]) => count !== 0).sort(([a], [b]) => a - b);
  return { indexes: populated.map(([index]) => index), counts: populated.map(([, count]) => count) };
}

/** Index and count of each bucket, ascending by index. */
export function pairsOf({ indexes, counts }: SparseBuckets): (readonly [index: number, count: number])[] {
  return indexes.map((index, at) => [index, counts[at] ?? 0] as const);
}

/** The upper bound of a bucket with positive observations. */
export function upperBound({ schema, customValues }: NativeHistogram, index: number): number {
  if (schema === customSchema) return index < 0 ? Number.NEGATIVE_INFINITY : (customValues[index] ?? Number.POSITIVE_INFINITY);
  const perPower = 2 ** schema;
  // The last bucket of finite numbers ends with the largest of them.
  if (index === 1_024 * perPower) return Number.MAX_VALUE;
  if (schema <= 0) return 2 ** (index / perPower);
  const power = Math.floor(index / perPower);
  return (boundsUpToOne[schema]?.[index - power * perPower] ?? Number.NaN) * 2 * 2 ** power;
}

/** By what a bound is more than the one before it, from schema 1 on. Upstream's first is one digit less than the root of 2. */
const growths = [Math.SQRT2 - Number.EPSILON, ...[2, 3, 4, 5, 6, 7, 8].map((schema) => 2 ** (2 ** -schema))];

/** The bounds from 0.5 (inclusive) to 1, by schema: every other one is that of the schema below, and those between are multiples of them. */
const boundsUpToOne: (readonly number[])[] = [[0.5]];
for (const growth of growths) boundsUpToOne.push((boundsUpToOne.at(-1) ?? []).flatMap((bound) => [bound, bound * growth]));

export type BucketKind = 'negative' | 'zero' | 'positive';

/** One populated bucket with its bounds. */
export interface NativeBucket {
  readonly kind: BucketKind;
  readonly index: number;
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

function populatedPairs(buckets: SparseBuckets): (readonly [index: number, count: number])[] {
  return pairsOf(buckets).filter(([, count]) => count !== 0);
}

/** A histogram without the empty buckets that it may list. */
export function compacted(histogram: NativeHistogram): NativeHistogram {
  const { positive, negative } = histogram;
  return { ...histogram, positive: sparseBuckets(pairsOf(positive)), negative: sparseBuckets(pairsOf(negative)) };
}

/** The populated buckets of a histogram from the lowest to the highest. */
export function nativeBuckets(histogram: NativeHistogram): NativeBucket[] {
  const { zeroThreshold, zeroCount, positive, negative } = histogram;
  const buckets: NativeBucket[] = populatedPairs(negative)
    .reverse()
    .map(([index, count]) => ({
      kind: 'negative',
      index,
      lower: -upperBound(histogram, index),
      upper: -upperBound(histogram, index - 1),
      count,
    }));
  if (zeroCount !== 0 && !isCustom(histogram))
    buckets.push({ kind: 'zero', index: 0, lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount });
  for (const [index, count] of populatedPairs(positive)) {
    buckets.push({ kind: 'positive', index, lower: upperBound(histogram, index - 1), upper: upperBound(histogram, index), count });
  }
  return buckets;
}

/** A bucket around zero next to buckets of one sign only is taken to hold nothing of the other sign. */
export function leaning({ positive, negative }: NativeHistogram, bucket: NativeBucket): NativeBucket {
  if (negative.indexes.length === 0 && positive.indexes.length > 0) return { ...bucket, lower: 0 };
  if (positive.indexes.length === 0 && negative.indexes.length > 0) return { ...bucket, upper: 0 };
  return bucket;
}
