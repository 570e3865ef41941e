import { type Labels, labelsOf } from '../../model/labels.ts';
import type { SeriesCursor, SeriesView } from './queryable.ts';
import type { StoredSeries } from './stored-series.ts';
import { isMarked, type Range, rowsPerSlab, startIn, type TargetColumns, TargetRow } from './target-columns.ts';

const noLabels = labelsOf([]);
const noNumbers = new Float64Array(0);

/** Goes through stored series. The rows of a target are copied into one array: they have none of their own, and one for each costs more. */
export class StoredCursor implements SeriesCursor {
  labels: Labels = noLabels;
  times: Float64Array = noNumbers;
  values: Float64Array = noNumbers;
  stale: Uint8Array | null = null;
  histograms: SeriesView['histograms'] = null;
  readonly startTimes = null;
  start = 0;
  end = 0;
  readonly #all: readonly StoredSeries[];
  readonly #afterMs: number;
  readonly #throughMs: number;
  #next = 0;
  /** The target of the rows that come just now, and what all of them share. */
  #columns: TargetColumns | null = null;
  #range: Range | null = null;

  constructor(all: readonly StoredSeries[], afterMs: number, throughMs: number) {
    this.#all = all;
    this.#afterMs = afterMs;
    this.#throughMs = throughMs;
  }

  advance(): boolean {
    while (this.#next < this.#all.length) {
      const series = this.#all[this.#next];
      this.#next += 1;
      if (series instanceof TargetRow ? this.#showRow(series) : this.#showOther(series?.view(this.#afterMs, this.#throughMs) ?? null))
        return true;
    }
    return false;
  }

  #showRow({ columns, place, labels }: TargetRow): boolean {
    const range = columns === this.#columns && this.#range !== null ? this.#range : this.#enter(columns);
    const { end } = range;
    const slab = columns.slabOf(place);
    const index = place % rowsPerSlab;
    const start = startIn(range, slab, index);
    if (start >= end) return false;
    const { values } = this;
    const shift = index * columns.capacity;
    for (let column = start, cell = start - range.start; column < end; column += 1, cell += 1)
      values[cell] = slab.values[shift + column] ?? 0;
    this.labels = labels;
    this.start = start - range.start;
    this.stale = isMarked(range, slab, index, start) ? slab.stale.subarray(shift + range.start, shift + end) : null;
    return true;
  }

  #enter(columns: TargetColumns): Range {
    const range = columns.rangeOf(this.#afterMs, this.#throughMs);
    this.#columns = columns;
    this.#range = range;
    this.times = range.times;
    this.values = new Float64Array(range.times.length);
    this.histograms = null;
    this.end = range.times.length;
    return range;
  }

  #showOther(view: SeriesView | null): boolean {
    this.#columns = null;
    if (view === null) return false;
    this.labels = view.labels;
    this.times = view.times;
    // Never the array that rows are copied into.
    this.values = view.values;
    this.stale = view.stale;
    this.histograms = view.histograms;
    this.start = view.start;
    this.end = view.end;
    return true;
  }
}
