import { type Labels, labelsKey, labelsOf } from '../../model/labels.ts';
import type { NativeHistogram } from '../series/native-histogram.ts';
import type { LabelMatcher, Queryable, SeriesCursor, SeriesView } from '../series/queryable.ts';
import { storedHint } from './native-resets.ts';
import type { DescribedValue } from './series-description.ts';

const noLabels = labelsOf([]);

interface Stored {
  readonly labels: Labels;
  times: Float64Array;
  values: Float64Array;
  stale: Uint8Array;
  /** Native histograms at their places; null until there is one. */
  histograms: (NativeHistogram | null)[] | null;
  /** Start times at their places; null until there is one. */
  startTimes: Float64Array | null;
  size: number;
}

/** All samples of a few series, forever: what rule tests and the PromQL test language load their series into. */
export class SampleStore implements Queryable {
  private readonly byKey = new Map<string, Stored>();

  /** Adds a value; one at the same instant is replaced, an older one than the youngest is put in its place. `startMs` 0: not known. */
  add(labels: Labels, atMs: number, value: DescribedValue, startMs = 0): void {
    if (value === null) return;
    const series = this.seriesOf(labels);
    const index = place(series, atMs);
    series.times[index] = atMs;
    series.values[index] = typeof value === 'number' ? value : typeof value === 'object' ? Number.NaN : 0;
    series.stale[index] = value === 'stale' ? 1 : 0;
    const histogram = typeof value === 'object' ? value.histogram : null;
    if (histogram !== null || series.histograms !== null) {
      series.histograms ??= new Array<null>(series.size).fill(null);
      const hint = histogram === null ? null : storedHint(histogram, series.histograms[index - 1] ?? null);
      series.histograms[index] = histogram === null || hint === null ? null : { ...histogram, hint };
    }
    if (startMs !== 0 || series.startTimes !== null) {
      series.startTimes ??= new Float64Array(series.times.length);
      series.startTimes[index] = startMs;
    }
  }

  /** What a series has at exactly an instant; null: nothing. */
  valueAt(labels: Labels, atMs: number): number | 'stale' | null {
    const series = this.byKey.get(labelsKey(labels));
    if (series === undefined) return null;
    const index = firstAfter(series.times.subarray(0, series.size), atMs) - 1;
    if (index < 0 || series.times[index] !== atMs) return null;
    return series.stale[index] === 1 ? 'stale' : (series.values[index] ?? null);
  }

  /** Adds values `stepMs` apart; `startOffsetsMs` says where from a sample its counter began, null where that is not known. */
  addAll(
    labels: Labels,
    values: readonly DescribedValue[],
    startMs: number,
    stepMs: number,
    startOffsetsMs: readonly (number | null)[] = [],
  ): void {
    for (const [index, value] of values.entries()) {
      const atMs = startMs + index * stepMs;
      const offsetMs = startOffsetsMs[index] ?? null;
      this.add(labels, atMs, value, offsetMs === null ? 0 : atMs + offsetMs);
    }
  }

  clear(): void {
    this.byKey.clear();
  }

  select(matchers: readonly LabelMatcher[], afterMs: number, throughMs: number): SeriesView[] {
    const views: SeriesView[] = [];
    for (const series of this.byKey.values()) {
      if (!matchers.every((matcher) => matcher.matches(series.labels[matcher.name] ?? ''))) continue;
      const times = series.times.subarray(0, series.size);
      const start = firstAfter(times, afterMs);
      const end = firstAfter(times, throughMs);
      const { labels, values, stale, histograms, startTimes } = series;
      if (start < end) views.push({ labels, times, values, stale, histograms, startTimes, start, end });
    }
    return views;
  }

  open(matchers: readonly LabelMatcher[], afterMs: number, throughMs: number): SeriesCursor {
    return new CopyingCursor(this.select(matchers, afterMs, throughMs));
  }

  private seriesOf(labels: Labels): Stored {
    const key = labelsKey(labels);
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const made = {
      labels,
      times: new Float64Array(16),
      values: new Float64Array(16),
      stale: new Uint8Array(16),
      histograms: null,
      startTimes: null,
      size: 0,
    };
    this.byKey.set(key, made);
    return made;
  }
}

/** Copies the values of every series into one array, as the windows of a daemon do: who keeps what it shows is found out. */
class CopyingCursor implements SeriesCursor {
  labels: Labels = noLabels;
  times = new Float64Array(0);
  values = new Float64Array(0);
  stale: Uint8Array | null = null;
  histograms: SeriesView['histograms'] = null;
  startTimes: Float64Array | null = null;
  readonly start = 0;
  end = 0;
  private readonly views: readonly SeriesView[];
  private next = 0;

  constructor(views: readonly SeriesView[]) {
    this.views = views;
  }

  advance(): boolean {
    const view = this.views[this.next];
    if (view === undefined) return false;
    this.next += 1;
    const { start, end } = view;
    this.labels = view.labels;
    this.end = end - start;
    if (this.values.length < this.end) this.values = new Float64Array(this.end);
    this.values.set(view.values.subarray(start, end));
    this.times = new Float64Array(view.times.subarray(start, end));
    this.stale = view.stale?.subarray(start, end) ?? null;
    this.histograms = view.histograms?.slice(start, end) ?? null;
    this.startTimes = view.startTimes?.subarray(start, end) ?? null;
    return true;
  }
}

/** Makes room for a sample and says where. */
function place(series: Stored, atMs: number): number {
  const index = firstAfter(series.times.subarray(0, series.size), atMs);
  if (index > 0 && series.times[index - 1] === atMs) return index - 1;
  if (series.size === series.times.length) grow(series);
  if (index < series.size) {
    series.times.copyWithin(index + 1, index, series.size);
    series.values.copyWithin(index + 1, index, series.size);
    series.stale.copyWithin(index + 1, index, series.size);
    series.histograms?.splice(index, 0, null);
    series.startTimes?.copyWithin(index + 1, index, series.size);
  }
  series.size++;
  return index;
}

function grow(series: Stored): void {
  const capacity = series.times.length * 2;
  const { times, values, stale, startTimes } = series;
  series.times = new Float64Array(capacity);
  series.values = new Float64Array(capacity);
  series.stale = new Uint8Array(capacity);
  series.times.set(times);
  series.values.set(values);
  series.stale.set(stale);
  if (startTimes === null) return;
  series.startTimes = new Float64Array(capacity);
  series.startTimes.set(startTimes);
}

function firstAfter(times: Float64Array, atMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
