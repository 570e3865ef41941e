import { type Labels, labelsOf } from '../../model/labels.ts';
import type { NativeHistogram } from './native-histogram.ts';
import type { LoosePart, ScrapePart, WindowPart } from './window-part.ts';

/**
 * Parts of windows as bytes that compress well. A log is a sequence of parts that is written and read in order: labels are written once, which
 * series a target has when that changes, and a value as what differs from the one before, byte by byte in planes, so that what hardly moves is
 * mostly zeros.
 *
 * A part is: length of the header (4 bytes), header (JSON), and for each scrape the numbers of its series where they are new, presence and
 * values; then those of the loose samples, with markers and instants.
 */
interface Header {
  /** Label sets that were not in the log before, each as names and values in turn. */
  readonly series: readonly (readonly string[])[];
  readonly scrapes: readonly ScrapeHeader[];
  readonly loose: number;
  /** The native histograms among them, with their places. They are rare, and differ too much to be compressed like numbers. */
  readonly histograms: readonly (readonly [number, NativeHistogram])[];
}

interface ScrapeHeader {
  readonly target: string;
  readonly times: readonly number[];
  readonly rows: number;
  /** The series are those of the part before of this target. */
  readonly same: boolean;
}

/** The series of a target: as a part names them, and by their numbers in the log. */
interface NumberedRows {
  readonly labels: readonly Labels[];
  readonly numbers: Uint32Array;
}

const wordBytes = 4;
const floatBytes = 8;

/** A float and its two halves. The bytes follow the machine: a log is read where it was written. */
const float = new Float64Array(1);
const halves = new Uint32Array(float.buffer);

/** The bits of the last value of each series, by its number: two words each. */
class LastBits {
  words = new Uint32Array(2_048);

  reserve(series: number): void {
    if (series * 2 <= this.words.length) return;
    const grown = new Uint32Array(series * 3);
    grown.set(this.words);
    this.words = grown;
  }
}

/** Writes the parts of one log. */
export class WindowLogWriter {
  readonly #numbers = new Map<Labels, number>();
  readonly #rows = new Map<string, NumberedRows>();
  readonly #last = new LastBits();

  encode({ scrapes, loose }: WindowPart): Uint8Array<ArrayBuffer> {
    const series: string[][] = [];
    const headers = scrapes.map((part) => this.#scrapeHeader(part, series));
    const looseRows = Uint32Array.from(loose.labels, (labels) => this.#number(labels, series));
    this.#last.reserve(this.#numbers.size);
    const header: Header = { series, scrapes: headers, loose: looseRows.length, histograms: [...loose.histograms] };
    const headerBytes = new TextEncoder().encode(JSON.stringify(header, numberAsText));
    const bytes = new Uint8Array(wordBytes + headerBytes.length + bodySize(header));
    new DataView(bytes.buffer).setUint32(0, headerBytes.length, true);
    bytes.set(headerBytes, wordBytes);
    let at = wordBytes + headerBytes.length;
    for (const [index, part] of scrapes.entries()) at = this.#putScrapes(bytes, at, part, headers[index]?.same === true);
    this.#putLoose(bytes, at, loose, looseRows);
    return bytes;
  }

  #scrapeHeader({ target, times, labels }: ScrapePart, series: string[][]): ScrapeHeader {
    const same = this.#rows.get(target)?.labels === labels;
    if (!same) this.#rows.set(target, { labels, numbers: Uint32Array.from(labels, (set) => this.#number(set, series)) });
    return { target, times: [...times], rows: labels.length, same };
  }

  #number(labels: Labels, series: string[][]): number {
    const known = this.#numbers.get(labels);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(labels, number);
    series.push(Object.entries(labels).flat());
    return number;
  }

