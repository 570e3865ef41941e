import type { NativeHistogram, ResetHint, SparseBuckets } from '../series/native-histogram.ts';
import { isCustom, pairsOf } from './native-buckets.ts';
import { alignedTo, commonBounds, reachableThreshold, sameBounds, withBounds } from './native-layout.ts';

/** Whether the counters of a histogram began anew after the one before it. A hint is believed; without, any count that fell tells. */
export function detectsReset(current: NativeHistogram, previous: NativeHistogram): boolean {
  if (current.hint === 'reset') return true;
  if (current.hint === 'not_reset') return false;
  if (current.count < previous.count || isCustom(current) !== isCustom(previous)) return true;
  return isCustom(current) ? customFell(current, previous) : exponentialFell(current, previous);
}

function customFell(current: NativeHistogram, previous: NativeHistogram): boolean {
  if (sameBounds(current.customValues, previous.customValues)) return bucketFell(current.positive, previous.positive);
  const bounds = commonBounds([current, previous]);
  return bucketFell(withBounds(current, bounds).positive, withBounds(previous, bounds).positive);
}

/** Finer buckets or a narrower zero bucket cannot come from observing more. */
function exponentialFell(current: NativeHistogram, previous: NativeHistogram): boolean {
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  if (reachableThreshold(previous, current.zeroThreshold) !== current.zeroThreshold) return true;
  const comparable = alignedTo(previous, current.zeroThreshold, current.schema);
  return (
    current.zeroCount < comparable.zeroCount ||
    bucketFell(current.positive, comparable.positive) ||
    bucketFell(current.negative, comparable.negative)
  );
}

function bucketFell(current: SparseBuckets, previous: SparseBuckets): boolean {
  const now = new Map(pairsOf(current));
  return pairsOf(previous).some(([index, count]) => (now.get(index) ?? 0) < count);
}

/**
 * The hint with which Prometheus gives a stored histogram back: that counters were not reset is only certain within a chunk, and
 * whatever does not continue its predecessor begins a new one.
 */
export function storedHint(histogram: NativeHistogram, previous: NativeHistogram | null): ResetHint {
  if (histogram.hint === 'gauge') return 'gauge';
  if (previous === null || previous.hint === 'gauge' || histogram.hint === 'reset') return 'unknown';
  const { schema, zeroThreshold, customValues } = previous;
  if (histogram.schema !== schema || histogram.zeroThreshold !== zeroThreshold) return 'unknown';
  if (!sameBounds(histogram.customValues, customValues)) return 'unknown';
  return detectsReset({ ...histogram, hint: 'unknown' }, previous) ? 'unknown' : 'not_reset';
}

/** The hint of a histogram when the one read before it is known. */
export function resolvedHint(histogram: NativeHistogram, previous: NativeHistogram | null): ResetHint {
  if (histogram.hint !== 'unknown' || previous === null) return histogram.hint;
  return detectsReset(histogram, previous) ? 'reset' : 'not_reset';
}
