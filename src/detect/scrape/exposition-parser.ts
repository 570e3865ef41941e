import type { ExposedSeries, Exposition, ExpositionFormat, ExpositionLimits } from './exposition.ts';
import { ExpositionError } from './exposition-error.ts';
import { LineReader } from './line-reader.ts';
import { OpenMetricsReader } from './openmetrics-reader.ts';
import { PositionalLayout } from './positional-layout.ts';

const defaultExpositionLimits: ExpositionLimits = { samplesMax: 200_000, metricTextMax: 65_536 };

/**
 * Reads the expositions of one target. It remembers how the last one was laid out: as long as the target prints the same series in the same
 * order, a scrape compares bytes and reads numbers, and makes no objects.
 */
export class ExpositionParser {
  readonly #limits: ExpositionLimits;
  #layout: PositionalLayout | null = null;
  #byText: ReadonlyMap<string, ExposedSeries> = new Map();
  /** Of the last OpenMetrics body. */
  #lastSeries: readonly ExposedSeries[] = [];

  constructor(limits: ExpositionLimits = defaultExpositionLimits) {
    this.#limits = limits;
  }

  /** Throws `ExpositionError` on the first line that is not in the format: then nothing of the body counts, as in Prometheus. */
  parse(body: Uint8Array, format: ExpositionFormat = 'prometheus'): Exposition {
    if (format === 'openmetrics') return this.#parseOpenMetrics(body);
    const layout = this.#layout;
    if (layout?.read(body)) return { series: layout.series, values: layout.values, timesMs: null, metadata: layout.metadata };
    refuseOtherFormats(body);
    refuseTooMany(body, this.#limits);
    const reader = new LineReader(body, this.#limits, this.#byText);
    reader.readAll();
    this.#byText = reader.byText;
    const values = Float64Array.from(reader.values);
    const timesMs = reader.hasTimes ? Float64Array.from(reader.timesMs) : null;
    const series = sameOrder(layout?.series, reader.series) ?? reader.series;
    this.#layout = reader.positional ? new PositionalLayout(body, reader, series, values) : null;
    return { series, values, timesMs, metadata: reader.metadata };
  }

  /** Its rules are about values, too, so that every body is read line by line. */
  #parseOpenMetrics(body: Uint8Array): Exposition {
    refuseOtherFormats(body);
    refuseTooMany(body, this.#limits);
    const reader = new OpenMetricsReader(body, this.#limits, this.#byText);
    reader.readAll();
    this.#byText = reader.byText;
    this.#layout = null;
    const series = sameOrder(this.#lastSeries, reader.series) ?? reader.series;
    this.#lastSeries = series;
    const timesMs = reader.hasTimes ? Float64Array.from(reader.timesMs) : null;
    return { series, values: Float64Array.from(reader.values), timesMs, metadata: reader.metadata };
  }
}

/** Only a comment may have changed: then the caller's own index of the series stays right. */
function sameOrder(before: readonly ExposedSeries[] | undefined, now: readonly ExposedSeries[]): readonly ExposedSeries[] | null {
  if (before === undefined || before.length !== now.length) return null;
  return now.every((series, index) => series === before[index]) ? before : null;
}

function refuseOtherFormats(body: Uint8Array): void {
  const start = body.findIndex((code) => code !== 32 && code !== 9 && code !== 10 && code !== 13);
  if (start === -1) return;
  if (body[start] === 0x3c) {
    const excerpt = new TextDecoder('latin1').decode(body.subarray(start, start + 60));
    throw new ExpositionError(1, 1, 'this is an HTML or XML page and no metrics; check the path of metrics_url, usually /metrics', excerpt);
  }
  if (body[start] === 0x1f && body[start + 1] === 0x8b) {
    throw new ExpositionError(1, 1, 'this is compressed, but the answer did not say so in Content-Encoding', '');
  }
}

/** Counted before anything is read: a page of millions of lines must not keep everything else waiting. */
function refuseTooMany(body: Uint8Array, { samplesMax }: ExpositionLimits): void {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let samples = 0;
  let line = 0;
  for (let start = 0; start < bytes.length; ) {
    line += 1;
    const end = bytes.indexOf(newline, start);
    if (bytes[start] !== hash && bytes[start] !== newline) samples += 1;
    if (samples > samplesMax) throw new ExpositionError(line, 1, `more than ${samplesMax} samples`, '');
    start = end === -1 ? bytes.length : end + 1;
  }
}

const newline = 10;
const hash = 35;
