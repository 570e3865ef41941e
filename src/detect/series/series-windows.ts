import { type Labels, labelsKey, labelsOf } from '../../model/labels.ts';
import type { Sample } from '../../model/sample.ts';
import type { ExposedSeries, Exposition, MetricMetadata } from '../scrape/exposition.ts';
import { LabelIndex } from './label-index.ts';
import { LooseSeries } from './loose-series.ts';
import type { NativeHistogram } from './native-histogram.ts';
import type { LabelMatcher, Queryable, SeriesCursor, SeriesView } from './queryable.ts';
import { StoredCursor } from './stored-cursor.ts';
import type { StoredSeries } from './stored-series.ts';
import { TargetColumns, TargetRow } from './target-columns.ts';
import { withTargetLabels } from './target-labels.ts';
import type { LoosePart, ScrapePart, WindowMarks, WindowPart } from './window-part.ts';

export interface WindowLimits {
  /** Series of one target in memory, the ones that ended lately included. */
  readonly seriesPerTargetMax: number;
  /** Series that rules record, and that have timestamps of their own. */
  readonly looseSeriesMax: number;
}

const defaultWindowLimits: WindowLimits = { seriesPerTargetMax: 200_000, looseSeriesMax: 200_000 };

/** What became of a scrape. A refused one counts as failed: `up` is 0 and every series of the target has ended. */
export type CommitOutcome =
  | { readonly kind: 'committed'; readonly samples: number; readonly seriesAdded: number; readonly dropped: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'out-of-order'; readonly reason: string };

/** A successful scrape of one target. `atMs` is when it began: the instant of its samples. */
export interface Scrape {
  readonly target: string;
  readonly atMs: number;
  readonly durationMs: number;
  readonly exposition: Exposition;
}

/** Scrapes of one target in one part, to bound it. */
const partScrapesMax = 64;

/** A clock that goes back by more than this was set; by less, it was only corrected. */
const clockStepMs = 60_000;

interface OwnRows {
  readonly up: TargetRow;
  readonly duration: TargetRow;
  readonly samples: TargetRow;
}

interface TargetStore {
  readonly labels: Labels;
  columns: TargetColumns;
  own: OwnRows | null;
  /** Rows of `series`, entry by entry; null where another store owns a series of the same labels. */
  rows: (TargetRow | null)[];
  series: readonly ExposedSeries[] | null;
  bySeries: Map<ExposedSeries, TargetRow>;
  metadata: ReadonlyMap<string, MetricMetadata>;
  /** The rows of the labels of the part that was restored last: mostly the next one has the same. */
  restoring: { readonly labels: readonly Labels[]; readonly rows: (TargetRow | null)[] } | null;
}

/**
 * The recent past of all series, in memory. Samples come by scrapes ({@link commitScrape}, {@link commitFailure}) and from rules
 * ({@link append}); what is older than the retention is forgotten. Samples that are not newer than what a series has are dropped.
 */
export class SeriesWindows implements Queryable {
  readonly #limits: WindowLimits;
  readonly #index = new LabelIndex();
  readonly #targets = new Map<string, TargetStore>();
  readonly #loose = new Map<string, LooseSeries>();
  /** Rows by the label sets that parts name them with: the same sets come again and again. */
  readonly #restored = new WeakMap<Labels, TargetRow>();
  #retentionMs = 900_000;
  #newestAtMs = Number.NEGATIVE_INFINITY;
  #collectedAtMs = Number.NEGATIVE_INFINITY;
  #dropped = 0;

  constructor(limits: WindowLimits = defaultWindowLimits) {
    this.#limits = limits;
  }

  /** Series in memory. */
  get seriesCount(): number {
    return this.#index.size;
  }

  /** Counts up whenever a series comes or goes: what was derived from the set of series is then out of date. */
  get epoch(): number {
    return this.#index.epoch;
  }

  /** Samples dropped so far because they were out of order, there twice, or owned by another target. */
  get droppedSamples(): number {
    return this.#dropped;
  }

  get retentionMs(): number {
    return this.#retentionMs;
  }

  /** How far back queries may look, at least a second. Longer takes effect for samples that are still there. */
  setRetention(retentionMs: number): void {
    this.#retentionMs = Math.max(1_000, retentionMs);
  }

