import { type Labels, labelsKey } from '../../model/labels.ts';
import { firstAfter, type OpenView, type StoredSeries } from './stored-series.ts';
import type { ScrapePart } from './window-part.ts';

const rowsPerSlab = 256;
const firstCapacity = 16;
/** Samples of one target, 9 bytes each. Above this the oldest go first, whatever the retention. */
const cellsMax = 64_000_000;

/** Memory for the samples of some rows, row after row. */
interface Slab {
  readonly values: Float64Array;
  readonly stale: Uint8Array;
}

/** One series of a target. Its instants are those of all scrapes of the target; where it was absent stands a staleness marker. */
export class TargetRow implements StoredSeries {
  readonly labels: Labels;
  readonly key: string;
  readonly place: number;
  values: Float64Array;
  stale: Uint8Array;
  /** Numbers of scrapes and not instants, which would be objects of their own: that of its first column; */
  readonly bornIn: number;
  /** that of its newest sample, or of the marker that ended it; */
  lastIn = -1;
  /** that of its newest marker; */
  markedIn = -1;
  /** that which wrote it last. */
  writtenIn = -1;
  present = false;
  freed = false;
  readonly #columns: TargetColumns;

  constructor(columns: TargetColumns, labels: Labels, place: number, values: Float64Array, stale: Uint8Array, bornIn: number) {
    this.#columns = columns;
    this.labels = labels;
    this.key = labelsKey(labels);
    this.place = place;
    this.values = values;
    this.stale = stale;
    this.bornIn = bornIn;
  }

  show(view: OpenView, afterMs: number, throughMs: number): boolean {
    const { start: first, end, firstIn } = this.#columns.range(afterMs, throughMs);
    const start = Math.max(first, this.bornIn - firstIn);
    if (start >= end || this.lastIn - firstIn < start) return false;
    view.labels = this.labels;
    view.times = this.#columns.times;
    view.values = this.values;
    view.histograms = null;
    view.stale = this.markedIn - firstIn >= start ? this.stale : null;
    view.start = start;
    view.end = end;
    return true;
  }
}

/**
 * The samples of one target as a matrix: all series of a scrape share its instant, so that instants are stored once, a scrape is one
 * column and a series is one row.
 */
export class TargetColumns {
  times = new Float64Array(firstCapacity);
  /** By place; null where a row was given back. */
  readonly #places: (TargetRow | null)[] = [];
  readonly #freePlaces: number[] = [];
  #slabs: Slab[] = [];
  #count = 0;
  #scrape = 0;
  /** The series of the part that was taken last. */
  #part: { readonly rows: readonly TargetRow[]; readonly labels: readonly Labels[] } = { rows: [], labels: [] };
  #range = { afterMs: 0, throughMs: 0, scrape: -1, start: 0, end: 0, firstIn: 0 };

  get lastAtMs(): number {
    return this.#count === 0 ? Number.NEGATIVE_INFINITY : (this.times[this.#count - 1] ?? 0);
  }

