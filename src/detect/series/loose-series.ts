import type { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from './native-histogram.ts';
import type { SeriesView } from './queryable.ts';
import { firstAfter, type StoredSeries } from './stored-series.ts';

/** A series with instants of its own: what rules record, and samples to which the target gave a timestamp. */
export class LooseSeries implements StoredSeries {
  readonly labels: Labels;
  #times = new Float64Array(8);
  #values = new Float64Array(8);
  #stale = new Uint8Array(8);
  /** At their places; null until there is one. */
  #histograms: (NativeHistogram | null)[] | null = null;
  #count = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  /** When its newest sample or marker is; -Infinity when it has none. */
  get lastAtMs(): number {
    return this.#count === 0 ? Number.NEGATIVE_INFINITY : (this.#times[this.#count - 1] ?? Number.NEGATIVE_INFINITY);
  }

  /** Appends a sample, or a staleness marker for `value` null. False when it is not newer than what is there: then it is dropped. */
  append(atMs: number, value: number | NativeHistogram | null, keepAfterMs: number): boolean {
    if (!(atMs > this.lastAtMs)) return false;
    if (this.#count === this.#times.length) this.#makeRoom(keepAfterMs);
    this.#times[this.#count] = atMs;
    this.#values[this.#count] = typeof value === 'number' ? value : 0;
    this.#appendHistogram(typeof value === 'object' ? value : null);
    this.#stale[this.#count] = value === null ? 1 : 0;
    this.#count += 1;
    return true;
  }

  view(afterMs: number, throughMs: number): SeriesView | null {
    const start = firstAfter(this.#times, this.#count, afterMs);
    const end = firstAfter(this.#times, this.#count, throughMs);
    if (start >= end) return null;
    const { labels } = this;
    return {
      labels,
      times: this.#times,
      values: this.#values,
      stale: this.#stale,
      histograms: this.#histograms,
      startTimes: null,
      start,
      end,
    };
  }

  /** That counters were not reset since the sample before, which a hint may say, need not hold of what is stored before it here. */
  #appendHistogram(histogram: NativeHistogram | null): void {
    if (histogram === null && this.#histograms === null) return;
    this.#histograms ??= new Array<null>(this.#count).fill(null);
    this.#histograms[this.#count] = histogram === null || histogram.hint === 'gauge' ? histogram : { ...histogram, hint: 'unknown' };
  }

  #makeRoom(keepAfterMs: number): void {
    const dropped = firstAfter(this.#times, this.#count, keepAfterMs);
    const kept = this.#count - dropped;
    const size = dropped * 4 >= this.#count ? this.#times.length : Math.ceil(this.#count * 1.5) + 8;
    this.#times = moved(this.#times, new Float64Array(size), dropped, this.#count);
    this.#values = moved(this.#values, new Float64Array(size), dropped, this.#count);
    const stale = new Uint8Array(size);
    stale.set(this.#stale.subarray(dropped, this.#count));
    this.#stale = stale;
    const histograms = this.#histograms?.slice(dropped, this.#count) ?? [];
    this.#histograms = histograms.some((histogram) => histogram !== null) ? histograms : null;
    this.#count = kept;
  }
}

function moved(from: Float64Array, to: Float64Array<ArrayBuffer>, start: number, end: number): Float64Array<ArrayBuffer> {
  to.set(from.subarray(start, end));
  return to;
}
