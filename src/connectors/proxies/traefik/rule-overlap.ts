/** One condition of a rule that can be told apart from others without knowing the request. */
interface Literal {
  readonly matcher: 'Host' | 'Path' | 'PathPrefix' | 'ClientIP' | 'Method';
  readonly values: readonly string[];
}

const LONGEST_RULE = 4096;

/**
 * Whether two rules certainly never match the same request: both are plain conjunctions and name other hosts, paths, clients
 * or methods. false means only that it cannot be shown.
 */
export function neverMatchTogether(a: string, b: string): boolean {
  const left = literalsOf(a);
  const right = literalsOf(b);
  return left.some((one) => right.some((other) => excludeEachOther(one, other)));
}

function excludeEachOther(a: Literal, b: Literal): boolean {
  if (isPath(a) && isPath(b)) return a.values.every((x) => b.values.every((y) => pathsExclude(a, x, b, y)));
  return a.matcher === b.matcher && a.values.every((value) => !b.values.includes(value));
}

function isPath(literal: Literal): boolean {
  return literal.matcher === 'Path' || literal.matcher === 'PathPrefix';
}

function pathsExclude(a: Literal, x: string, b: Literal, y: string): boolean {
  const xUnderY = b.matcher === 'PathPrefix' ? x.startsWith(y) : x === y;
  const yUnderX = a.matcher === 'PathPrefix' ? y.startsWith(x) : x === y;
  return !xUnderY && !yUnderX;
}

function literalsOf(rule: string): readonly Literal[] {
  return rule.length > LONGEST_RULE ? [] : conjuncts(rule).flatMap((term) => literalOf(term) ?? []);
}

const MATCHERS = ['Host', 'PathPrefix', 'Path', 'ClientIP', 'Method'] as const;

/** A matcher with quoted values only. Braces are patterns in v2 rules, a slash in `ClientIP` is a network. */
function literalOf(term: string): Literal | null {
  const matcher = MATCHERS.find((name) => term.startsWith(`${name}(`));
  if (matcher === undefined || !term.endsWith(')')) return null;
  const inside = term.slice(matcher.length + 1, -1);
  const values = [...inside.matchAll(/`([^`]*)`|"([^"\\]*)"/g)].map((part) => part[1] ?? part[2] ?? '');
  const rest = inside.replace(/`[^`]*`|"[^"\\]*"/g, '').replace(/[\s,]/g, '');
  const opaque =
    values.length === 0 || rest !== '' || values.some((value) => value.includes('{') || (matcher === 'ClientIP' && value.includes('/')));
  return opaque ? null : { matcher, values: matcher === 'Host' ? values.map((value) => value.toLowerCase()) : values };
}

/** The terms of `a && b && (c && d)`; a rule with `||` or `!` outside of brackets is one opaque term. */
function conjuncts(rule: string): readonly string[] {
  const text = unwrapped(rule.trim());
  const parts: string[] = [];
  let depth = 0;
  let quote = '';
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '`' || char === '"') quote = char;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (depth === 0 && text.startsWith('||', at)) return [];
    else if (depth === 0 && text.startsWith('&&', at)) {
      parts.push(text.slice(start, at));
      start = at + 2;
    }
  }
  if (depth !== 0 || quote !== '') return [];
  parts.push(text.slice(start));
  return parts.length === 1 ? [text] : parts.flatMap(conjuncts);
}

/** The text without brackets around all of it. */
function unwrapped(text: string): string {
  if (!text.startsWith('(') || !text.endsWith(')')) return text;
  let depth = 0;
  let quote = '';
  for (let at = 0; at < text.length - 1; at++) {
    const char = text[at] ?? '';
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '`' || char === '"') quote = char;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    if (depth === 0) return text;
  }
  return unwrapped(text.slice(1, -1).trim());
}
