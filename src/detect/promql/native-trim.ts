import type { NativeHistogram } from '../series/native-histogram.ts';
import { isCustom, leaning, type NativeBucket, nativeBuckets, sparseBuckets } from './native-buckets.ts';
import { shareBelow } from './native-statistics.ts';

/** Which observations stay: those up to the cut (`</`) or those from it on (`>/`). */
export type TrimSide = 'below' | 'above';

/** The part of a bucket's observations that stays. */
interface Kept {
  readonly count: number;
  /** The value that stands for them. */
  readonly value: number;
}

const nothing: Kept = { count: 0, value: 0 };

/**
 * The observations on one side of a cut, buckets at the cut interpolated. The sum of what stays is estimated from the middles of the
 * buckets, but left alone when nothing goes.
 */
export function trimHistogram(histogram: NativeHistogram, side: TrimSide, cut: number): NativeHistogram {
  const buckets = nativeBuckets(histogram);
  const custom = isCustom(histogram);
  const trimmed = (bucket: NativeBucket) => ({
    bucket,
    ...(bucket.kind === 'zero' ? ofZero(histogram, bucket, side, cut) : ofOther(custom, bucket, side, cut)),
  });
  const ofKind = (kind: NativeBucket['kind']) => buckets.filter((bucket) => bucket.kind === kind).map(trimmed);
  const [positive, negative] = [ofKind('positive'), ofKind('negative').reverse()];
  const zero = histogram.zeroCount > 0 ? ofKind('zero') : [];
  // Upstream adds up in this order.
  const all = [...positive, ...negative, ...zero];
  if (all.every(({ bucket, count }) => count === bucket.count)) return histogram;
  return {
    ...histogram,
    count: all.reduce((total, { count }) => total + count, 0),
    sum: all.reduce((total, { count, value }) => total + value * count, 0),
    zeroCount: zero[0]?.count ?? histogram.zeroCount,
    positive: sparseBuckets(positive.map(({ bucket, count }) => [bucket.index, count] as const)),
    negative: sparseBuckets(negative.map(({ bucket, count }) => [bucket.index, count] as const)),
  };
}

function ofOther(custom: boolean, bucket: NativeBucket, side: TrimSide, cut: number): Kept {
  const { lower, upper, count } = bucket;
  if (side === 'below' ? upper <= cut : lower >= cut) return { count, value: middleOf(custom, bucket) };
  const isCut = side === 'below' ? lower < cut : upper > cut;
  if (!isCut) return nothing;
  if (lower === Number.NEGATIVE_INFINITY || upper === Number.POSITIVE_INFINITY) return ofEndless(bucket, side, cut);
  const below = count * shareBelow(custom, bucket, cut);
  if (side === 'below') return { count: below, value: middleOf(custom, { ...bucket, upper: cut }) };
  return { count: count - below, value: middleOf(custom, { ...bucket, lower: cut }) };
}

/** A bucket without end cannot be divided, unless it is the first one, which is taken to begin at zero: all of it stays or goes. */
function ofEndless({ lower, upper, count }: NativeBucket, side: TrimSide, cut: number): Kept {
  if (lower !== Number.NEGATIVE_INFINITY) return side === 'above' ? { count, value: cut } : nothing;
  const hasEnd = upper !== Number.POSITIVE_INFINITY;
  if (side === 'above') return hasEnd && cut >= 0 ? { count: count * (1 - cut / upper), value: (cut + upper) / 2 } : nothing;
  if (hasEnd && cut > 0 && upper > 0) return { count: (count * cut) / upper, value: cut / 2 };
  return upper <= 0 ? { count, value: cut } : nothing;
}

function ofZero(histogram: NativeHistogram, bucket: NativeBucket, side: TrimSide, cut: number): Kept {
  const { lower, upper, count } = leaning(histogram, bucket);
  const whole = { count, value: (lower + upper) / 2 };
  if (cut <= lower) return side === 'below' ? nothing : whole;
  if (cut >= upper) return side === 'below' ? whole : nothing;
  if (side === 'below') return { count: count * ((cut - lower) / (upper - lower)), value: (lower + cut) / 2 };
  return { count: count * ((upper - cut) / (upper - lower)), value: (cut + upper) / 2 };
}

/** The value that stands for all observations between two bounds. */
function middleOf(custom: boolean, { kind, lower, upper }: NativeBucket): number {
  if (lower === Number.NEGATIVE_INFINITY) {
    if (upper === Number.POSITIVE_INFINITY) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (upper === Number.POSITIVE_INFINITY) return lower;
  if (custom) return (lower + upper) / 2;
  const middle = Math.sqrt(Math.abs(lower * upper));
  return kind === 'negative' ? -middle : middle;
}