  #putScrapes(bytes: Uint8Array, start: number, { target, values, present }: ScrapePart, same: boolean): number {
    const numbers = this.#rows.get(target)?.numbers ?? new Uint32Array();
    const presentAt = same ? start : putPlanes(bytes, start, distances(numbers));
    bytes.set(present, presentAt);
    return this.#putValues(bytes, presentAt + present.length, numbers, values, present);
  }

  #putLoose(bytes: Uint8Array, start: number, { times, values, stale }: LoosePart, numbers: Uint32Array): void {
    const staleAt = putPlanes(bytes, start, distances(numbers));
    bytes.set(stale, staleAt);
    const bits = new Uint32Array(times.buffer, times.byteOffset, times.length * 2);
    const valuesAt = putPlanes(bytes, staleAt + stale.length, bits);
    this.#putValues(bytes, valuesAt, numbers, values, null);
  }

  /** Values of rows again and again in the same order, each as what differs from the last of its series. Returns where they end. */
  #putValues(bytes: Uint8Array, at: number, numbers: Uint32Array, values: Float64Array, present: Uint8Array | null): number {
    const last = this.#last.words;
    const [low, high] = [new Uint32Array(values.length), new Uint32Array(values.length)];
    for (let cell = 0, row = 0; cell < values.length; cell += 1, row += 1) {
      if (row === numbers.length) row = 0;
      if (present !== null && present[cell] === 0) continue;
      const place = (numbers[row] ?? 0) * 2;
      float[0] = values[cell] ?? 0;
      const [lowBits, highBits] = [halves[0] ?? 0, halves[1] ?? 0];
      low[cell] = lowBits ^ (last[place] ?? 0);
      high[cell] = highBits ^ (last[place + 1] ?? 0);
      last[place] = lowBits;
      last[place + 1] = highBits;
    }
    return putPlanes(bytes, putPlanes(bytes, at, low), high);
  }
}

/** Reads the parts of one log, in the order in which they were written. */
export class WindowLogReader {
  readonly #series: Labels[] = [];
  readonly #rows = new Map<string, NumberedRows>();
  readonly #last = new LastBits();

  /** @throws RangeError when these are not the bytes of a part. Nothing that comes after it can be read then. */
  decode(bytes: Uint8Array): WindowPart {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const headerSize = view.getUint32(0, true);
    const header = headerOf(bytes.subarray(wordBytes, wordBytes + headerSize));
    if (bytes.length !== wordBytes + headerSize + bodySize(header)) throw new RangeError('a part of the windows has not the size it says');
    for (const flat of header.series) this.#series.push(labelSetOf(flat));
    this.#last.reserve(this.#series.length);
    let at = wordBytes + headerSize;
    const scrapes = header.scrapes.map((scrape) => {
      const part = this.#scrapes(bytes, at, scrape);
      at += scrapeSize(scrape);
      return part;
    });
    return { scrapes, loose: this.#loose(bytes, at, header) };
  }

  #scrapes(bytes: Uint8Array, start: number, { target, times, rows, same }: ScrapeHeader): ScrapePart {
    if (!same) this.#rows.set(target, this.#numbered(bytes, start, rows));
    const known = this.#rows.get(target);
    if (known?.labels.length !== rows) throw new RangeError(`a part of the windows does not say which ${rows} series ${target} has`);
    const presentAt = start + (same ? 0 : rows * wordBytes);
    const present = bytes.slice(presentAt, presentAt + rows * times.length);
    const values = this.#values(bytes, presentAt + present.length, known.numbers, present.length, present);
    return { target, times: Float64Array.from(times), labels: known.labels, values, present };
  }

