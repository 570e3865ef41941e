import { type Labels, labelsOf } from '../../model/labels.ts';
import type { NativeHistogram } from './native-histogram.ts';
import type { SeriesView } from './queryable.ts';

const noLabels = labelsOf([]);
const noNumbers = new Float64Array(0);

/** A view that is filled anew for each series it shows. */
export class OpenView implements SeriesView {
  labels: Labels = noLabels;
  times: Float64Array = noNumbers;
  values: Float64Array = noNumbers;
  stale: Uint8Array | null = null;
  histograms: readonly (NativeHistogram | null)[] | null = null;
  start = 0;
  end = 0;
}

/** One series in memory, wherever its samples lie. */
export interface StoredSeries {
  /** Includes `__name__` and the labels of the target. */
  readonly labels: Labels;
  /** {@link labelsKey} of the labels. */
  readonly key: string;
  /** Shows its part with `afterMs < t <= throughMs`. False, and nothing is touched, when nothing of it lies there. */
  show(view: OpenView, afterMs: number, throughMs: number): boolean;
}

/** Index of the first of `times[0]` to `times[count - 1]` (ascending) that is later than `atMs`. */
export function firstAfter(times: Float64Array, count: number, atMs: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) > atMs) high = middle;
    else low = middle + 1;
  }
  return low;
}
