import { RE2JS } from 're2js';
import { expandTemplate } from '../../promql/go-regexp-expand.ts';
import type { NativeHistogram } from '../../series/native-histogram.ts';
import { readDuration } from '../duration-text.ts';
import { GoMap, GoStruct, type GoValue, isList, stringMap, typeName } from './go-value.ts';
import { sampleValue } from './histogram-value.ts';
import {
  durationOf,
  floatOf,
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
  timeOf,
} from './humanize.ts';
import { TemplateFunctionError } from './template-error.ts';
import type { TemplateFunction } from './template-executor.ts';

/** An element of a query's result, as templates see it. */
export interface TemplateSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Absent: the value is the float. */
  readonly histogram?: NativeHistogram;
}

/** What the functions of Prometheus know besides their arguments. */
export interface TemplateWorld {
  /** Evaluates PromQL at the instant of the expansion. Throws an Error with a message for people. */
  readonly query: (expr: string) => readonly TemplateSample[];
  /** The instant of the expansion, in ms. */
  readonly atMs: number;
  /** Where the user interface is reached from outside, without a slash at its end; may be empty. */
  readonly externalUrl: string;
}

/** Longest text that a regular expression of a template is run over. */
const regexTextMax = 100_000;

/** The functions that Prometheus adds to Go's. */
export function prometheusFunctions(world: TemplateWorld): Map<string, TemplateFunction> {
  return new Map<string, TemplateFunction>([
    ...textFunctions,
    ...sampleFunctions,
    ...numberFunctions,
    ['query', ([expr]) => queryResult(world, text(expr))],
    ['now', () => world.atMs / 1_000],
    ['externalURL', () => world.externalUrl],
    ['pathPrefix', () => pathOf(world.externalUrl)],
  ]);
}

function text(value: GoValue): string {
  if (typeof value === 'string') return value;
  throw new TemplateFunctionError(`wrong type for value; expected string; got ${typeName(value)}`);
}

const textFunctions: readonly (readonly [string, TemplateFunction])[] = [
  ['title', ([value]) => titleCase(text(value))],
  ['toUpper', ([value]) => text(value).toUpperCase()],
  ['toLower', ([value]) => text(value).toLowerCase()],
  ['safeHtml', ([value]) => text(value)],
  ['match', ([pattern, value]) => regex(pattern).matcher(bounded(value)).find()],
  ['reReplaceAll', ([pattern, template, value]) => replaceAll(regex(pattern), text(template), bounded(value))],
  ['stripPort', ([value]) => stripPort(text(value))],
  ['stripDomain', ([value]) => stripDomain(text(value))],
  ['urlQueryEscape', ([value]) => queryEscape(text(value))],
  ['graphLink', ([expr]) => `/graph?g0.expr=${queryEscape(text(expr))}&g0.tab=0`],
  ['tableLink', ([expr]) => tableLink(text(expr))],
];

const words = new Intl.Segmenter('en-US', { granularity: 'word' });

/** The first letter of each word as at the start of a title, the others as they are. Words are those of Unicode: `a.b` is one, `a-b` are two. */
function titleCase(value: string): string {
  return Array.from(words.segment(value), ({ segment }) =>
    segment.replace(/\p{Cased}/u, (letter) => {
      const [first = '', ...rest] = letter.toUpperCase();
      return first + rest.join('').toLowerCase();
    }),
  ).join('');
}

/** Where the user interface of Prometheus shows an expression as a table. */
export function tableLink(expr: string): string {
  return `/graph?g0.expr=${queryEscape(expr)}&g0.tab=1`;
}

const numberFunctions: readonly (readonly [string, TemplateFunction])[] = [
  ['humanize', ([value]) => humanize(value)],
  ['humanize1024', ([value]) => humanize1024(value)],
  ['humanizeDuration', ([value]) => humanizeDuration(value)],
  ['humanizePercentage', ([value]) => humanizePercentage(value)],
  ['humanizeTimestamp', ([value]) => humanizeTimestamp(value)],
  ['toTime', ([value]) => timeOf(floatOf(value))],
  ['toDuration', ([value]) => durationOf(floatOf(value))],
  ['parseDuration', ([value]) => secondsOf(text(value))],
];

