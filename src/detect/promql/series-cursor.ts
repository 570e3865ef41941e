import type { NativeHistogram } from '../series/native-histogram.ts';
import type { SeriesView } from '../series/queryable.ts';
import { emptied } from './native-layout.ts';
import { resolvedHint } from './native-resets.ts';
import type { SeriesWindow } from './value.ts';

/** A series as a query reads it: the part of the store's columns that any of its steps can reach. */
export interface SelectedSeries extends SeriesWindow {
  /** 1 where a sample only marks the end of the series; null when there is no such mark. */
  readonly stale: Uint8Array | null;
}

/** The view of a store with its markers kept, for instant selectors. */
export function selected(view: SeriesView): SelectedSeries {
  return holdsMarker(view) || view.stale === null ? view : { ...view, stale: null };
}

/** The view of a store without its markers, for range selectors. Copies only what has markers. */
export function selectedSamples(view: SeriesView): SelectedSeries {
  const series = selected(view);
  const { stale, start, end } = series;
  if (stale === null) return series;
  const kept: number[] = [];
  for (let index = start; index < end; index++) if (stale[index] !== 1) kept.push(index);
  return {
    labels: view.labels,
    times: kept.map((index) => view.times[index] ?? 0),
    values: kept.map((index) => view.values[index] ?? 0),
    histograms: series.histograms === null ? null : kept.map((index) => series.histograms?.[index] ?? null),
    startTimes: series.startTimes === null ? null : kept.map((index) => series.startTimes?.[index] ?? 0),
    start: 0,
    end: kept.length,
    stale: null,
  };
}

/** Whether there are staleness markers among the samples of a view. */
export function holdsMarker({ stale, start, end }: SeriesView): boolean {
  if (stale === null) return false;
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
  const { labels, times, values, histograms, startTimes, dropName } = series;
  return { labels, times, values, histograms, startTimes, start, end, dropName };
}

/** Whether there are floats as well as native histograms among the samples of a window. */
export function holdsBothKinds({ histograms, start, end }: SeriesWindow): boolean {
  if (histograms === null || end === start) return false;
  const isFirstFloat = (histograms[start] ?? null) === null;
  for (let index = start + 1; index < end; index++) if (((histograms[index] ?? null) === null) !== isFirstFloat) return true;
  return false;
}

/** A series whose histograms are without buckets and say of each whether it was reset since the one read before it. */
export function withCountsOnly(series: SelectedSeries): SelectedSeries {
  const { histograms, start, end } = series;
  if (histograms === null) return series;
  const counted: (NativeHistogram | null)[] = [];
  let previous: NativeHistogram | null = null;
  for (let index = start; index < end; index++) {
    const histogram = histograms[index] ?? null;
    counted[index] = histogram === null ? null : countsOf(histogram, previous);
    previous = histogram ?? previous;
  }
  return { ...series, histograms: counted };
}

function countsOf(histogram: NativeHistogram, previous: NativeHistogram | null): NativeHistogram {
  const { schema, count, sum } = histogram;
  return { ...emptied({ schema, customValues: [] }), count, sum, hint: resolvedHint(histogram, previous) };
}
