import type { NativeHistogram, ResetHint, SparseBuckets } from '../series/native-histogram.ts';
import { isCustom, noBuckets, pairsOf, sparseBuckets, upperBound } from './native-buckets.ts';

/** Histograms brought to one layout, so that their buckets can be put together index by index. */
export interface SameLayout {
  readonly histograms: readonly NativeHistogram[];
  /** The hint of what is made of all of them. */
  readonly hint: ResetHint;
  /** One says that counters were reset, another that they were not. */
  readonly conflictingResets: boolean;
  /** Custom bounds differed; only the common ones are left. */
  readonly boundsReconciled: boolean;
}

/** Brings histograms to the coarsest of their layouts; null when some list their bounds and others do not. */
export function sameLayout(histograms: readonly NativeHistogram[]): SameLayout | null {
  const [first] = histograms;
  if (first === undefined || histograms.some((histogram) => isCustom(histogram) !== isCustom(first))) return null;
  const { hint, conflictingResets } = commonHint(histograms);
  if (isCustom(first)) {
    const boundsReconciled = histograms.some(({ customValues }) => !sameBounds(customValues, first.customValues));
    const bounds = boundsReconciled ? commonBounds(histograms) : first.customValues;
    return { histograms: histograms.map((each) => withBounds(each, bounds)), hint, conflictingResets, boundsReconciled };
  }
  return { histograms: alignedOneByOne(histograms), hint, conflictingResets, boundsReconciled: false };
}

/** Exponential histograms in the layout that they come to when one after the other is put to those before it. */
function alignedOneByOne([first, ...others]: readonly NativeHistogram[]): readonly NativeHistogram[] {
  let aligned = first === undefined ? [] : [first];
  for (const other of others) {
    const { schema, zeroThreshold } = aligned[0] ?? other;
    if (other.schema !== schema || other.zeroThreshold !== zeroThreshold) {
      const threshold = commonThreshold([...aligned, other]);
      const coarser = Math.min(schema, other.schema);
      aligned = aligned.map((each) => withSchema(withZeroThreshold(each, threshold), coarser));
      aligned.push(alignedTo(other, threshold, coarser));
    } else aligned.push(other);
  }
  return aligned;
}

/**
 * A histogram in a coarser layout, as upstream adds it to another one: where the zero bucket takes in a part of what becomes one bucket,
 * that part counts in both.
 */
export function alignedTo(histogram: NativeHistogram, threshold: number, schema: number): NativeHistogram {
  const widened = withZeroThreshold(histogram, threshold);
  if (histogram.schema === schema) return widened;
  const whole = withSchema(histogram, schema);
  const outside = (buckets: SparseBuckets) => sparseBuckets(pairsOf(buckets).filter(([index]) => upperBound(whole, index) > threshold));
  return { ...widened, schema, positive: outside(whole.positive), negative: outside(whole.negative) };
}

function commonHint(histograms: readonly NativeHistogram[]): { hint: ResetHint; conflictingResets: boolean } {
  const hints = new Set(histograms.map(({ hint }) => hint));
  const [only = 'unknown'] = hints;
  const hint = hints.has('gauge') ? 'gauge' : hints.size === 1 ? only : 'unknown';
  return { hint, conflictingResets: hints.has('reset') && hints.has('not_reset') };
}

/** Whether two lists of custom bounds are the same. */
export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((bound, index) => bound === b[index]));
}

/** The bounds that all custom histograms have. */
export function commonBounds(histograms: readonly NativeHistogram[]): readonly number[] {
  const [first, ...others] = histograms;
  const sets = others.map(({ customValues }) => new Set(customValues));
  return first?.customValues.filter((bound) => sets.every((set) => set.has(bound))) ?? [];
}

/** A custom histogram with fewer bounds, all of which it has already. */
export function withBounds(histogram: NativeHistogram, bounds: readonly number[]): NativeHistogram {
  if (sameBounds(histogram.customValues, bounds)) return histogram;
  const positive = regrouped(histogram.positive, (index) => {
    const at = bounds.findIndex((bound) => bound >= upperBound(histogram, index));
    return at < 0 ? bounds.length : at;
  });
  return { ...histogram, customValues: bounds, positive };
}

/** A histogram of the same buckets without an observation. */
export function emptied({ schema, customValues }: Pick<NativeHistogram, 'schema' | 'customValues'>): NativeHistogram {
  const none = { count: 0, sum: 0, zeroThreshold: 0, zeroCount: 0, positive: noBuckets, negative: noBuckets };
  return { schema, customValues, hint: 'unknown', ...none };
}

/** A histogram with coarser buckets; `schema` must not be higher than its own. */
export function withSchema(histogram: NativeHistogram, schema: number): NativeHistogram {
  if (schema === histogram.schema) return histogram;
  const merged = 2 ** (histogram.schema - schema);
  const indexOf = (index: number) => Math.floor((index - 1) / merged) + 1;
  return {
    ...histogram,
    schema,
    positive: regrouped(histogram.positive, indexOf),
    negative: regrouped(histogram.negative, indexOf),
  };
}

function regrouped(buckets: SparseBuckets, indexOf: (index: number) => number): SparseBuckets {
  return sparseBuckets(pairsOf(buckets).map(([index, count]) => [indexOf(index), count] as const));
}

/** The least threshold that all histograms can have. */
function commonThreshold(histograms: readonly NativeHistogram[]): number {
  let threshold = Math.max(...histograms.map(({ zeroThreshold }) => zeroThreshold));
  if (histograms.every(({ zeroThreshold }) => zeroThreshold === threshold)) return threshold;
  for (;;) {
    const wider = histograms.reduce((widest, each) => Math.max(widest, reachableThreshold(each, widest)), threshold);
    if (wider === threshold) return threshold;
    threshold = wider;
  }
}

/** The threshold at or above a wanted one that cuts no populated bucket in two. */
export function reachableThreshold(histogram: NativeHistogram, wanted: number): number {
  if (wanted === histogram.zeroThreshold) return wanted;
  let threshold = wanted;
  for (const { indexes, counts } of [histogram.positive, histogram.negative, histogram.positive]) {
    for (const [at, index] of indexes.entries()) {
      if (upperBound(histogram, index - 1) >= threshold) break;
      if (counts[at] !== 0) threshold = Math.max(threshold, upperBound(histogram, index));
    }
  }
  return threshold;
}

/** A histogram with a wider zero bucket, which takes in the buckets inside of it. */
export function withZeroThreshold(histogram: NativeHistogram, threshold: number): NativeHistogram {
  if (histogram.zeroThreshold === threshold) return histogram;
  let zeroCount = histogram.zeroCount;
  const outside = (buckets: SparseBuckets) =>
    sparseBuckets(
      pairsOf(buckets).filter(([index, count]) => {
        const inside = upperBound(histogram, index - 1) < threshold;
        if (inside) zeroCount += count;
        return !inside;
      }),
    );
  const positive = outside(histogram.positive);
  const negative = outside(histogram.negative);
  return { ...histogram, zeroThreshold: threshold, zeroCount, positive, negative };
}
