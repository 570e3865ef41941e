import { type Labels, labelsOf } from '../../model/labels.ts';
import { parseFloat64 } from './go-float.ts';
import { tokenize } from './lexer.ts';
import { addHistograms, subtractHistograms } from './native-arithmetic.ts';
import { type DescribedHistogram, parseNativeHistogram } from './native-text.ts';
import { parseBraces } from './parse-selector.ts';
import { PromqlError } from './promql-error.ts';
import { TokenReader } from './token-reader.ts';

/** One position of a described series: a number, a staleness marker, nothing, or a native histogram. */
export type DescribedValue = number | 'stale' | null | DescribedHistogram;

export interface SeriesDescription {
  readonly labels: Labels;
  readonly values: readonly DescribedValue[];
}

/** Longest expansion of one description; a test never needs more. */
const valuesMax = 1_000_000;

/** A series in the notation of Prometheus' tests: `http_requests{job="api"} 0+1x10 _ stale 5`. Throws `PromqlError`. */
export function parseSeriesDescription(text: string): SeriesDescription {
  const { labels, next } = readMetric(text);
  return { labels, values: readValues(text, next) };
}

/** A metric alone, `name{label="value"}`. Throws `PromqlError`. */
export function parseMetric(text: string): Labels {
  const { labels, next } = readMetric(text);
  if (text.slice(next).trim() !== '')
    throw new PromqlError(`unexpected text behind the metric: ${JSON.stringify(text.slice(next).trim())}`, next, text.length);
  return labels;
}

function readMetric(text: string): { labels: Labels; next: number } {
  const name = /^\s*([a-zA-Z_:][\w:]*)?/.exec(text);
  const nameEnd = name?.[0].length ?? 0;
  const pairs: (readonly [string, string])[] = name?.[1] === undefined ? [] : [['__name__', name[1]]];
  const rest = text.slice(nameEnd);
  const braceAt = nameEnd + (rest.length - rest.trimStart().length);
  if (text[braceAt] !== '{' || text[braceAt + 1] === '{') {
    if (pairs.length === 0) throw new PromqlError('expected a metric name or "{"', 0, text.length);
    return { labels: labelsOf(pairs), next: nameEnd };
  }
  const end = endOfBraces(text, braceAt);
  const { metric, matchers } = parseBraces(new TokenReader(text, tokenize(text.slice(braceAt, end))));
  if (metric !== null) pairs.push(['__name__', metric]);
  for (const { name: label, op, value } of matchers) {
    if (op !== '=') throw new PromqlError(`a series has label "${label}" with "=", not "${op}"`, braceAt, end);
    pairs.push([label, value]);
  }
  return { labels: labelsOf(pairs), next: end };
}

function endOfBraces(text: string, from: number): number {
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const character = text[at] ?? '';
    if (quote !== '') {
      if (character === '\\' && quote !== '`') at++;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'" || character === '`') quote = character;
    else if (character === '}') return at + 1;
  }
  throw new PromqlError('unexpected end of input inside braces', from, text.length);
}

function readValues(text: string, from: number): DescribedValue[] {
  const values: DescribedValue[] = [];
  const item = /\s*(\{\{[^}]*\}\}(?:[+-]\{\{[^}]*\}\})?(?:x\d+)?|\S+)/y;
  item.lastIndex = from;
  for (let match = item.exec(text); match !== null; match = item.exec(text)) {
    for (const value of expand(match[1] ?? '', match.index, text)) values.push(value);
    if (values.length > valuesMax) throw new PromqlError(`more than ${valuesMax} values`, match.index, item.lastIndex);
  }
  return values;
}

function* expand(item: string, at: number, text: string): Generator<DescribedValue> {
  const bad = new PromqlError(`unexpected value ${JSON.stringify(item)} in series values`, at, text.length);
  const repeat = /x(\d{1,9})$/.exec(item);
  const times = repeat === null ? 0 : Number(repeat[1]);
  if (times > valuesMax) throw bad;
  const body = repeat === null ? item : item.slice(0, repeat.index);
  if (body === '_') {
    for (let index = 0; index < Math.max(1, times); index++) yield null;
    return;
  }
  if (body === 'stale') return yield* repeated('stale', repeat === null ? 1 : times + 1);
  if (body.startsWith('{{')) return yield* histograms(body, times, at, text);
  yield* progression(body, times, repeat !== null, bad);
}

function* repeated(value: DescribedValue, count: number): Generator<DescribedValue> {
  for (let index = 0; index < count; index++) yield value;
}

/** `{{count:1}}+{{count:2}}x3`: one histogram and three more, each with the second one added (or subtracted). */
function* histograms(body: string, times: number, at: number, text: string): Generator<DescribedValue> {
  try {
    const [, first = '', sign, second] = /^\{\{([^}]*)\}\}(?:([+-])\{\{([^}]*)\}\})?$/.exec(body) ?? [];
    let value = parseNativeHistogram(first);
    if (second === undefined) return yield* repeated(value, times + 1);
    const change = parseNativeHistogram(second);
    const schema = value.histogram.schema;
    if (schema > change.histogram.schema)
      throw new Error(`cannot add a histogram of schema ${change.histogram.schema} to one of schema ${schema}`);
    yield value;
    for (let index = 0; index < times; index++) {
      const next = (sign === '-' ? subtractHistograms : addHistograms)(value.histogram, change.histogram);
      if (next === null) throw new Error('histograms with custom and with exponential buckets cannot be added');
      value = { histogram: next.histogram, hintGiven: value.hintGiven };
      yield value;
    }
  } catch (error) {
    if (error instanceof Error) throw new PromqlError(error.message, at, text.length);
    throw error;
  }
}

/** `1+2x3`: one value and three more, each 2 higher. */
function* progression(body: string, times: number, hasTimes: boolean, bad: PromqlError): Generator<DescribedValue> {
  const whole = numberOf(body);
  if (whole !== null) return yield* repeated(whole, times + 1);
  const parts = /^([+-]?[^+-]+(?:[eE][+-]\d+)?)([+-])([^+-]+(?:[eE][+-]\d+)?)$/.exec(body);
  const first = numberOf(parts?.[1] ?? '');
  const change = numberOf(parts?.[3] ?? '');
  if (!hasTimes || first === null || change === null) throw bad;
  let value = first;
  yield value;
  for (let index = 0; index < times; index++) {
    // Added up one by one, as upstream does: the rounding errors are part of the data.
    value += parts?.[2] === '-' ? -change : change;
    yield value;
  }
}

function numberOf(text: string): number | null {
  const value = parseFloat64(text);
  if (value !== null) return value;
  return /^[+-]?0x[0-9a-f]+$/i.test(text) ? Number(text.replace(/^[+-]/, '')) * (text.startsWith('-') ? -1 : 1) : null;
}
