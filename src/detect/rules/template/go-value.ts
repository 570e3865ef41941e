import { formatShortest } from '../../promql/go-float.ts';
import { formatDurationText, formatTime } from './go-time.ts';

/** A Go map with string keys. `zero` is what a missing key gives: empty text for `map[string]string`, nothing for `map[string]any`. */
export class GoMap {
  readonly entries: ReadonlyMap<string, GoValue>;
  readonly zero: '' | undefined;

  constructor(entries: Iterable<readonly [string, GoValue]>, zero: '' | undefined) {
    this.entries = new Map(entries);
    this.zero = zero;
  }
}

/** A Go struct: only these fields exist, asking for another is an error. */
export class GoStruct {
  readonly type: string;
  readonly fields: ReadonlyMap<string, GoValue>;
  /** What its method `String` gives; null: it has none. */
  readonly text: string | null;

  constructor(type: string, fields: Iterable<readonly [string, GoValue]>, text: string | null = null) {
    this.type = type;
    this.fields = new Map(fields);
    this.text = text;
  }
}

/** An instant in UTC, in nanoseconds since the epoch. */
export class GoTime {
  readonly unixNs: bigint;

  constructor(unixNs: bigint) {
    this.unixNs = unixNs;
  }
}

/** A length of time in nanoseconds. */
export class GoDuration {
  readonly ns: bigint;

  constructor(ns: bigint) {
    this.ns = ns;
  }
}

/**
 * A value in a template, as Go sees it: `bigint` is an integer, `number` a float64, `null` a nil, `undefined` no value at all.
 */
export type GoValue = string | boolean | number | bigint | null | undefined | GoMap | GoStruct | GoTime | GoDuration | readonly GoValue[];

/** A `map[string]string` from an object. */
export function stringMap(record: Readonly<Record<string, string>>): GoMap {
  return new GoMap(Object.entries(record), '');
}

export function isList(value: GoValue): value is readonly GoValue[] {
  return Array.isArray(value);
}

/** Whether `if` takes the value for true: not the zero value of its type. */
export function isTrue(value: GoValue): boolean {
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value === 'number') return value !== 0;
  if (isList(value)) return value.length > 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  if (value instanceof GoDuration) return value.ns !== 0n;
  return value instanceof GoStruct || value instanceof GoTime || Boolean(value);
}

/** The value as `%v` prints it. */
export function formatGoValue(value: GoValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatShortest(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value === null) return '<nil>';
  if (value === undefined) return '<no value>';
  if (isList(value)) return `[${value.map(formatGoValue).join(' ')}]`;
  if (value instanceof GoTime) return formatTime(value.unixNs);
  if (value instanceof GoDuration) return formatDurationText(value.ns);
  if (value instanceof GoStruct && value.text !== null) return value.text;
  if (value instanceof GoStruct) return `{${[...value.fields.values()].map(formatGoValue).join(' ')}}`;
  const pairs = sortedEntries(value).map(([key, item]) => `${key}:${formatGoValue(item)}`);
  return `map[${pairs.join(' ')}]`;
}

/** The entries of a map in the order in which Go's templates and `%v` go through them. */
export function sortedEntries(map: GoMap): [string, GoValue][] {
  return [...map.entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The Go type, for messages. */
export function typeName(value: GoValue): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'boolean') return 'bool';
  if (value === null || value === undefined) return 'nil';
  if (isList(value)) return '[]interface {}';
  if (value instanceof GoTime) return 'time.Time';
  if (value instanceof GoDuration) return 'time.Duration';
  if (value instanceof GoStruct) return value.type;
  return value.zero === '' ? 'map[string]string' : 'map[string]interface {}';
}
