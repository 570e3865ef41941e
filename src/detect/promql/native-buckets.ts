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
  const exponent = index * 2 ** -schema;
  // The last bucket of finite numbers ends with the largest of them.
  return exponent === 1_024 ? Number.MAX_VALUE : 2 ** exponent;
}

export type BucketKind = 'negative' | 'zero' | 'positive';

/** One populated bucket with its bounds. */
export interface NativeBucket {
  readonly kind: BucketKind;
  readonly index: number;
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** The populated buckets of a histogram from the lowest to the highest. */
export function nativeBuckets(histogram: NativeHistogram): NativeBucket[] {
  const { zeroThreshold, zeroCount, positive, negative } = histogram;
  const buckets: NativeBucket[] = pairsOf(negative)
    .reverse()
    .map(([index, count]) => ({
      kind: 'negative',
      index,
      lower: -upperBound(histogram, index),
      upper: -upperBound(histogram, index - 1),
      count,
    }));
  if (zeroCount !== 0) buckets.push({ kind: 'zero', index: 0, lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount });
  for (const [index, count] of pairsOf(positive)) {
    buckets.push({ kind: 'positive', index, lower: upperBound(histogram, index - 1), upper: upperBound(histogram, index), count });
  }
  return buckets;
}

/** A zero bucket next to buckets of one sign only is taken to hold nothing of the other sign. */
export function leaningZero(histogram: NativeHistogram, bucket: NativeBucket): NativeBucket {
  if (bucket.kind !== 'zero') return bucket;
  const { positive, negative } = histogram;
  if (negative.indexes.length === 0 && positive.indexes.length > 0) return { ...bucket, lower: 0 };
  if (positive.indexes.length === 0 && negative.indexes.length > 0) return { ...bucket, upper: 0 };
  return bucket;
}
