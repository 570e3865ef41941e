import type { NativeHistogram } from '../series/native-histogram.ts';
import { isCustom, type NativeBucket, sparseBuckets } from './native-buckets.ts';
import { interpolatedBuckets, middleOf, shareBelow } from './native-statistics.ts';

/** Which observations stay: those up to the cut (`</`) or those from it on (`>/`). */
export type TrimSide = 'below' | 'above';

/** A part of a bucket that is kept. */
interface Kept {
  readonly bucket: NativeBucket;
  readonly count: number;
  /** The value that stands for these observations. */
  readonly value: number;
}

/**
 * The observations on one side of a cut, buckets at the cut interpolated. The sum of what stays is estimated from the middles of the
 * buckets, but left alone when nothing goes.
 */
export function trimHistogram(histogram: NativeHistogram, side: TrimSide, cut: number): NativeHistogram {
  const buckets = interpolatedBuckets(histogram);
  const kept = buckets.map((bucket) => keptOf(histogram, bucket, side, cut));
  if (kept.every(({ count }, at) => Object.is(count, buckets[at]?.count))) return histogram;
  const ofKind = (kind: NativeBucket['kind']) => kept.filter(({ bucket }) => bucket.kind === kind);
  const pairs = (kind: NativeBucket['kind']) => sparseBuckets(ofKind(kind).map(({ bucket, count }) => [bucket.index, count] as const));
  return {
    ...histogram,
    count: kept.reduce((total, { count }) => total + count, 0),
    sum: kept.reduce((total, { count, value }) => (count === 0 ? total : total + count * value), 0),
    zeroCount: ofKind('zero')[0]?.count ?? 0,
    positive: pairs('positive'),
    negative: pairs('negative'),
  };
}

function keptOf(histogram: NativeHistogram, bucket: NativeBucket, side: TrimSide, cut: number): Kept {
  const { lower, upper, count } = bucket;
  const custom = isCustom(histogram);
  const whole = side === 'below' ? upper <= cut : lower >= cut;
  const none = side === 'below' ? lower >= cut : upper <= cut;
  if (none && !whole) return { bucket, count: 0, value: 0 };
  const part = whole ? bucket : side === 'below' ? { ...bucket, upper: cut } : { ...bucket, lower: cut };
  const endless = lower === Number.NEGATIVE_INFINITY || upper === Number.POSITIVE_INFINITY;
  if (custom && endless) return { bucket, count: whole || keepsEndless(bucket, side) ? count : 0, value: finiteEnd(part) };
  const below = whole ? 1 : shareBelow(histogram, bucket, cut);
  const share = whole || side === 'below' ? below : 1 - below;
  return { bucket, count: count * share, value: middleOf(custom, part) };
}

/** A bucket without end is not divided: it stays when the open end does. */
function keepsEndless({ lower, upper }: NativeBucket, side: TrimSide): boolean {
  if (side === 'below') return lower === Number.NEGATIVE_INFINITY && upper !== Number.POSITIVE_INFINITY;
  return lower !== Number.NEGATIVE_INFINITY && upper === Number.POSITIVE_INFINITY;
}

function finiteEnd({ lower, upper }: NativeBucket): number {
  return Number.isFinite(lower) ? lower : upper;
}
