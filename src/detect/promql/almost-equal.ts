import type { NativeHistogram, SparseBuckets } from '../series/native-histogram.ts';
import { compacted } from './native-buckets.ts';
import { sameBounds } from './native-layout.ts';

/** Smallest normal double: below it, relative differences say nothing. */
const normalMin = 2.2250738585072014e-308;

/** Whether two floats are equal up to a relative difference. NaN equals NaN, infinities only themselves. */
export function almostEqual(a: number, b: number, tolerance: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < normalMin) return difference < tolerance * normalMin;
  return difference / Math.min(sum, Number.MAX_VALUE) < tolerance;
}

/** Whether two native histograms have the same layout and equal numbers up to a relative difference. Hints and empty buckets do not count. */
export function almostEqualHistograms(a: NativeHistogram, b: NativeHistogram, tolerance: number): boolean {
  const same = (x: number, y: number) => almostEqual(x, y, tolerance);
  const [left, right] = [compacted(a), compacted(b)];
  const sameBuckets = (x: SparseBuckets, y: SparseBuckets) =>
    sameBounds(x.indexes, y.indexes) && x.counts.every((count, at) => same(count, y.counts[at] ?? 0));
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    sameBounds(a.customValues, b.customValues) &&
    same(a.count, b.count) &&
    same(a.sum, b.sum) &&
    same(a.zeroCount, b.zeroCount) &&
    sameBuckets(left.positive, right.positive) &&
    sameBuckets(left.negative, right.negative)
  );
}
