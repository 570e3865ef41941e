import type { Labels } from '../../model/labels.ts';
import type { SeriesView } from './queryable.ts';
import { firstAfter, type StoredSeries } from './stored-series.ts';
import type { ScrapePart } from './window-part.ts';

/** Rows whose memory lies together. */
export const rowsPerSlab = 256;
const firstCapacity = 16;
/** Samples of one target, 9 bytes each. Above this the oldest go first, whatever the retention. */
const cellsMax = 64_000_000;

/** Memory for the samples of some rows, row after row, and what is known of each row. */
export interface Slab {
  readonly values: Float64Array;
  readonly stale: Uint8Array;
  /** By row, numbers of scrapes: that of its first column; */
  readonly bornIn: Int32Array;
  /** that of its newest sample; */
  readonly writtenIn: Int32Array;
  /** that of the newest marker before its newest sample. */
  readonly markedIn: Int32Array;
}

/** One series of a target. Its instants are those of all scrapes of the target; where it was absent stands a staleness marker. */
export class TargetRow implements StoredSeries {
  readonly columns: TargetColumns;
  readonly labels: Labels;
  readonly place: number;
  freed = false;

  constructor(columns: TargetColumns, labels: Labels, place: number) {
    this.columns = columns;
    this.labels = labels;
    this.place = place;
  }

  view(afterMs: number, throughMs: number): SeriesView | null {
    return this.columns.view(this, afterMs, throughMs);
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
  #range: Range = { afterMs: 0, throughMs: 0, scrape: -1, start: 0, end: 0, firstIn: 0, times: this.times };

  get lastAtMs(): number {
    return this.#count === 0 ? Number.NEGATIVE_INFINITY : (this.times[this.#count - 1] ?? 0);
  }

  /** Number of the scrape in the first column. */
  get #firstIn(): number {
    return this.#scrape - this.#count + 1;
  }

  /** Columns that there is room for. */
  get capacity(): number {
    return this.times.length;
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
    const slab = this.slabOf(place);
    const index = place % rowsPerSlab;
    slab.bornIn[index] = this.#scrape;
    slab.writtenIn[index] = -1;
    slab.markedIn[index] = -1;
    const row = new TargetRow(this, labels, place);
    this.#places[place] = row;
    return row;
  }

