import type { z } from 'zod';
import { similarWord } from '../base/similar-word.ts';

/** One finding of the schema in words. `at` says whether the place of the key or of the value shows it best. */
export interface Explanation {
  readonly path: readonly PropertyKey[];
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly fix: string;
}

/** The keys that may stand in the mapping at `path`; empty when any may. */
export type KnownKeys = (path: readonly PropertyKey[]) => readonly string[];

type Issue = z.core.$ZodIssue;

/** What the schema found wrong, as sentences: what is expected, what was found, what was probably meant. `found` is the value at the issue's path. */
export function explainIssue(issue: Issue, found: unknown, knownKeys: KnownKeys): Explanation[] {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], key, knownKeys(path)));
    case 'invalid_type':
      return [wrongType(path, issue.expected, found)];
    case 'invalid_value':
      return [notOneOf(path, issue.values.map(String), found)];
    case 'invalid_union':
      return explainUnion(issue, found, knownKeys);
    case 'invalid_key':
      return [{ path, at: 'key', message: issue.issues[0]?.message ?? 'is not allowed here', fix: '' }];
    default:
      return [{ path, at: 'value', message: lowerFirst(issue.message), fix: fixOf(issue) }];
  }
}

function unknownKey(path: readonly PropertyKey[], key: string, known: readonly string[]): Explanation {
  const similar = similarWord(key, known);
  const fix = similar === null ? `Known here: ${[...known].sort().join(', ')}` : `Did you mean ${similar}?`;
  return { path, at: 'key', message: 'unknown key', fix: known.length === 0 ? '' : fix };
}

function wrongType(path: readonly PropertyKey[], expected: string, found: unknown): Explanation {
  const quote = expected === 'string' && ['number', 'boolean'].includes(typeof found) ? 'Put it in quotes' : '';
  if (found === undefined || found === null)
    return { path, at: 'value', message: `is missing: ${inWords(expected)} is needed here`, fix: '' };
  return { path, at: 'value', message: `expected ${inWords(expected)}, found ${inWords(kindOf(found))}`, fix: quote };
}

function notOneOf(path: readonly PropertyKey[], values: readonly string[], found: unknown): Explanation {
  const message = found === undefined ? `is missing: one of ${values.join(', ')} is needed here` : `must be one of ${values.join(', ')}`;
  const similar = typeof found === 'string' ? similarWord(found, values) : null;
  return { path, at: 'value', message, fix: similar === null ? '' : `Did you mean ${similar}?` };
}

/** The branch that got furthest knows best; when none fits the kind of the value, all kinds are named. */
function explainUnion(issue: Issue & { code: 'invalid_union' }, found: unknown, knownKeys: KnownKeys): Explanation[] {
  const fitting = issue.errors.find((branch) => !branch.some((inner) => inner.code === 'invalid_type' && inner.path.length === 0));
  if (fitting !== undefined)
    return fitting.flatMap((inner) =>
      explainIssue({ ...inner, path: [...issue.path, ...inner.path] }, valueAt(found, inner.path), knownKeys),
    );
  const kinds = issue.errors.flatMap((branch) =>
    branch.flatMap((inner) => (inner.code === 'invalid_type' ? [inWords(inner.expected)] : [])),
  );
  return [
    { path: issue.path, at: 'value', message: `expected ${[...new Set(kinds)].join(' or ')}, found ${inWords(kindOf(found))}`, fix: '' },
  ];
}

/** What stands at a path of plain data; undefined when nothing does. */
export function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

function fixOf(issue: Issue): string {
  const fix = issue.code === 'custom' ? issue.params?.['fix'] : undefined;
  return typeof fix === 'string' ? fix : '';
}

const words: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'nothing',
  undefined: 'nothing',
};

function inWords(kind: string): string {
  return words[kind] ?? kind;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
