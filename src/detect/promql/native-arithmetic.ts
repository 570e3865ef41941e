import type { NativeHistogram, SparseBuckets } from '../series/native-histogram.ts';
import { meanOf, sumOf } from './kahan.ts';
import { isCustom, noBuckets, pairsOf, sparseBuckets } from './native-buckets.ts';
import { sameBounds, sameLayout } from './native-layout.ts';

/** What came of putting histograms together. */
export interface Combined {
  readonly histogram: NativeHistogram;
  readonly conflictingResets: boolean;
  readonly boundsReconciled: boolean;
}

/** Makes one number of the numbers that all histograms have at one place. */
type Fold = (values: readonly number[]) => number;

/** Puts histograms together, place by place; null when custom and exponential buckets meet, or there are none. */
function combine(histograms: readonly NativeHistogram[], fold: Fold): Combined | null {
  const layout = sameLayout(histograms);
  const [first] = layout?.histograms ?? [];
  if (layout === null || first === undefined) return null;
  const of = (place: (histogram: NativeHistogram) => number) => fold(layout.histograms.map(place));
  const histogram: NativeHistogram = {
    ...first,
    hint: layout.hint,
    count: of(({ count }) => count),
    sum: of(({ sum }) => sum),
    zeroCount: of(({ zeroCount }) => zeroCount),
    positive: combineBuckets(
      layout.histograms.map(({ positive }) => positive),
      fold,
    ),
    negative: combineBuckets(
      layout.histograms.map(({ negative }) => negative),
      fold,
    ),
  };
  return { histogram, conflictingResets: layout.conflictingResets, boundsReconciled: layout.boundsReconciled };
}

function combineBuckets(all: readonly SparseBuckets[], fold: Fold): SparseBuckets {
  const columns = new Map<number, number[]>();
  for (const [at, buckets] of all.entries()) {
    for (const [index, count] of pairsOf(buckets)) {
      const column = columns.get(index) ?? new Array<number>(all.length).fill(0);
      column[at] = count;
      columns.set(index, column);
    }
  }
  return sparseBuckets([...columns].map(([index, column]) => [index, fold(column)] as const));
}

export function addHistograms(a: NativeHistogram, b: NativeHistogram): Combined | null {
  return combine([a, b], ([x = 0, y = 0]) => x + y);
}

export function subtractHistograms(a: NativeHistogram, b: NativeHistogram): Combined | null {
  return combine([a, b], ([x = 0, y = 0]) => x - y);
}

/** The sum of histograms, rounding errors corrected. */
export function sumOfHistograms(histograms: readonly NativeHistogram[]): Combined | null {
  return combine(histograms, sumOf);
}

/** The mean of histograms, rounding errors corrected. */
export function meanOfHistograms(histograms: readonly NativeHistogram[]): Combined | null {
  return combine(histograms, meanOf);
}

/** Every count multiplied. By a negative factor, counters become gauges. */
export function scaleHistogram(histogram: NativeHistogram, factor: number): NativeHistogram {
  return mapCounts(histogram, factor < 0, (value) => value * factor);
}

/** Every count divided. Divided by zero, no bucket is left. */
export function divideHistogram(histogram: NativeHistogram, divisor: number): NativeHistogram {
  const divided = mapCounts(histogram, divisor < 0, (value) => value / divisor);
  return divisor === 0 ? { ...divided, positive: noBuckets, negative: noBuckets } : divided;
}

function mapCounts(histogram: NativeHistogram, gauge: boolean, change: (value: number) => number): NativeHistogram {
  const changed = (buckets: SparseBuckets) => sparseBuckets(pairsOf(buckets).map(([index, count]) => [index, change(count)] as const));
  return {
    ...histogram,
    hint: gauge ? 'gauge' : histogram.hint,
    count: change(histogram.count),
    sum: change(histogram.sum),
    // A histogram of custom bounds has no zero bucket, which 0 times NaN would be.
    zeroCount: isCustom(histogram) ? 0 : change(histogram.zeroCount),
    positive: changed(histogram.positive),
    negative: changed(histogram.negative),
  };
}

/** Counters marked as gauges: differences have no resets. */
export function asGauge(histogram: NativeHistogram): NativeHistogram {
  return histogram.hint === 'gauge' ? histogram : { ...histogram, hint: 'gauge' };
}

/** Whether two histograms have the same layout and the same numbers. Hints do not count. */
export function equalHistograms(a: NativeHistogram, b: NativeHistogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    sameBounds(a.customValues, b.customValues) &&
    equalBuckets(a.positive, b.positive) &&
    equalBuckets(a.negative, b.negative)
  );
}

function equalBuckets(a: SparseBuckets, b: SparseBuckets): boolean {
  return (
    sameBounds(a.indexes, b.indexes) && a.counts.length === b.counts.length && a.counts.every((count, at) => Object.is(count, b.counts[at]))
  );
}
