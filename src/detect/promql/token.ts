import { quote } from './go-string.ts';
import { bytesOf } from './promql-error.ts';

/**
 * A piece of PromQL text. `kind` is `number`, `duration`, `string`, `identifier`, `metric` (an identifier with a colon), `eof`,
 * `error`, or the punctuation or lower-case keyword itself. For `error`, `text` is the message.
 */
export interface Token {
  readonly kind: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export const aggregators: ReadonlySet<string> = new Set([
  ...['sum', 'avg', 'count', 'min', 'max', 'group', 'stddev', 'stdvar'],
  ...['topk', 'bottomk', 'count_values', 'quantile', 'limitk', 'limit_ratio'],
]);

/** Aggregators whose first argument is a parameter. */
export const parameterised: ReadonlySet<string> = new Set(['topk', 'bottomk', 'quantile', 'limitk', 'limit_ratio', 'count_values']);

export const setOperators: ReadonlySet<string> = new Set(['and', 'or', 'unless']);
export const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
/** Operators that only native histograms know. */
export const trims: ReadonlySet<string> = new Set(['</', '>/']);

const wordOperators: ReadonlySet<string> = new Set([...setOperators, 'atan2']);
const plainKeywords: ReadonlySet<string> = new Set([
  ...['by', 'without', 'on', 'ignoring', 'group_left', 'group_right', 'bool', 'offset', 'fill', 'fill_left', 'fill_right'],
  ...['start', 'end', 'step', 'range', 'anchored', 'smoothed', 'min_of', 'max_of'],
]);
const keywords: ReadonlySet<string> = new Set([...aggregators, ...wordOperators, ...plainKeywords]);
const symbolOperators: ReadonlySet<string> = new Set([...comparisons, '+', '-', '*', '/', '%', '^', '=~', '!~', '@', '</', '>/']);

/** Keywords that cannot also name a metric. */
const reserved: ReadonlySet<string> = new Set(['bool', 'on', 'ignoring', 'group_left', 'group_right', 'atan2']);

export function isKeyword(lowerCase: string): boolean {
  return keywords.has(lowerCase);
}

/** Whether the token may stand where a metric name is expected. */
export function namesMetric({ kind }: Token): boolean {
  return kind === 'identifier' || kind === 'metric' || (isKeyword(kind) && !reserved.has(kind));
}

/** Whether the token may stand where a label name is expected outside of braces. */
export function namesLabel({ kind }: Token): boolean {
  return kind === 'identifier' || (isKeyword(kind) && kind !== 'without');
}

/** Whether the token may stand in front of a function's arguments. */
export function namesFunction({ kind }: Token): boolean {
  return kind === 'identifier' || preprocessors.has(kind);
}

/** Words that Prometheus' lexer does not count among its keywords. */
const preprocessors: ReadonlySet<string> = new Set(['start', 'end', 'step', 'range', 'min_of', 'max_of']);

/** A token as error messages call it. Wording of Prometheus' parser. */
export function describeToken({ kind, text }: Token): string {
  if (kind === 'eof') return 'end of input';
  if (kind === 'metric') return `metric identifier ${quote(text)}`;
  if (kind === 'identifier') return `identifier ${quote(text)}`;
  if (kind === 'number' || kind === 'duration' || kind === 'string') return `${kind} ${shortened(text)}`;
  if (aggregators.has(kind)) return `<aggr:${text}>`;
  if (symbolOperators.has(kind) || wordOperators.has(kind)) return `<op:${text}>`;
  if (plainKeywords.has(kind) && !preprocessors.has(kind)) return `<${text}>`;
  return shortened(text);
}

const shownBytesMax = 10;

/** Quoted, and cut when it is long. */
function shortened(text: string): string {
  const characters = [...text];
  if (bytesOf(text) <= shownBytesMax) return quote(text);
  return `${quote(characters.slice(0, shownBytesMax).join(''))}...`;
}