  /** Number of the scrape in the first column. */
  get #firstIn(): number {
    return this.#scrape - this.#count + 1;
  }

  get rowCount(): number {
    return this.#places.length - this.#freePlaces.length;
  }

  /** Every row, in no particular order. */
  *rows(): Generator<TargetRow> {
    for (const row of this.#places) if (row !== null) yield row;
  }

  has(row: TargetRow): boolean {
    return this.#places[row.place] === row;
  }

  /**
   * Opens the column of a scrape; write every row that is in it, then call {@link close}. Rows of which nothing is left after
   * `keepAfterMs` are given back and returned.
   */
  open(atMs: number, keepAfterMs: number): TargetRow[] {
    const freed = this.#count === this.times.length ? this.#makeRoom(keepAfterMs) : [];
    this.times[this.#count] = atMs;
    this.#count += 1;
    this.#scrape += 1;
    return freed;
  }

  /** A row that begins with the open column. */
  addRow(labels: Labels): TargetRow {
    const place = this.#freePlaces.pop() ?? this.#places.length;
    if (Math.floor(place / rowsPerSlab) >= this.#slabs.length) this.#slabs.push(newSlab(this.times.length));
    const { values, stale } = this.#cells(place);
    stale.fill(1, 0, this.#count);
    const row = new TargetRow(this, labels, place, values, stale, this.#scrape);
    this.#places[place] = row;
    return row;
  }

  /** Writes into the open column. False when the row was already written: the first sample counts. */
  write(row: TargetRow, value: number): boolean {
    if (row.writtenIn === this.#scrape) return false;
    row.writtenIn = this.#scrape;
    row.values[this.#count - 1] = value;
    row.stale[this.#count - 1] = 0;
    row.present = true;
    row.lastIn = this.#scrape;
    return true;
  }

  /** Ends the open column: every row that was not written gets a marker. */
  close(): void {
    const column = this.#count - 1;
    for (const row of this.#places) {
      if (row === null || row.writtenIn === this.#scrape) continue;
      row.stale[column] = 1;
      row.markedIn = this.#scrape;
      if (row.present) row.lastIn = this.#scrape;
      row.present = false;
    }
  }

  /** Columns with `afterMs < t <= throughMs`, and the scrape of the first of all. All rows ask for the same ones, so the last answer is kept. */
  range(afterMs: number, throughMs: number): { readonly start: number; readonly end: number; readonly firstIn: number } {
    const last = this.#range;
    if (last.scrape === this.#scrape && last.afterMs === afterMs && last.throughMs === throughMs) return last;
    const start = firstAfter(this.times, this.#count, afterMs);
    const end = firstAfter(this.times, this.#count, throughMs);
    this.#range = { afterMs, throughMs, scrape: this.#scrape, start, end, firstIn: this.#firstIn };
    return this.#range;
  }

  /** The first scrapes after an instant, up to `columnsMax` of them; null when there are none. */
  part(target: string, afterMs: number, columnsMax: number): ScrapePart | null {
    const start = firstAfter(this.times, this.#count, afterMs);
    const end = Math.min(this.#count, start + columnsMax);
    if (start >= end) return null;
    const times = this.times.slice(start, end);
    const rows = this.#partRows(this.#firstIn + start);
    const values = new Float64Array(rows.length * times.length);
    const present = new Uint8Array(values.length);
    for (let column = start, cell = 0; column < end; column += 1) {
      for (const row of rows) {
        present[cell] = row.stale[column] === 0 ? 1 : 0;
        values[cell] = row.values[column] ?? 0;
        cell += 1;
      }
    }
    return { target, times, labels: this.#part.labels, values, present };
  }

  /** Those with samples from then on. While they stay the same, so does the list of their labels: who writes it down need not look at it again. */
  #partRows(firstIn: number): readonly TargetRow[] {
    const rows: TargetRow[] = [];
    // One that ended with the first scrape has only the marker there, and no sample.
    for (const row of this.#places) if (row !== null && (row.present || row.lastIn > firstIn)) rows.push(row);
    const before = this.#part.rows;
    const same = rows.length === before.length && rows.every((row, index) => row === before[index]);
    if (!same) this.#part = { rows, labels: rows.map(({ labels }) => labels) };
    return this.#part.rows;
  }

  #makeRoom(keepAfterMs: number): TargetRow[] {
    const dropped = firstAfter(this.times, this.#count, keepAfterMs);
    const freed = this.#freeRows(this.#firstIn + dropped);
    const capacity = Math.ceil(this.#count * 1.5) + 8;
    if (dropped * 5 >= this.#count) this.#dropColumns(dropped);
    else if (capacity * this.rowCount > cellsMax) this.#dropColumns(Math.ceil(this.#count / 5));
    else this.#grow(capacity);
    return freed;
  }

  #freeRows(firstKeptIn: number): TargetRow[] {
    const freed = [...this.rows()].filter((row) => !row.present && row.lastIn < firstKeptIn);
    for (const row of freed) {
      row.freed = true;
      this.#places[row.place] = null;
      this.#freePlaces.push(row.place);
    }
    return freed;
  }

  #dropColumns(dropped: number): void {
    this.times.copyWithin(0, dropped, this.#count);
    for (const row of this.rows()) {
      row.values.copyWithin(0, dropped, this.#count);
      row.stale.copyWithin(0, dropped, this.#count);
    }
    this.#count -= dropped;
  }

  #grow(capacity: number): void {
    const times = new Float64Array(capacity);
    times.set(this.times);
    this.times = times;
    // Slab by slab, so that never more than one of them is there twice.
    for (let index = 0; index < this.#slabs.length; index += 1) {
      this.#slabs[index] = newSlab(capacity);
      for (const row of this.#places.slice(index * rowsPerSlab, (index + 1) * rowsPerSlab)) if (row !== null) this.#move(row);
    }
  }

  #move(row: TargetRow): void {
    const { values, stale } = this.#cells(row.place);
    values.set(row.values);
    stale.set(row.stale);
    row.values = values;
    row.stale = stale;
  }

  #cells(place: number): Slab {
    const slab = this.#slabs[Math.floor(place / rowsPerSlab)];
    if (slab === undefined) throw new RangeError(`no memory for row ${place}`);
    const start = (place % rowsPerSlab) * this.times.length;
    const end = start + this.times.length;
    return { values: slab.values.subarray(start, end), stale: slab.stale.subarray(start, end) };
  }
}

function newSlab(capacity: number): Slab {
  return { values: new Float64Array(rowsPerSlab * capacity), stale: new Uint8Array(rowsPerSlab * capacity) };
}
