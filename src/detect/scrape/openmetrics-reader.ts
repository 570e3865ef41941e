import type { MetricType } from '../../model/sample.ts';
import type { ExposedSeries, ExpositionLimits, MetricMetadata } from './exposition.ts';
import { ExpositionError } from './exposition-error.ts';
import { MetricTextError, parseMetricText, resolveEscapes, SharedStrings } from './metric-text.ts';
import { FamilyError, type FamilyType, MetricFamily } from './openmetrics-family.ts';
import { parseSampleValue } from './sample-value.ts';

const metricTypes: Readonly<Record<FamilyType, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  unknown: 'unknown',
  gaugehistogram: 'unknown',
  stateset: 'unknown',
  info: 'unknown',
};

/** Characters in the names and values of an exemplar's labels. */
const exemplarLabelsMax = 128;
const realNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const metadataLine = /^# (HELP|TYPE|UNIT) ("(?:[^"\\]|\\.)+"|[a-zA-Z_:][\w:]*) (.*)$/s;

/**
 * Reads an OpenMetrics 1.0 document into columns. Unlike the text format it leaves no freedom: one space between the parts, families
 * together and only once, `# EOF` at the end. Whoever calls a body OpenMetrics is held to it.
 */
export class OpenMetricsReader {
  readonly series: ExposedSeries[] = [];
  readonly values: number[] = [];
  readonly timesMs: number[] = [];
  readonly byText = new Map<string, ExposedSeries>();
  readonly metadata = new Map<string, MetricMetadata>();
  hasTimes = false;

  readonly #body: Uint8Array;
  readonly #limits: ExpositionLimits;
  readonly #known: ReadonlyMap<string, ExposedSeries>;
  readonly #shared = new SharedStrings();
  readonly #claimed = new Set<string>();
  #family: MetricFamily | null = null;
  #line = 0;

  constructor(body: Uint8Array, limits: ExpositionLimits, known: ReadonlyMap<string, ExposedSeries>) {
    this.#body = body;
    this.#limits = limits;
    this.#known = known;
  }

  /** Throws `ExpositionError` on the first line that is not in the format. */
  readAll(): void {
    let ended = false;
    for (let start = 0; start < this.#body.length; ) {
      this.#line += 1;
      const found = this.#body.indexOf(newline, start);
      const end = found === -1 ? this.#body.length : found;
      const line = this.#decode(start, end);
      if (ended) throw this.#error(0, 'nothing may follow # EOF', line);
      if (line === '# EOF') ended = true;
      else this.#guarded(line, () => (line.startsWith('#') ? this.#comment(line) : this.#sample(line)));
      start = end + 1;
    }
    this.#guarded('', () => this.#endFamily());
    if (!ended) throw this.#error(0, 'the document does not end with # EOF', '');
  }

