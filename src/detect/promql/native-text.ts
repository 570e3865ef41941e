import type { NativeHistogram, ResetHint, SparseBuckets } from '../series/native-histogram.ts';
import { formatShortest, parseFloat64 } from './go-float.ts';
import { customSchema, isCustom, nativeBuckets } from './native-buckets.ts';

/** A histogram in the notation of series descriptions. */
export interface DescribedHistogram {
  readonly histogram: NativeHistogram;
  /** The text names the hint, so it matters. */
  readonly hintGiven: boolean;
}

const listKeys = new Set(['buckets', 'n_buckets', 'custom_values']);
const numberKeys = new Set(['schema', 'sum', 'count', 'z_bucket', 'z_bucket_w', 'offset', 'n_offset']);

/** Reads `schema:0 count:4 buckets:[1 2 1]`, what stands between the double braces. Throws `Error` that says what is wrong. */
export function parseNativeHistogram(text: string): DescribedHistogram {
  const fields = readFields(text);
  const number = (key: string) => fields.numbers.get(key) ?? 0;
  const list = (key: string) => fields.lists.get(key) ?? [];
  const schema = number('schema');
  if (schema !== customSchema && !(Number.isInteger(schema) && schema >= -4 && schema <= 8))
    throw new Error(`unknown histogram schema ${schema}: must be -4 to 8, or -53 for custom bounds`);
  const histogram: NativeHistogram = {
    schema,
    hint: fields.hint ?? 'unknown',
    count: number('count'),
    sum: number('sum'),
    zeroThreshold: number('z_bucket_w'),
    zeroCount: number('z_bucket'),
    positive: listedBuckets(list('buckets'), number('offset')),
    negative: listedBuckets(list('n_buckets'), number('n_offset')),
    customValues: list('custom_values'),
  };
  return { histogram, hintGiven: fields.hint !== null };
}

/** Buckets one after the other. Empty ones between others stay, for what is made of them may be something: 0 times NaN is NaN. */
function listedBuckets(counts: readonly number[], offset: number): SparseBuckets {
  return { indexes: counts.map((_, index) => index + offset), counts };
}

interface Fields {
  readonly numbers: ReadonlyMap<string, number>;
  readonly lists: ReadonlyMap<string, readonly number[]>;
  readonly hint: ResetHint | null;
}

function readFields(text: string): Fields {
  const numbers = new Map<string, number>();
  const lists = new Map<string, readonly number[]>();
  let hint: ResetHint | null = null;
  for (const [, key = '', value = ''] of fieldsOf(text)) {
    if (numbers.has(key) || lists.has(key) || (key === 'counter_reset_hint' && hint !== null))
      throw new Error(`duplicate key ${JSON.stringify(key)} in histogram`);
    if (key === 'counter_reset_hint') hint = readHint(value);
    else if (listKeys.has(key)) lists.set(key, readList(key, value));
    else if (numberKeys.has(key)) numbers.set(key, readNumber(key, value));
    else throw new Error(`unknown key ${JSON.stringify(key)} in histogram`);
  }
  return { numbers, lists, hint };
}

function fieldsOf(text: string): RegExpExecArray[] {
  const field = /\s*([a-z_]+):(\[[^\]]*\]|[^\s[\]]+)/y;
  const found: RegExpExecArray[] = [];
  let end = 0;
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    found.push(match);
    end = field.lastIndex;
  }
  const rest = text.slice(end).trim();
  if (rest !== '') throw new Error(`unexpected ${JSON.stringify(rest.slice(0, 50))} in histogram, expected key:value`);
  return found;
}

function readNumber(key: string, text: string): number {
  const value = parseFloat64(text);
  if (value === null) throw new Error(`${key} of a histogram is no number: ${JSON.stringify(text)}`);
  return value;
}

function readList(key: string, text: string): readonly number[] {
  const inner = text.startsWith('[') ? text.slice(1, -1).trim() : text;
  return inner === '' ? [] : inner.split(/\s+/).map((item) => readNumber(key, item));
}

function readHint(text: string): ResetHint {
  if (text === 'unknown' || text === 'reset' || text === 'not_reset' || text === 'gauge') return text;
  throw new Error(`unknown counter_reset_hint ${JSON.stringify(text)}: must be unknown, reset, not_reset or gauge`);
}

/** A histogram as Prometheus prints it: `{count:4, sum:5, (0.5,1]:1, (1,2]:2}`. */
export function formatNativeHistogram(histogram: NativeHistogram): string {
  const buckets = nativeBuckets(histogram).map(({ kind, index, lower, upper, count }) => {
    const open = kind === 'positive' && !(isCustom(histogram) && index === 0) ? '(' : '[';
    const close = kind === 'negative' ? ')' : ']';
    return `, ${open}${formatShortest(lower)},${formatShortest(upper)}${close}:${formatShortest(count)}`;
  });
  return `{count:${formatShortest(histogram.count)}, sum:${formatShortest(histogram.sum)}${buckets.join('')}}`;
}