  #loose(bytes: Uint8Array, start: number, { loose: count, histograms }: Header): LoosePart {
    const { labels, numbers } = this.#numbered(bytes, start, count);
    const staleAt = start + count * wordBytes;
    const timesAt = staleAt + count;
    const times = new Float64Array(readPlanes(bytes, timesAt, count * 2).buffer);
    const values = this.#values(bytes, timesAt + count * floatBytes, numbers, count, null);
    return { labels, times, values, stale: bytes.slice(staleAt, staleAt + count), histograms: new Map(histograms) };
  }

  #numbered(bytes: Uint8Array, start: number, count: number): NumberedRows {
    const numbers = readPlanes(bytes, start, count);
    for (let index = 1; index < count; index += 1) numbers[index] = (numbers[index] ?? 0) + (numbers[index - 1] ?? 0);
    const labels = Array.from(numbers, (number) => {
      const known = this.#series[number];
      if (known === undefined) throw new RangeError(`a part of the windows names series ${number} of ${this.#series.length}`);
      return known;
    });
    return { labels, numbers };
  }

  #values(bytes: Uint8Array, at: number, numbers: Uint32Array, count: number, present: Uint8Array | null): Float64Array {
    const last = this.#last.words;
    const [low, high] = [readPlanes(bytes, at, count), readPlanes(bytes, at + count * wordBytes, count)];
    const values = new Float64Array(count);
    for (let cell = 0, row = 0; cell < count; cell += 1, row += 1) {
      if (row === numbers.length) row = 0;
      if (present !== null && present[cell] === 0) continue;
      const place = (numbers[row] ?? 0) * 2;
      halves[0] = (low[cell] ?? 0) ^ (last[place] ?? 0);
      halves[1] = (high[cell] ?? 0) ^ (last[place + 1] ?? 0);
      last[place] = halves[0];
      last[place + 1] = halves[1];
      values[cell] = float[0] ?? 0;
    }
    return values;
  }
}

function scrapeSize({ rows, times, same }: ScrapeHeader): number {
  return (same ? 0 : rows * wordBytes) + rows * times.length * (1 + floatBytes);
}

function bodySize({ scrapes, loose }: Header): number {
  return scrapes.reduce((sum, scrape) => sum + scrapeSize(scrape), 0) + loose * (wordBytes + 1 + 2 * floatBytes);
}

/** Each number as its distance from the one before: series mostly come in the same order. */
function distances(numbers: Uint32Array): Uint32Array {
  return numbers.map((number, index) => number - (index === 0 ? 0 : (numbers[index - 1] ?? 0)));
}

/** All lowest bytes, then all second ones, and so on. Returns where they end. */
function putPlanes(bytes: Uint8Array, start: number, words: Uint32Array): number {
  let at = start;
  for (let shift = 0; shift < 32; shift += 8) {
    for (let index = 0; index < words.length; index += 1) bytes[at + index] = (words[index] ?? 0) >>> shift;
    at += words.length;
  }
  return at;
}

function readPlanes(bytes: Uint8Array, start: number, count: number): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(count);
  let at = start;
  for (let shift = 0; shift < 32; shift += 8) {
    for (let index = 0; index < count; index += 1) words[index] = (words[index] ?? 0) | ((bytes[at + index] ?? 0) << shift);
    at += count;
  }
  return words;
}

function headerOf(bytes: Uint8Array): Header {
  const header: unknown = parseJson(new TextDecoder().decode(bytes));
  if (typeof header !== 'object' || header === null) throw new RangeError('a part of the windows has no header');
  const { series, scrapes, loose, histograms } = header as Partial<Header>;
  const whole = [series, scrapes, histograms].every(Array.isArray) && Number.isSafeInteger(loose);
  const sized = whole && (scrapes ?? []).every(({ rows, times }) => Number.isSafeInteger(rows) && Array.isArray(times));
  if (!sized) throw new RangeError('the header of a part of the windows is not one');
  return header as Header;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, textAsNumber);
  } catch (error) {
    throw new RangeError('the header of a part of the windows is not JSON', { cause: error });
  }
}

/** JSON has neither NaN nor infinities; nothing else of a header is an object with that key. */
function numberAsText(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value;
}

function textAsNumber(_: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'number' in value ? Number(value.number) : value;
}

function labelSetOf(flat: readonly string[]): Labels {
  return labelsOf(Array.from({ length: flat.length / 2 }, (_, index) => [flat[index * 2] ?? '', flat[index * 2 + 1] ?? ''] as const));
}
