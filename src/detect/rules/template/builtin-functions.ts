import { formatShortest } from '../../promql/go-float.ts';
import { sprintf } from './go-printf.ts';
import { formatGoValue, GoMap, type GoValue, isList, isTrue, typeName } from './go-value.ts';
import { TemplateFunctionError } from './template-error.ts';
import type { TemplateFunction } from './template-executor.ts';

/** The functions that every Go template has; `and` and `or` are part of the executor, which need not look at all arguments. */
export const builtinFunctions: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ['and', (args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1)],
  ['or', (args) => args.find(isTrue) ?? args.at(-1)],
  ['not', (args) => !isTrue(args[0])],
  ['eq', ([first, ...others]) => others.some((other) => equal(first, other))],
  ['ne', ([first, second]) => !equal(first, second)],
  ['lt', ([first, second]) => less(first, second)],
  ['le', ([first, second]) => less(first, second) || equal(first, second)],
  ['gt', ([first, second]) => !less(first, second) && !equal(first, second) && !unordered(first, second)],
  ['ge', ([first, second]) => !less(first, second) && !unordered(first, second)],
  ['len', ([value]) => BigInt(lengthOf(value))],
  ['index', ([value, ...keys]) => keys.reduce<GoValue>(indexed, value)],
  ['slice', sliced],
  ['print', printed],
  ['println', (args) => `${args.map(formatGoValue).join(' ')}\n`],
  ['printf', ([format, ...args]) => sprintf(text(format), args)],
  ['html', (args) => escapeHtml(printed(args))],
  ['js', (args) => escapeJs(printed(args))],
  [
    'urlquery',
    (args) =>
      encodeURIComponent(printed(args))
        .replaceAll('%20', '+')
        .replace(/[!'()*]/g, percent),
  ],
]);

function text(value: GoValue): string {
  if (typeof value === 'string') return value;
  throw new TemplateFunctionError(`wrong type for value; expected string; got ${typeName(value)}`);
}

type Basic = string | number | bigint | boolean;

function isBasic(value: GoValue): value is Basic {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
}

function unlike(a: GoValue, b: GoValue): TemplateFunctionError {
  return new TemplateFunctionError(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
}

function equal(a: GoValue, b: GoValue): boolean {
  if (a === null || a === undefined || b === null || b === undefined) return (a ?? null) === (b ?? null);
  if (isBasic(a) && isBasic(b) && typeof a === typeof b) return a === b;
  if (isBasic(a) || isBasic(b)) throw unlike(a, b);
  throw new TemplateFunctionError(`non-comparable type ${formatGoValue(b)}: ${typeName(b)}`);
}

function less(a: GoValue, b: GoValue): boolean {
  if (!isBasic(a) || !isBasic(b)) throw new TemplateFunctionError('invalid type for comparison');
  if (typeof a !== typeof b) throw unlike(a, b);
  if (typeof a === 'boolean') throw new TemplateFunctionError('invalid type for comparison');
  return a < b;
}

function unordered(a: GoValue, b: GoValue): boolean {
  return Number.isNaN(a) || Number.isNaN(b);
}

function lengthOf(value: GoValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (isList(value)) return value.length;
  if (value instanceof GoMap) return value.entries.size;
  throw new TemplateFunctionError(`len of type ${typeName(value)}`);
}

function indexed(value: GoValue, key: GoValue): GoValue {
  if (value instanceof GoMap) return value.entries.has(text(key)) ? value.entries.get(text(key)) : value.zero;
  if (!isList(value) && typeof value !== 'string') throw new TemplateFunctionError(`can't index item of type ${typeName(value)}`);
  const index = position(key, lengthOf(value));
  if (index >= lengthOf(value)) throw new TemplateFunctionError(`index out of range: ${index}`);
  return typeof value === 'string' ? BigInt(Buffer.from(value)[index] ?? 0) : value[index];
}

function position(key: GoValue, limit: number): number {
  if (typeof key !== 'bigint') throw new TemplateFunctionError(`cannot index slice/array with type ${typeName(key)}`);
  if (key < 0n || key > BigInt(limit)) throw new TemplateFunctionError(`index out of range: ${key}`);
  return Number(key);
}

function sliced([value, ...bounds]: readonly GoValue[]): GoValue {
  if (!isList(value) && typeof value !== 'string') throw new TemplateFunctionError(`can't slice item of type ${typeName(value)}`);
  const length = lengthOf(value);
  const [start = 0, end = length] = bounds.slice(0, 2).map((bound) => position(bound, length));
  if (start > end) throw new TemplateFunctionError(`invalid slice index: ${start} > ${end}`);
  return typeof value === 'string' ? Buffer.from(value).subarray(start, end).toString() : value.slice(start, end);
}

/** fmt.Sprint: a space between two operands when neither is a string. */
function printed(args: readonly GoValue[]): string {
  return args
    .map((arg, index) => {
      const before = args[index - 1];
      const gap = index > 0 && typeof arg !== 'string' && typeof before !== 'string';
      return (gap ? ' ' : '') + (typeof arg === 'number' ? formatShortest(arg) : formatGoValue(arg));
    })
    .join('');
}

const htmlEscapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  '\0': '\uFFFD',
};

function escapeHtml(value: string): string {
  return value.replace(/[&<>"'\0]/g, (character) => htmlEscapes[character] ?? character);
}

function escapeJs(value: string): string {
  return value.replace(/[\\'"<>&=\p{Cc}]/gu, (character) => {
    if (character === '\\' || character === "'" || character === '"') return `\\${character}`;
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
