import type { ExposedSeries, MetricMetadata } from './exposition.ts';
import { DecimalReader, parseSampleValue } from './sample-value.ts';

/** Where the values stood in a body: `starts[i]` to `ends[i]` is the text of value `i`. */
export interface ValueSpans {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly metadata: ReadonlyMap<string, MetricMetadata>;
}

/**
 * The text between the values of an exposition: names, labels, comments. A target prints the same text again and again with other
 * numbers in it, so that the next body is read by comparing this text and reading the numbers between.
 */
export class PositionalLayout {
  readonly series: readonly ExposedSeries[];
  readonly values: Float64Array;
  readonly metadata: ReadonlyMap<string, MetricMetadata>;
  readonly #text: Uint8Array;
  readonly #view: DataView;
  readonly #lengths: Int32Array;
  readonly #decimal = new DecimalReader();

  constructor(body: Uint8Array, spans: ValueSpans, series: readonly ExposedSeries[], values: Float64Array) {
    this.series = series;
    this.values = values;
    this.metadata = spans.metadata;
    const { starts, ends } = spans;
    const valueBytes = starts.reduce((sum, start, index) => sum + (ends[index] ?? start) - start, 0);
    this.#text = new Uint8Array(body.length - valueBytes);
    this.#view = new DataView(this.#text.buffer);
    this.#lengths = new Int32Array(starts.length + 1);
    let from = 0;
    let at = 0;
    for (let index = 0; index <= starts.length; index += 1) {
      const until = starts[index] ?? body.length;
      this.#text.set(body.subarray(from, until), at);
      this.#lengths[index] = until - from;
      at += until - from;
      from = ends[index] ?? body.length;
    }
  }

  /** Whether the body has this layout; `values` then holds its numbers. When it has not, `values` is to be thrown away. */
  read(body: Uint8Array): boolean {
    const bodyView = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const { values } = this;
    const lengths = this.#lengths;
    const decimal = this.#decimal;
    let at = 0;
    let textAt = 0;
    for (let index = 0; index < values.length; index += 1) {
      const length = lengths[index] ?? 0;
      if (at + length >= body.length || !sameBytes(bodyView, at, this.#view, textAt, length)) return false;
      at += length;
      textAt += length;
      decimal.read(body, at);
      if (decimal.end === -1) {
        const end = valueEnd(body, at);
        const value = parseSampleValue(latin1(body, at, end));
        if (value === null) return false;
        values[index] = value;
        at = end;
      } else {
        values[index] = decimal.value;
        at = decimal.end;
      }
    }
    const tail = lengths[values.length] ?? 0;
    return at + tail === body.length && sameBytes(bodyView, at, this.#view, textAt, tail);
  }
}

function sameBytes(a: DataView, aStart: number, b: DataView, bStart: number, length: number): boolean {
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    if (a.getInt32(aStart + index, true) !== b.getInt32(bStart + index, true)) return false;
  }
  for (; index < length; index += 1) {
    if (a.getUint8(aStart + index) !== b.getUint8(bStart + index)) return false;
  }
  return true;
}

/** A value ends where the next blank or line end is; the caller checks what it reads there. */
function valueEnd(body: Uint8Array, start: number): number {
  let end = start;
  for (let code = body[end]; code !== undefined && code !== 10 && code !== 32 && code !== 9; code = body[end]) end += 1;
  return end;
}

function latin1(body: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...body.subarray(start, Math.min(end, start + 500)));
}
