/** One line of a HAProxy configuration, taken apart as HAProxy does it. */
export interface ConfigLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly words: readonly string[];
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
const maxWords = 256;

/**
 * Splits one line into words: backslash escapes, weak and strong quotes, comments, and environment variables inside
 * weak quotes (`"${NAME}"`, `"${NAME-default}"`, `"$NAME"`). A variable that is not set here stays as written, because
 * HAProxy may have been started with it. Never throws. Source: configuration manual, sections 2.2 and 2.3.
 */
export function splitWords(text: string, variables: ReadonlyMap<string, string>): readonly string[] {
  const words: string[] = [];
  let word = '';
  let begun = false;
  let quote = '';
  let i = 0;
  while (i < text.length && words.length < maxWords) {
    const char = text[i] as string;
    if (quote === "'") {
      if (char === "'") quote = '';
      else word += char;
      i++;
    } else if (char === '\\') {
      const escaped = readEscape(text, i);
      word += escaped.text;
      begun = true;
      i = escaped.next;
    } else if (char === '"' || (char === "'" && quote === '')) {
      quote = quote === '' ? char : '';
      begun = true;
      i++;
    } else if (quote === '"' && char === '$') {
      const variable = readVariable(text, i, variables);
      word += variable.text;
      i = variable.next;
    } else if (quote === '' && char === '#') {
      break;
    } else if (quote === '' && isSpace(char)) {
      if (begun) words.push(word);
      word = '';
      begun = false;
      i++;
    } else {
      word += char;
      begun = true;
      i++;
    }
  }
  if (begun) words.push(word);
  return words;
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n';
}

function readEscape(text: string, at: number): { readonly text: string; readonly next: number } {
  const char = text[at + 1];
  if (char === undefined) return { text: '', next: at + 1 };
  const hex = text.slice(at + 2, at + 4);
  if (char === 'x' && /^[0-9a-fA-F]{2}$/.test(hex)) return { text: String.fromCharCode(Number.parseInt(hex, 16)), next: at + 4 };
  return { text: escapes[char] ?? char, next: at + 2 };
}

function readVariable(text: string, at: number, variables: ReadonlyMap<string, string>): { readonly text: string; readonly next: number } {
  const match = /^\$(?:\{([A-Za-z_][A-Za-z0-9_.]*)(?:\[\*\])?(?:-([^}"]*))?\}|([A-Za-z_][A-Za-z0-9_]*))/.exec(text.slice(at, at + 512));
  if (match === null) return { text: '$', next: at + 1 };
  const name = match[1] ?? match[3] ?? '';
  return { text: variables.get(name) ?? match[2] ?? match[0], next: at + match[0].length };
}

const unitMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `2s`, `500`, `1m` in ms; without a unit ms, as HAProxy has it. null when it is no duration. */
export function durationMs(text: string | undefined): number | null {
  const match = /^(\d{1,12})(us|ms|s|m|h|d)?$/.exec(text ?? '');
  return match === null ? null : Number(match[1]) * (unitMs[match[2] ?? 'ms'] as number);
}
