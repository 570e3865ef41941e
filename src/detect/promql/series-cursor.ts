import type { SeriesView } from '../series/queryable.ts';
import type { SeriesWindow } from './value.ts';

/** A series as a query reads it: the part of the store's columns that any of its steps can reach. */
export interface SelectedSeries extends SeriesWindow {
  /** 1 where a sample only marks the end of the series; null when there is no such mark. */
  readonly stale: Uint8Array | null;
}

/** The view of a store with its markers kept, for instant selectors. */
export function selected({ labels, times, values, stale, start, end }: SeriesView): SelectedSeries {
  const marked = hasMarker(stale, start, end);
  return { labels, times, values, start, end, stale: marked ? stale : null, dropName: false };
}

/** The view of a store without its markers, for range selectors. Copies only what has markers. */
export function selectedSamples(view: SeriesView): SelectedSeries {
  const series = selected(view);
  const { stale, start, end } = series;
  if (stale === null) return series;
  const times: number[] = [];
  const values: number[] = [];
  for (let index = start; index < end; index++) {
    if (stale[index] === 1) continue;
    times.push(view.times[index] ?? 0);
    values.push(view.values[index] ?? 0);
  }
  return { labels: view.labels, times, values, start: 0, end: times.length, stale: null, dropName: false };
}

function hasMarker(stale: Uint8Array, start: number, end: number): boolean {
  const at = stale.indexOf(1, start);
  return at >= 0 && at < end;
}

/** Index behind the last sample at or before an instant, searched up to `end`. */
export function indexAfter({ times, start, end: last }: SeriesWindow, atMs: number, end: number = last): number {
  if (end > start && (times[end - 1] ?? 0) <= atMs) return end;
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The samples with `afterMs < t <= throughMs`. */
export function windowOf(series: SeriesWindow, afterMs: number, throughMs: number): SeriesWindow {
  const end = indexAfter(series, throughMs);
  const start = indexAfter(series, afterMs, end);
  return { labels: series.labels, times: series.times, values: series.values, start, end, dropName: series.dropName };
}
