import { type Labels, labelsKey } from '../../model/labels.ts';
import type { LabelMatcher, Queryable, SeriesView } from '../series/queryable.ts';
import { EvaluationError } from './evaluation-error.ts';
import type { DescribedValue } from './series-description.ts';

interface Stored {
  readonly labels: Labels;
  times: Float64Array;
  values: Float64Array;
  stale: Uint8Array;
  /** Instants of native histograms, which this store does not hold. */
  readonly histogramsAt: number[];
  size: number;
}

/** All samples of a few series, forever: what rule tests and the PromQL test language load their series into. */
export class SampleStore implements Queryable {
  private readonly byKey = new Map<string, Stored>();

  /** Adds a value; one at the same instant is replaced, an older one than the youngest is put in its place. */
  add(labels: Labels, atMs: number, value: DescribedValue): void {
    if (value === null) return;
    const series = this.seriesOf(labels);
    if (typeof value === 'object') {
      series.histogramsAt.push(atMs);
      return;
    }
    const index = place(series, atMs);
    series.times[index] = atMs;
    series.values[index] = value === 'stale' ? 0 : value;
    series.stale[index] = value === 'stale' ? 1 : 0;
  }

  /** Adds values `stepMs` apart. */
  addAll(labels: Labels, values: readonly DescribedValue[], startMs: number, stepMs: number): void {
    for (const [index, value] of values.entries()) this.add(labels, startMs + index * stepMs, value);
  }

  clear(): void {
    this.byKey.clear();
  }

  select(matchers: readonly LabelMatcher[], afterMs: number, throughMs: number): SeriesView[] {
    const views: SeriesView[] = [];
    for (const series of this.byKey.values()) {
      if (!matchers.every((matcher) => matcher.matches(series.labels[matcher.name] ?? ''))) continue;
      if (series.histogramsAt.some((atMs) => atMs > afterMs && atMs <= throughMs)) {
        throw new EvaluationError('the series holds native histograms, which are not supported');
      }
      const times = series.times.subarray(0, series.size);
      const start = firstAfter(times, afterMs);
      const end = firstAfter(times, throughMs);
      if (start < end) views.push({ labels: series.labels, times, values: series.values, stale: series.stale, start, end });
    }
    return views;
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
      histogramsAt: [],
      size: 0,
    };
    this.byKey.set(key, made);
    return made;
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
  }
  series.size++;
  return index;
}

function grow(series: Stored): void {
  const capacity = series.times.length * 2;
  const { times, values, stale } = series;
  series.times = new Float64Array(capacity);
  series.values = new Float64Array(capacity);
  series.stale = new Uint8Array(capacity);
  series.times.set(times);
  series.values.set(values);
  series.stale.set(stale);
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
