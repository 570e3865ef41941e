/** Go's quoted strings, as PromQL and templates use them. */

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
};
const digitsOfEscape: Readonly<Record<string, readonly [length: number, radix: number]>> = { x: [2, 16], u: [4, 16], U: [8, 16] };

/** Why an escape sequence is not one; the message is that of Prometheus' lexer. */
export class EscapeError extends Error {
  override readonly name = 'EscapeError';
}

/**
 * Reads the escape sequence that begins after the backslash at `index - 1`.
 * Returns its text and the index after it. A byte (`\xff`, `\377`) above 127 becomes a lone surrogate, U+DC80 and up.
 * Throws `EscapeError`.
 */
export function readEscape(text: string, index: number, quote: string): { readonly value: string; readonly next: number } {
  const letter = text[index];
  if (letter === undefined) throw new EscapeError('escape sequence not terminated');
  const isQuote = letter === "'" || letter === '"' || letter === '`';
  const simple = isQuote && letter !== quote ? undefined : simpleEscapes[letter];
  if (simple !== undefined) return { value: simple, next: index + 1 };
  const octal = letter >= '0' && letter <= '7';
  const [length, radix] = octal ? [3, 8] : (digitsOfEscape[letter] ?? [0, 0]);
  if (length === 0) throw new EscapeError(`unknown escape sequence ${unicodeName(text, index)}`);
  const from = octal ? index : index + 1;
  const code = readDigits(text, from, length, radix);
  const isByte = (octal || letter === 'x') && code >= 0x80;
  return { value: isByte ? String.fromCharCode(0xdc00 + (code & 0xff)) : codePoint(code), next: from + length };
}

function readDigits(text: string, from: number, length: number, radix: number): number {
  let value = 0;
  for (let at = from; at < from + length; at++) {
    const character = text[at];
    if (character === undefined) throw new EscapeError('escape sequence not terminated');
    const digit = /[0-9a-fA-F]/.test(character) ? Number.parseInt(character, 16) : 16;
    if (digit >= radix) throw new EscapeError(`illegal character ${unicodeName(text, at)} in escape sequence`);
    value = value * radix + digit;
  }
  return value;
}

function codePoint(value: number): string {
  if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) throw new EscapeError('escape sequence is an invalid Unicode code point');
  return String.fromCodePoint(value);
}

/** `U+0063 'c'` */
function unicodeName(text: string, index: number): string {
  const code = text.codePointAt(index) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${String.fromCodePoint(code)}'`;
}

/** The value of a string with its quotes (`"`, `'` or `` ` ``), or null when it is not one whole quoted string. */
export function unquote(quoted: string): string | null {
  const quote = quoted[0];
  if (quoted.length < 2 || quote === undefined || quoted.at(-1) !== quote) return null;
  const body = quoted.slice(1, -1);
  if (quote === '`') return body.includes('`') ? null : body;
  if (quote !== '"' && quote !== "'") return null;
  return body.includes('\\') ? unescaped(body, quote) : body.includes(quote) || body.includes('\n') ? null : body;
}

function unescaped(body: string, quote: string): string | null {
  let value = '';
  for (let index = 0; index < body.length; ) {
    const character = body[index] ?? '';
    if (character === quote || character === '\n') return null;
    if (character !== '\\') {
      value += character;
      index++;
      continue;
    }
    try {
      const sequence = readEscape(body, index + 1, quote);
      value += sequence.value;
      index = sequence.next;
    } catch (error) {
      if (error instanceof EscapeError) return null;
      throw error;
    }
  }
  return value.isWellFormed() ? value : withBytesDecoded(value);
}

/** Escaped bytes that together are UTF-8 become their characters; others stay as they are, so that `isWellFormed` can tell. */
function withBytesDecoded(value: string): string {
  return value.replace(/[\udc80-\udcff]+/g, (bytes) => {
    const decoded = new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0) & 0xff));
    return decoded.includes('\ufffd') ? bytes : decoded;
  });
}

/** A string as Go's `%q` prints it. */
export function quote(value: string): string {
  let text = '"';
  for (const character of value) text += quoteCharacter(character);
  return `${text}"`;
}

const named: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

function quoteCharacter(character: string): string {
  const name = named[character];
  if (name !== undefined) return name;
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code & 0xff).toString(16)}`;
  if (character === ' ' || !/[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Z}]/u.test(character)) return character;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}