  #guarded(line: string, read: () => void): void {
    try {
      read();
    } catch (error) {
      if (error instanceof MetricTextError) throw this.#error(error.offset, error.message, line.slice(error.offset));
      if (error instanceof FamilyError) throw this.#error(0, error.message, line);
      throw error;
    }
  }

  #comment(line: string): void {
    const [, keyword, name = '', text = ''] = metadataLine.exec(line) ?? [];
    if (keyword !== 'HELP' && keyword !== 'TYPE' && keyword !== 'UNIT')
      throw new MetricTextError(0, 'expected # HELP, # TYPE or # UNIT with a name and a text, or # EOF');
    const family = name.startsWith('"') ? resolveEscapes(name.slice(1, -1)) : name;
    if (this.#family?.name !== family) this.#beginFamily(family);
    this.#family?.setMetadata(keyword, keyword === 'HELP' ? resolveEscapes(text) : text);
  }

  #beginFamily(name: string): void {
    this.#endFamily();
    this.#family = new MetricFamily(name);
  }

  #endFamily(): void {
    const family = this.#family;
    if (family === null) return;
    family.finish();
    for (const name of family.claimedNames()) {
      if (this.#claimed.has(name)) throw new FamilyError(`the name ${name} is there twice`);
      this.#claimed.add(name);
    }
    if (this.metadata.size < this.#limits.samplesMax)
      this.metadata.set(family.name, { type: metricTypes[family.type], help: family.help ?? '' });
  }

  #sample(line: string): void {
    if (line === '') throw new MetricTextError(0, 'blank lines are not allowed');
    if (this.values.length >= this.#limits.samplesMax) throw new MetricTextError(0, `more than ${this.#limits.samplesMax} samples`);
    const metricEnd = endOfMetric(line);
    const series = this.#seriesOf(line.slice(0, metricEnd));
    const exemplarAt = line.indexOf(' # ', metricEnd);
    const numbers = line.slice(metricEnd, exemplarAt === -1 ? undefined : exemplarAt);
    const { value, atS } = valueAndTime(numbers, metricEnd);
    if (exemplarAt !== -1) checkExemplar(line, exemplarAt + 3);
    const name = series.labels['__name__'] ?? '';
    if (this.#family === null || !this.#family.owns(name)) this.#beginFamily(name);
    this.#family?.add({ labels: series.labels, value, atS, hasExemplar: exemplarAt !== -1 });
    this.series.push(series);
    this.values.push(value);
    this.timesMs.push(atS === null ? Number.NaN : Math.round(atS * 1_000));
    this.hasTimes ||= atS !== null;
  }

  #seriesOf(text: string): ExposedSeries {
    if (text.length > this.#limits.metricTextMax)
      throw new MetricTextError(0, `metric is longer than ${this.#limits.metricTextMax} characters`);
    const known = this.byText.get(text) ?? this.#known.get(text) ?? { labels: parseMetricText(text, this.#shared) };
    this.byText.set(text, known);
    return known;
  }

  #decode(start: number, end: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#body.subarray(start, end));
    } catch {
      throw this.#error(0, 'is not valid UTF-8', '');
    }
  }

  #error(offset: number, problem: string, excerpt: string): ExpositionError {
    return new ExpositionError(Math.max(1, this.#line), offset + 1, problem, excerpt);
  }
}

const newline = 10;

/** Behind the name or the closing brace. */
function endOfMetric(line: string): number {
  const brace = line.search(/[{ ]/);
  if (brace === -1) throw new MetricTextError(line.length, 'expected a value');
  return line[brace] === '{' ? endOfBraces(line, brace) : brace;
}

/** Behind the brace that closes the one at `start`. Refuses what the text format lets pass: blanks, and a comma before the brace. */
function endOfBraces(line: string, start: number): number {
  let quoted = false;
  for (let at = start + 1; at < line.length; at += 1) {
    const character = line[at];
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === ' ' || character === '\t') throw new MetricTextError(at, 'blanks are not allowed between labels');
    else if (character === '}') {
      if (line[at - 1] === ',') throw new MetricTextError(at - 1, 'a comma must be followed by a label');
      return at + 1;
    }
  }
  throw new MetricTextError(start, 'the brace is not closed');
}

/** ` 1` or ` 1 1700000000.5`, with its blanks. */
function valueAndTime(text: string, offset: number): { readonly value: number; readonly atS: number | null } {
  const [, lead, value = '', time] = /^( ?)([^ ]*)(?: ([^ ]*))?$/.exec(text) ?? [];
  if (lead === undefined) throw new MetricTextError(offset, 'expected one space, a value, and at most one space and a timestamp');
  if (lead === '') throw new MetricTextError(offset, 'expected a space');
  const number = parseSampleValue(value);
  if (number === null) throw new MetricTextError(offset + 1, value === '' ? 'expected a value' : 'is not a number');
  if (time !== undefined && !realNumber.test(time)) throw new MetricTextError(offset + 2 + value.length, 'is not a timestamp');
  return { value: number, atS: time === undefined ? null : Number(time) };
}

/** `{trace_id="x"} 0.5 1700000000`. Exemplars are not kept. */
function checkExemplar(line: string, start: number): void {
  if (line[start] !== '{') throw new MetricTextError(start, 'an exemplar begins with {');
  const end = endOfBraces(line, start);
  const labels = parseMetricText(`x${line.slice(start, end)}`);
  const pairs = Object.entries(labels).filter(([name]) => name !== '__name__');
  const size = pairs.reduce((sum, [name, value]) => sum + [...name].length + [...value].length, 0);
  if (size > exemplarLabelsMax)
    throw new MetricTextError(start, `labels of an exemplar have ${size} characters, limit ${exemplarLabelsMax}`);
  valueAndTime(line.slice(end), end);
}
