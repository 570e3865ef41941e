import type { Labels } from '../../model/labels.ts';
import type { SeriesView } from './queryable.ts';

/** One series in memory, wherever its samples lie. */
export interface StoredSeries {
  /** Includes `__name__` and the labels of the target. */
  readonly labels: Labels;
  /** Its part with `afterMs < t <= throughMs`, good until the next append; null when nothing of it lies there. */
  view(afterMs: number, throughMs: number): SeriesView | null;
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