const sampleFunctions: readonly (readonly [string, TemplateFunction])[] = [
  ['first', ([samples]) => firstOf(samples)],
  ['value', ([sample]) => sampleField(sample, 'Value')],
  ['label', ([name, sample]) => labelOf(text(name), sample)],
  ['strvalue', ([sample]) => labelOf('__value__', sample)],
  ['sortByLabel', ([name, samples]) => sortedByLabel(text(name), samples)],
  [
    'args',
    (args) =>
      new GoMap(
        args.map((arg, index) => [`arg${index}`, arg] as const),
        undefined,
      ),
  ],
];

function queryResult(world: TemplateWorld, expr: string): GoValue {
  try {
    return world.query(expr).map(
      ({ labels, value, histogram }) =>
        new GoStruct('*template.sample', [
          ['Labels', stringMap(labels)],
          ['Value', sampleValue(value, histogram)],
        ]),
    );
  } catch (error) {
    throw new TemplateFunctionError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function firstOf(samples: GoValue): GoValue {
  if (!isList(samples)) throw new TemplateFunctionError(`wrong type for value; expected template.queryResult; got ${typeName(samples)}`);
  if (samples.length > 0) return samples[0];
  throw new TemplateFunctionError('first() called on vector with no elements');
}

function sampleField(sample: GoValue, field: 'Labels' | 'Value'): GoValue {
  if (sample instanceof GoStruct && sample.fields.has(field)) return sample.fields.get(field);
  throw new TemplateFunctionError(`wrong type for value; expected *template.sample; got ${typeName(sample)}`);
}

function labelOf(name: string, sample: GoValue): string {
  const labels = sampleField(sample, 'Labels');
  const value = labels instanceof GoMap ? labels.entries.get(name) : '';
  return typeof value === 'string' ? value : '';
}

function sortedByLabel(name: string, samples: GoValue): GoValue {
  if (!isList(samples)) throw new TemplateFunctionError(`wrong type for value; expected template.queryResult; got ${typeName(samples)}`);
  return [...samples].sort((a, b) => (labelOf(name, a) < labelOf(name, b) ? -1 : labelOf(name, a) > labelOf(name, b) ? 1 : 0));
}

function regex(pattern: GoValue): RE2JS {
  try {
    return RE2JS.compile(text(pattern));
  } catch (error) {
    throw new TemplateFunctionError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function bounded(value: GoValue): string {
  const string = text(value);
  if (string.length <= regexTextMax) return string;
  throw new TemplateFunctionError(`text of ${string.length} characters, limit ${regexTextMax}`);
}

function replaceAll(pattern: RE2JS, template: string, value: string): string {
  const matcher = pattern.matcher(value);
  const names = pattern.namedGroups();
  let result = '';
  let from = 0;
  while (matcher.find()) {
    result += value.slice(from, matcher.start());
    result += expandTemplate(template, (group) => {
      const number = /^\d+$/.test(group) ? Number(group) : names[group];
      return number === undefined || number > matcher.groupCount() ? '' : (matcher.group(number) ?? '');
    });
    from = matcher.end();
  }
  return result + value.slice(from);
}

/** `host` of `host:port`; what is not of that form stays. */
function stripPort(address: string): string {
  return splitAddress(address)?.host ?? address;
}

/** `foo` of `foo.example.com`, a port kept; addresses stay. */
function stripDomain(address: string): string {
  const split = splitAddress(address);
  const host = split?.host ?? address;
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.includes(':')) return address;
  const name = host.split('.', 1)[0] ?? host;
  return split === null ? name : `${name}:${split.port}`;
}

function splitAddress(address: string): { host: string; port: string } | null {
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(address);
  return match === null ? null : { host: match[1] ?? match[2] ?? '', port: match[3] ?? '' };
}

function queryEscape(value: string): string {
  const encoded = encodeURIComponent(value.toWellFormed());
  return encoded.replace(/%20/g, '+').replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Seconds of a duration that may be negative. */
function secondsOf(duration: string): number {
  const negative = duration.startsWith('-');
  const durationMs = readDuration(negative ? duration.slice(1) : duration);
  if (typeof durationMs === 'string') throw new TemplateFunctionError(durationMs);
  return (negative ? -durationMs : durationMs) / 1_000;
}

function pathOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]*(\/[^?#]*)?/i.exec(url)?.[1] ?? '';
}

/** Every name that a template may call besides Go's own. */
export const prometheusFunctionNames: ReadonlySet<string> = new Set(
  prometheusFunctions({ query: () => [], atMs: 0, externalUrl: '' }).keys(),
);
