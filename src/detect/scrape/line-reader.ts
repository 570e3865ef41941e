import type { MetricType } from '../../model/sample.ts';
import type { ExposedSeries, ExpositionLimits, MetricMetadata } from './exposition.ts';
import { ExpositionError } from './exposition-error.ts';
import { MetricTextError, parseMetricText, resolveEscapes, SharedStrings } from './metric-text.ts';
import { DecimalReader, parseSampleValue } from './sample-value.ts';

const metricTypes: Readonly<Record<string, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  untyped: 'unknown',
  unknown: 'unknown',
  gaugehistogram: 'unknown',
  stateset: 'unknown',
  info: 'unknown',
};

const newline = 10;
const hash = 35;

/** Reads a body in the text format line by line into columns. Series whose text was seen before are taken from `known` instead of being parsed again. */
export class LineReader {
  readonly series: ExposedSeries[] = [];
  readonly values: number[] = [];
  readonly timesMs: number[] = [];
  /** Offsets of each value in the body. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly byText = new Map<string, ExposedSeries>();
  readonly metadata = new Map<string, MetricMetadata>();
  hasTimes = false;
  /** Whether nothing but values may differ in the next body: no timestamps, no exemplars. */
  positional = true;

  readonly #body: Buffer;
  readonly #limits: ExpositionLimits;
  readonly #known: ReadonlyMap<string, ExposedSeries>;
  readonly #decimal = new DecimalReader();
  readonly #shared = new SharedStrings();
  #lineStart = 0;
  #line = 0;

  constructor(body: Uint8Array, limits: ExpositionLimits, known: ReadonlyMap<string, ExposedSeries>) {
    this.#body = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#limits = limits;
    this.#known = known;
  }

  readAll(): void {
    const body = this.#body;
    while (this.#lineStart < body.length) {
      this.#line += 1;
      const found = body.indexOf(newline, this.#lineStart);
      const end = found === -1 ? body.length : found;
      const start = skipBlanks(body, this.#lineStart, end);
      if (start < end) {
        if (body[start] === hash) this.#comment(body.toString('utf8', start, Math.min(end, start + this.#limits.metricTextMax)));
        else this.#sample(start, end);
      }
      this.#lineStart = end + 1;
    }
  }

  #sample(start: number, lineEnd: number): void {
    const body = this.#body;
    const metricEnd = endOfMetric(body, start, lineEnd);
    const series = this.#seriesOf(start, metricEnd);
    const valueStart = skipBlanks(body, metricEnd, lineEnd);
    const valueEnd = endOfToken(body, valueStart, lineEnd);
    const value = this.#value(valueStart, valueEnd);
    const rest = skipBlanks(body, valueEnd, lineEnd);
    const timeMs = rest < lineEnd ? this.#afterValue(rest, lineEnd) : Number.NaN;
    if (valueEnd !== lineEnd) this.positional = false;
    if (this.values.length >= this.#limits.samplesMax) throw this.#error(start, `more than ${this.#limits.samplesMax} samples`, '');
    this.series.push(series);
    this.values.push(value);
    this.timesMs.push(timeMs);
    this.starts.push(valueStart);
    this.ends.push(valueEnd);
  }

  #seriesOf(start: number, end: number): ExposedSeries {
    if (end - start > this.#limits.metricTextMax) throw this.#error(start, `metric is longer than ${this.#limits.metricTextMax} bytes`, '');
    const text = this.#body.toString('latin1', start, end);
    const known = this.byText.get(text) ?? this.#known.get(text) ?? this.#parseSeries(start, end);
    this.byText.set(text, known);
    return known;
  }

  #parseSeries(start: number, end: number): ExposedSeries {
    const text = this.#decode(start, end);
    try {
      return { labels: parseMetricText(text, this.#shared) };
    } catch (error) {
      if (error instanceof MetricTextError) throw this.#error(start + error.offset, error.message, text.slice(error.offset));
      throw error;
    }
  }

  #value(start: number, end: number): number {
    if (start === end) throw this.#error(start, 'expected a value', this.#lineText());
    this.#decimal.read(this.#body, start);
    if (this.#decimal.end === end) return this.#decimal.value;
    const text = this.#body.toString('latin1', start, Math.min(end, start + 500));
    const value = parseSampleValue(text);
    if (value === null) throw this.#error(start, 'is not a number', text);
    return value;
  }

  /** A timestamp, an exemplar, or both. Exemplars are not kept. */
  #afterValue(start: number, lineEnd: number): number {
    if (this.#body[start] === hash) return Number.NaN;
    const end = endOfToken(this.#body, start, lineEnd);
    const text = this.#body.toString('latin1', start, Math.min(end, start + 40));
    const rest = skipBlanks(this.#body, end, lineEnd);
    if (rest < lineEnd && this.#body[rest] !== hash) throw this.#error(rest, 'expected the end of the line', this.#lineText());
    if (!/^\d{1,18}$/.test(text)) throw this.#error(start, 'is not a timestamp', text);
    this.hasTimes = true;
    return Number(text);
  }

  #comment(text: string): void {
    const match = /^#[ \t]*(HELP|TYPE)[ \t]+("(?:[^"\\]|\\.)*"|[^ \t]+)(?:[ \t]+(.*))?$/s.exec(text);
    if (match === null) return;
    const [, keyword, name = '', rest = ''] = match;
    const metric = name.startsWith('"') ? resolveEscapes(name.slice(1, -1)) : name;
    const before = this.metadata.get(metric) ?? { type: 'unknown', help: '' };
    if (keyword === 'HELP') {
      this.metadata.set(metric, { ...before, help: resolveEscapes(rest) });
      return;
    }
    const type = Object.hasOwn(metricTypes, rest.trim()) ? metricTypes[rest.trim()] : undefined;
    if (type === undefined) throw this.#error(this.#lineStart, `is not a type of ${metric}`, rest);
    this.metadata.set(metric, { ...before, type });
  }

  #decode(start: number, end: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#body.subarray(start, end));
    } catch {
      throw this.#error(start, 'is not valid UTF-8', this.#body.toString('latin1', start, end));
    }
  }

  #lineText(): string {
    const end = this.#body.indexOf(newline, this.#lineStart);
    return this.#body.toString('utf8', this.#lineStart, Math.min(end === -1 ? this.#body.length : end, this.#lineStart + 200));
  }

  #error(offset: number, problem: string, excerpt: string): ExpositionError {
    return new ExpositionError(this.#line, offset - this.#lineStart + 1, problem, excerpt);
  }
}

function skipBlanks(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (body[at] === 32 || body[at] === 9)) at += 1;
  return at;
}

function endOfToken(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && body[at] !== 32 && body[at] !== 9) at += 1;
  return at;
}

/** Behind the name or the closing brace; the end of the line when the braces do not close. */
function endOfMetric(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && body[at] !== 123 && body[at] !== 32 && body[at] !== 9) at += 1;
  const brace = skipBlanks(body, at, end);
  if (body[brace] !== 123 || brace >= end) return at;
  let quoted = false;
  for (at = brace + 1; at < end; at += 1) {
    const code = body[at];
    if (code === 92 && quoted) at += 1;
    else if (code === 34) quoted = !quoted;
    else if (code === 125 && !quoted) return at + 1;
  }
  return end;
}
