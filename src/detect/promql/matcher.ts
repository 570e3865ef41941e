import { RE2JS } from 're2js';
import type { LabelMatcher } from '../series/queryable.ts';

/** A regular expression that Go's regexp package would not compile; the message is Go's. */
export class RegexError extends Error {
  override readonly name = 'RegexError';
}

/** How many answers of one expression are remembered; label values repeat from query to query. */
const rememberedMax = 10_000;
/** How many compiled expressions are kept. */
const compiledMax = 2_000;
const patternLengthMax = 10_000;

const special = /[\\.+*?()|[\]{}^$]/;
const tests = new Map<string, (value: string) => boolean>();

/** Compiles `^(?s:pattern)$` in RE2 syntax. Throws `RegexError`. */
export function compileAnchored(pattern: string): RE2JS {
  if (pattern.length > patternLengthMax)
    throw new RegexError(`error parsing regexp: expression has ${pattern.length} characters, limit ${patternLengthMax}`);
  return compile(`^(?s:${pattern})$`);
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new RegexError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** A test for whole values against an RE2 expression, in linear time. Throws `RegexError`. */
export function anchoredTest(pattern: string): (value: string) => boolean {
  const known = tests.get(pattern);
  if (known !== undefined) return known;
  const made = fastTest(pattern) ?? regexTest(pattern);
  if (tests.size >= compiledMax) tests.clear();
  tests.set(pattern, made);
  return made;
}

/** Literals, alternations of literals, prefixes and "anything" need no machine. null: none of these. */
function fastTest(pattern: string): ((value: string) => boolean) | null {
  if (pattern === '.*') return () => true;
  if (pattern === '.+') return (value) => value !== '';
  if (!special.test(pattern)) return (value) => value === pattern;
  if (!special.test(pattern.replaceAll('|', ''))) {
    const choices = new Set(pattern.split('|'));
    return (value) => choices.has(value);
  }
  const prefix = pattern.slice(0, -2);
  if (special.test(prefix)) return null;
  if (pattern.endsWith('.*')) return (value) => value.startsWith(prefix);
  if (pattern.endsWith('.+')) return (value) => value.length > prefix.length && value.startsWith(prefix);
  return null;
}

function regexTest(pattern: string): (value: string) => boolean {
  // By itself first: `a)(b` is no expression, though it would be one between the parentheses that anchor it.
  compile(pattern);
  const regex = compileAnchored(pattern);
  const remembered = new Map<string, boolean>();
  return (value) => {
    const known = remembered.get(value);
    if (known !== undefined) return known;
    const result = regex.test(value);
    if (remembered.size >= rememberedMax) remembered.clear();
    remembered.set(value, result);
    return result;
  };
}

/** One condition of a selector. Throws `RegexError` for a bad expression. */
export function labelMatcher(name: string, op: LabelMatcher['op'], value: string): LabelMatcher {
  return { name, op, value, matches: testOf(op, value) };
}

function testOf(op: LabelMatcher['op'], wanted: string): (value: string) => boolean {
  switch (op) {
    case '=':
      return (value) => value === wanted;
    case '!=':
      return (value) => value !== wanted;
    case '=~':
      return anchoredTest(wanted);
    case '!~': {
      const test = anchoredTest(wanted);
      return (value) => !test(value);
    }
  }
}

/** A test for a text that contains a match anywhere. Throws `RegexError`. */
export function unanchoredTest(pattern: string): (text: string) => boolean {
  return anchoredTest(`.*(?:${pattern}).*`);
}