  /** Writes into the open column. False when the row was already written: the first sample counts. */
  write({ place }: TargetRow, value: number): boolean {
    const { writtenIn, markedIn, values, stale } = this.slabOf(place);
    const index = place % rowsPerSlab;
    const before = writtenIn[index] ?? -1;
    if (before === this.#scrape) return false;
    if (before < this.#scrape - 1) markedIn[index] = this.#scrape - 1;
    writtenIn[index] = this.#scrape;
    const cell = index * this.times.length + this.#count - 1;
    values[cell] = value;
    stale[cell] = 0;
    return true;
  }

  /** Ends the open column: every row that was not written gets a marker. */
  close(): void {
    const capacity = this.times.length;
    for (const { writtenIn, stale } of this.#slabs) {
      for (let index = 0, cell = this.#count - 1; index < rowsPerSlab; index += 1, cell += capacity) {
        if (writtenIn[index] !== this.#scrape) stale[cell] = 1;
      }
    }
  }

  /** Columns with `afterMs < t <= throughMs`, and the scrape of the first of all. All rows ask for the same ones, so the last answer is kept. */
  rangeOf(afterMs: number, throughMs: number): Range {
    const last = this.#range;
    if (last.scrape === this.#scrape && last.afterMs === afterMs && last.throughMs === throughMs) return last;
    const start = firstAfter(this.times, this.#count, afterMs);
    const end = firstAfter(this.times, this.#count, throughMs);
    const times = this.times.subarray(start, end);
    this.#range = { afterMs, throughMs, scrape: this.#scrape, start, end, firstIn: this.#firstIn, times };
    return this.#range;
  }

  /** The memory that the row of a place is in. */
  slabOf(place: number): Slab {
    const slab = this.#slabs[Math.floor(place / rowsPerSlab)];
    if (slab === undefined) throw new RangeError(`no memory for row ${place}`);
    return slab;
  }

  /** {@link StoredSeries.view} of a row. */
  view({ labels, place }: TargetRow, afterMs: number, throughMs: number): SeriesView | null {
    const range = this.rangeOf(afterMs, throughMs);
    const slab = this.slabOf(place);
    const index = place % rowsPerSlab;
    const start = startIn(range, slab, index);
    const { end } = range;
    if (start >= end) return null;
    const shift = index * this.times.length;
    const values = slab.values.subarray(shift, shift + end);
    const stale = isMarked(range, slab, index, start) ? slab.stale.subarray(shift, shift + end) : null;
    return { labels, times: this.times, values, stale, histograms: null, startTimes: null, start, end };
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
    for (const [index, { place }] of rows.entries()) {
      const slab = this.slabOf(place);
      const row = (place % rowsPerSlab) * this.times.length;
      const born = (slab.bornIn[place % rowsPerSlab] ?? 0) - this.#firstIn;
      for (let column = Math.max(start, born); column < end; column += 1) {
        const cell = (column - start) * rows.length + index;
        present[cell] = slab.stale[row + column] === 0 ? 1 : 0;
        values[cell] = slab.values[row + column] ?? 0;
      }
    }
    return { target, times, labels: this.#part.labels, values, present };
  }

  /** Those with samples from then on. While they stay the same, so does the list of their labels: who writes it down need not look at it again. */
  #partRows(firstIn: number): readonly TargetRow[] {
    const rows: TargetRow[] = [];
    for (const row of this.#places) if (row !== null && this.#writtenIn(row) >= firstIn) rows.push(row);
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
    // With the marker that ended it, which stands in the scrape after its newest sample.
    const freed = [...this.rows()].filter((row) => this.#writtenIn(row) < Math.min(this.#scrape, firstKeptIn - 1));
    for (const row of freed) {
      row.freed = true;
      this.#places[row.place] = null;
      this.#freePlaces.push(row.place);
    }
    return freed;
  }

  #dropColumns(dropped: number): void {
    this.times.copyWithin(0, dropped, this.#count);
    const capacity = this.times.length;
    for (const { values, stale } of this.#slabs) {
      for (let row = 0; row < values.length; row += capacity) {
        values.copyWithin(row, row + dropped, row + this.#count);
        stale.copyWithin(row, row + dropped, row + this.#count);
      }
    }
    this.#count -= dropped;
  }

  #grow(capacity: number): void {
    const before = this.times;
    this.times = new Float64Array(capacity);
    this.times.set(before);
    // Slab by slab, so that never more than one of them is there twice.
    for (const [index, slab] of this.#slabs.entries()) this.#slabs[index] = grown(slab, before.length, capacity);
  }

  /** Number of the scrape of a row's newest sample. */
  #writtenIn({ place }: TargetRow): number {
    return this.slabOf(place).writtenIn[place % rowsPerSlab] ?? -1;
  }
}

/** The columns that lie within some time. */
export interface Range {
  readonly afterMs: number;
  readonly throughMs: number;
  /** Number of the scrape after which this was so. */
  readonly scrape: number;
  readonly start: number;
  readonly end: number;
  /** Number of the scrape in the first column of all. */
  readonly firstIn: number;
  /** Those from `start` to `end`. */
  readonly times: Float64Array;
}

/** The first column of a row within a range; the end of the range when nothing of the row lies there, be it the marker that ended it. */
export function startIn({ start: first, end, firstIn }: Range, { bornIn, writtenIn }: Slab, index: number): number {
  const start = Math.max(first, (bornIn[index] ?? 0) - firstIn);
  return (writtenIn[index] ?? -1) + 1 - firstIn < start ? end : start;
}

/** Whether a row has a marker in that column or after. */
export function isMarked({ scrape, firstIn }: Range, { writtenIn, markedIn }: Slab, index: number, column: number): boolean {
  return (writtenIn[index] ?? -1) < scrape || (markedIn[index] ?? -1) - firstIn >= column;
}

function newSlab(capacity: number): Slab {
  return {
    values: new Float64Array(rowsPerSlab * capacity),
    stale: new Uint8Array(rowsPerSlab * capacity),
    bornIn: new Int32Array(rowsPerSlab),
    writtenIn: new Int32Array(rowsPerSlab).fill(-1),
    markedIn: new Int32Array(rowsPerSlab).fill(-1),
  };
}

function grown(slab: Slab, before: number, capacity: number): Slab {
  const { values, stale } = newSlab(capacity);
  for (let index = 0; index < rowsPerSlab; index += 1) {
    values.set(slab.values.subarray(index * before, (index + 1) * before), index * capacity);
    stale.set(slab.stale.subarray(index * before, (index + 1) * before), index * capacity);
  }
  return { ...slab, values, stale };
}