  /** Announces a target, or changes its labels; unchanged labels keep what is known. `labels` are added to all its series. */
  setTarget(name: string, labels: Labels): void {
    const known = this.#targets.get(name);
    if (known !== undefined && labelsKey(known.labels) === labelsKey(labels)) return;
    this.removeTarget(name);
    this.#targets.set(name, {
      labels: labelsOf(Object.entries(labels)),
      columns: new TargetColumns(),
      own: null,
      rows: [],
      series: null,
      bySeries: new Map(),
      metadata: new Map(),
      restoring: null,
    });
  }

  /** Forgets a target and all its series at once. */
  removeTarget(name: string): void {
    for (const row of this.#targets.get(name)?.columns.rows() ?? []) this.#index.remove(row);
    this.#targets.delete(name);
  }

  /** Takes in a scrape: samples, markers for the series that are gone, `up`, `scrape_duration_seconds` and `scrape_samples_scraped`. */
  commitScrape(scrape: Scrape): CommitOutcome {
    const store = this.#store(scrape.target);
    const { exposition } = scrape;
    const refusal = this.#refusal(scrape.target, store, exposition);
    if (refusal !== null) {
      this.commitFailure(scrape);
      return { kind: 'refused', reason: refusal };
    }
    if (!this.#open(store, scrape.atMs)) return outOfOrder(scrape, store);
    const before = store.columns.rowCount;
    const droppedBefore = this.#dropped;
    this.#mapRows(store, exposition);
    this.#writeOwn(store, 1, scrape.durationMs, exposition.values.length);
    this.#write(store, exposition, scrape.atMs);
    store.columns.close();
    store.metadata = exposition.metadata;
    return {
      kind: 'committed',
      samples: exposition.values.length,
      seriesAdded: store.columns.rowCount - before,
      dropped: this.#dropped - droppedBefore,
    };
  }

  /** Takes in that a scrape failed: `up` 0 and markers for all series of the target. */
  commitFailure(scrape: { readonly target: string; readonly atMs: number; readonly durationMs: number }): CommitOutcome {
    const store = this.#store(scrape.target);
    if (!this.#open(store, scrape.atMs)) return outOfOrder(scrape, store);
    this.#writeOwn(store, 0, scrape.durationMs, 0);
    store.columns.close();
    return { kind: 'committed', samples: 0, seriesAdded: 0, dropped: 0 };
  }

  /** Appends what a rule recorded. Returns how many samples were taken; the others were out of order or over the limit. */
  append(samples: readonly (Sample & { readonly histogram?: NativeHistogram })[]): number {
    let taken = 0;
    for (const { atMs } of samples) this.#advance(atMs);
    for (const { labels, atMs, value, histogram } of samples) if (this.#appendLoose(labels, atMs, histogram ?? value)) taken += 1;
    return taken;
  }

  /** Ends series that a rule no longer gives. Labels of which nothing is known are left alone. */
  appendStale(ended: readonly Labels[], atMs: number): void {
    for (const labels of ended) this.#loose.get(labelsKey(labels))?.append(atMs, null, this.#keepAfterMs());
  }

  /** What was stored since the marks, which move on. Of one target at most {@link partScrapesMax} scrapes. */
  part(marks: WindowMarks): WindowPart {
    const scrapes: ScrapePart[] = [];
    for (const [name, { columns }] of this.#targets) {
      const mark = marks.targets.get(name) ?? Number.NEGATIVE_INFINITY;
      // When the clock was set back, everything began anew.
      const part = columns.part(name, mark > columns.lastAtMs ? Number.NEGATIVE_INFINITY : mark, partScrapesMax);
      if (part === null) continue;
      scrapes.push(part);
      marks.targets.set(name, part.times.at(-1) ?? mark);
    }
    return { scrapes, loose: this.#loosePart(marks) };
  }

  /** Takes in parts from before a restart, oldest first, for the targets that there are. Must come before the first scrape. */
  restore({ scrapes, loose }: WindowPart): void {
    for (const part of scrapes) {
      const store = this.#targets.get(part.target);
      if (store !== undefined) this.#restoreScrapes(store, part);
    }
    for (const [index, labels] of loose.labels.entries()) {
      const atMs = loose.times[index] ?? Number.NaN;
      if (loose.stale[index] === 1) this.appendStale([labels], atMs);
      else this.#restoreLoose(labels, atMs, loose.histograms.get(index) ?? loose.values[index] ?? Number.NaN);
    }
  }

  select(matchers: readonly LabelMatcher[], afterMs: number, throughMs: number): SeriesView[] {
    const views: SeriesView[] = [];
    for (const series of this.#index.select(matchers)) {
      const view = series.view(afterMs, throughMs);
      if (view !== null) views.push(view);
    }
    return views;
  }

  open(matchers: readonly LabelMatcher[], afterMs: number, throughMs: number): SeriesCursor {
    return new StoredCursor(this.#index.select(matchers), afterMs, throughMs);
  }

  labelNames(): string[] {
    return this.#index.labelNames();
  }

  labelValues(name: string): string[] {
    return this.#index.labelValues(name);
  }

  /** What targets said about a metric. A name such as `x_bucket` finds what was said about `x`. */
  metadata(metric: string): MetricMetadata | null {
    const family = metric.replace(/_(?:bucket|sum|count|total|created)$/, '');
    for (const { metadata } of this.#targets.values()) {
      const known = metadata.get(metric) ?? metadata.get(family);
      if (known !== undefined) return known;
    }
    return null;
  }

  /** Everything targets said about their metrics: name of the target, then by name of the metric. */
  allMetadata(): ReadonlyMap<string, ReadonlyMap<string, MetricMetadata>> {
    return new Map([...this.#targets].map(([name, store]) => [name, store.metadata]));
  }

  #loosePart(marks: WindowMarks): LoosePart {
    const labels: Labels[] = [];
    const [times, values, stale]: [number[], number[], number[]] = [[], [], []];
    const histograms = new Map<number, NativeHistogram>();
    for (const series of this.#loose.values()) {
      const view = series.view(marks.loose.get(series.labels) ?? Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
      if (view === null) continue;
      for (let index = view.start; index < view.end; index += 1) {
        const histogram = view.histograms?.[index] ?? null;
        if (histogram !== null) histograms.set(labels.length, histogram);
        labels.push(series.labels);
        times.push(view.times[index] ?? 0);
        values.push(view.values[index] ?? 0);
        stale.push(view.stale?.[index] ?? 0);
      }
      marks.loose.set(series.labels, series.lastAtMs);
    }
    return { labels, times: Float64Array.from(times), values: Float64Array.from(values), stale: Uint8Array.from(stale), histograms };
  }

  #restoreLoose(labels: Labels, atMs: number, value: number | NativeHistogram): void {
    this.#advance(atMs);
    this.#appendLoose(labels, atMs, value);
  }

  #restoreScrapes(store: TargetStore, { times, labels, values, present }: ScrapePart): void {
    if (store.restoring?.labels !== labels) store.restoring = { labels, rows: [] };
    const { rows } = store.restoring;
    for (const [column, atMs] of times.entries()) {
      if (!this.#open(store, atMs)) continue;
      for (let row = 0, cell = column * labels.length; row < labels.length; row += 1, cell += 1) {
        if (present[cell] === 0) continue;
        const known = rows[row];
        const restored = known !== null && known !== undefined && !known.freed ? known : this.#restoredRow(store, labels[row]);
        if (restored !== null) store.columns.write(restored, values[cell] ?? Number.NaN);
        rows[row] = restored;
      }
      store.columns.close();
    }
  }

  #restoredRow(store: TargetStore, labels: Labels | undefined): TargetRow | null {
    if (labels === undefined) return null;
    const known = this.#restored.get(labels);
    if (known !== undefined && store.columns.has(known)) return known;
    const isFull = store.columns.rowCount >= this.#limits.seriesPerTargetMax && this.#index.get(labelsKey(labels)) === undefined;
    const row = isFull ? null : this.#rowFor(store, labels);
    if (row !== null) this.#restored.set(labels, row);
    return row;
  }

  #store(target: string): TargetStore {
    const store = this.#targets.get(target);
    if (store === undefined) throw new RangeError(`unknown target ${target}: setTarget must come first`);
    return store;
  }

  #refusal(target: string, store: TargetStore, exposition: Exposition): string | null {
    const { seriesPerTargetMax } = this.#limits;
    if (exposition.series === store.series) return null;
    let added = 0;
    for (const series of exposition.series) {
      const row = store.bySeries.get(series);
      if (row === undefined || row.freed) added += 1;
    }
    const total = store.columns.rowCount + added;
    if (total <= seriesPerTargetMax) return null;
    return `target ${target} would have ${total} series in memory, limit ${seriesPerTargetMax}: it exposes too many, or its labels change too often`;
  }

  /** False when the scrape is not newer than the last one of its target. */
  #open(store: TargetStore, atMs: number): boolean {
    if (store.columns.lastAtMs - atMs > clockStepMs) this.#forgetSamples(atMs);
    if (!(atMs > store.columns.lastAtMs)) return false;
    this.#advance(atMs);
    const freed = store.columns.open(atMs, this.#keepAfterMs());
    for (const row of freed) this.#index.remove(row);
    if (freed.length > 0) store.series = null;
    if (freed.some((row) => row === store.own?.up)) store.own = null;
    return true;
  }

  /** The clock was set back. What is there lies in a future that will come again: without this, nothing new would be taken for so long. */
  #forgetSamples(atMs: number): void {
    for (const store of this.#targets.values()) {
      for (const row of store.columns.rows()) this.#index.remove(row);
      Object.assign(store, { columns: new TargetColumns(), own: null, rows: [], series: null, bySeries: new Map() });
    }
    for (const [key, series] of this.#loose) this.#forget(key, series);
    this.#newestAtMs = atMs;
    this.#collectedAtMs = atMs;
  }

  #mapRows(store: TargetStore, { series, timesMs }: Exposition): void {
    if (store.series === series && timesMs === null) return;
    const bySeries = new Map<ExposedSeries, TargetRow>();
    store.rows = series.map((exposed, index) => {
      if (hasOwnTime(timesMs, index)) return null;
      const known = store.bySeries.get(exposed);
      const row = known !== undefined && !known.freed ? known : this.#rowFor(store, withTargetLabels(exposed.labels, store.labels));
      if (row !== null) bySeries.set(exposed, row);
      return row;
    });
    store.bySeries = bySeries;
    store.series = timesMs === null ? series : null;
  }

  /** The row of these labels, made when there is none; null when another target or a rule owns a series of the same labels. */
  #rowFor(store: TargetStore, labels: Labels): TargetRow | null {
    const owner = this.#index.get(labelsKey(labels));
    if (owner instanceof TargetRow) return store.columns.has(owner) ? owner : null;
    if (owner !== undefined) return null;
    const row = store.columns.addRow(labels);
    this.#index.add(row);
    return row;
  }

  #write(store: TargetStore, { values, timesMs, series }: Exposition, atMs: number): void {
    const { rows, columns } = store;
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] ?? Number.NaN;
      const row = rows[index];
      if (row !== null && row !== undefined) {
        if (!columns.write(row, value)) this.#dropped += 1;
      } else if (!hasOwnTime(timesMs, index) || !this.#writeTimed(store, series[index], timesMs?.[index] ?? Number.NaN, value, atMs)) {
        this.#dropped += 1;
      }
    }
  }

  /** A sample with an instant of its own. As in Prometheus, one that lies more than ten minutes ahead is dropped. */
  #writeTimed(store: TargetStore, exposed: ExposedSeries | undefined, timeMs: number, value: number, atMs: number): boolean {
    if (exposed === undefined || timeMs > atMs + 600_000) return false;
    return this.#appendLoose(withTargetLabels(exposed.labels, store.labels), timeMs, value);
  }

  #writeOwn(store: TargetStore, up: 0 | 1, durationMs: number, samples: number): void {
    store.own ??= {
      up: this.#ownRow(store, 'up'),
      duration: this.#ownRow(store, 'scrape_duration_seconds'),
      samples: this.#ownRow(store, 'scrape_samples_scraped'),
    };
    store.columns.write(store.own.up, up);
    store.columns.write(store.own.duration, durationMs / 1000);
    store.columns.write(store.own.samples, samples);
  }

  /** Our own series about the scrape. When something else has that name, it stays out of the index: never two series of the same labels. */
  #ownRow(store: TargetStore, metric: string): TargetRow {
    const labels = labelsOf([...Object.entries(store.labels), ['__name__', metric]]);
    return this.#rowFor(store, labels) ?? store.columns.addRow(labels);
  }

  #appendLoose(labels: Labels, atMs: number, value: number | NativeHistogram): boolean {
    const key = labelsKey(labels);
    const series = this.#loose.get(key) ?? this.#newLoose(labels, key);
    return series?.append(atMs, value, this.#keepAfterMs()) ?? false;
  }

  #newLoose(labels: Labels, key: string): LooseSeries | null {
    if (this.#index.get(key) !== undefined || this.#loose.size >= this.#limits.looseSeriesMax) return null;
    const series = new LooseSeries(labels);
    this.#loose.set(key, series);
    this.#index.add(series);
    return series;
  }

  #keepAfterMs(): number {
    return this.#newestAtMs - this.#retentionMs;
  }

  /** Time has come to `atMs`; now and then, loose series that ended long ago are forgotten. */
  #advance(atMs: number): void {
    this.#newestAtMs = Math.max(this.#newestAtMs, atMs);
    if (this.#newestAtMs - this.#collectedAtMs < this.#retentionMs / 4) return;
    this.#collectedAtMs = this.#newestAtMs;
    for (const [key, series] of this.#loose) if (series.lastAtMs <= this.#keepAfterMs()) this.#forget(key, series);
  }

  #forget(key: string, series: StoredSeries): void {
    this.#loose.delete(key);
    this.#index.remove(series);
  }
}

function hasOwnTime(timesMs: Float64Array | null, index: number): boolean {
  return timesMs !== null && !Number.isNaN(timesMs[index] ?? Number.NaN);
}

function outOfOrder(scrape: { readonly target: string; readonly atMs: number }, store: TargetStore): CommitOutcome {
  const lagMs = store.columns.lastAtMs - scrape.atMs;
  return { kind: 'out-of-order', reason: `scrape of ${scrape.target} is ${lagMs} ms older than the one before: the clock went back` };
}
