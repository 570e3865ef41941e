/** `{{% name "first" key="value" %}}` as it stands in the text. Offsets are in UTF-16 code units, `end` is behind the last brace. */
export interface Shortcode {
  readonly name: string;
  readonly values: readonly string[];
  readonly named: Readonly<Record<string, string>>;
  readonly start: number;
  readonly end: number;
}

/** A shortcode that cannot be read. */
interface ShortcodeMistake {
  readonly offset: number;
  readonly message: string;
  readonly fix: string;
}

export interface ShortcodeScan {
  readonly shortcodes: readonly Shortcode[];
  readonly mistakes: readonly ShortcodeMistake[];
}

type Range = readonly [start: number, end: number];

const opening = '{{%';
const closing = '%}}';
const lengthMax = 4_000;
const argumentsMax = 32;

/**
 * Finds the shortcodes of a page, in order. Nothing is found inside `skipped` (code), nor where Hugo's comment signs behind
 * the braces quote one. Linear in the length of the text.
 */
export function scanShortcodes(text: string, skipped: readonly Range[]): ShortcodeScan {
  const shortcodes: Shortcode[] = [];
  const mistakes: ShortcodeMistake[] = [];
  let skip = 0;
  for (let offset = text.indexOf(opening); offset >= 0; offset = text.indexOf(opening, offset)) {
    while (skip < skipped.length && (skipped[skip]?.[1] ?? 0) <= offset) skip += 1;
    const around = skipped[skip];
    if (around !== undefined && around[0] <= offset) {
      offset = around[1];
      continue;
    }
    const read = new ShortcodeReader(text, offset).read();
    if (read === 'quoted') offset += opening.length;
    else if ('message' in read) {
      mistakes.push(read);
      offset += opening.length;
    } else {
      shortcodes.push(read);
      offset = read.end;
    }
  }
  return { shortcodes, mistakes };
}

class ShortcodeReader {
  readonly #text: string;
  readonly #start: number;
  readonly #limit: number;
  #at: number;
  readonly #values: string[] = [];
  readonly #named: Record<string, string> = Object.create(null);

  constructor(text: string, start: number) {
    this.#text = text;
    this.#start = start;
    this.#at = start + opening.length;
    this.#limit = Math.min(text.length, start + lengthMax);
  }

  read(): Shortcode | ShortcodeMistake | 'quoted' {
    if (this.#text.startsWith('/*', this.#at)) return 'quoted';
    this.#skipSpace();
    const name = this.#word();
    if (name === '') return this.#mistake('a shortcode has no name', 'Write for example {{% check "proxy/log" %}}');
    for (let count = 0; count <= argumentsMax; count += 1) {
      this.#skipSpace();
      if (this.#text.startsWith(closing, this.#at)) return this.#shortcode(name);
      const mistake = this.#argument();
      if (mistake !== null) return mistake;
    }
    return this.#mistake(`shortcode ${name} has more than ${argumentsMax} values`, 'Remove some');
  }

  #shortcode(name: string): Shortcode {
    return { name, values: this.#values, named: this.#named, start: this.#start, end: this.#at + closing.length };
  }

  #argument(): ShortcodeMistake | null {
    if (this.#at >= this.#limit) {
      return this.#mistake(`a shortcode is not closed within ${lengthMax} characters`, `Close it with ${closing}`);
    }
    if (this.#isQuote()) {
      const value = this.#quoted();
      if (value === null) return this.#mistake('a quote in a shortcode is not closed', 'Close the quote');
      this.#values.push(value);
      return null;
    }
    const word = this.#word();
    if (word === '') return this.#mistake(`a shortcode holds ${JSON.stringify(this.#text[this.#at])}`, 'Put the value into double quotes');
    if (this.#text[this.#at] !== '=') {
      this.#values.push(word);
      return null;
    }
    this.#at += 1;
    return this.#namedValue(word);
  }

  #namedValue(name: string): ShortcodeMistake | null {
    const value = this.#isQuote() ? this.#quoted() : this.#word();
    if (value === null) return this.#mistake(`the quote of ${name} is not closed`, 'Close the quote');
    if (name in this.#named) return this.#mistake(`a shortcode has ${name} twice`, 'Keep one of them');
    this.#named[name] = value;
    return null;
  }

  #isQuote(): boolean {
    const first = this.#text[this.#at];
    return first === '"' || first === '`';
  }

  /** As in Hugo: a backslash quotes inside double quotes, nothing does inside backquotes. */
  #quoted(): string | null {
    const quote = this.#text[this.#at];
    let value = '';
    for (let at = this.#at + 1; at < this.#limit; at += 1) {
      const character = this.#text[at];
      if (character === quote) {
        this.#at = at + 1;
        return value;
      }
      if (character === '\\' && quote === '"') at += 1;
      value += this.#text[at] ?? '';
    }
    return null;
  }

  #word(): string {
    const start = this.#at;
    while (this.#at < this.#limit && isWordCharacter(this.#text.charCodeAt(this.#at))) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  #skipSpace(): void {
    while (this.#at < this.#limit && ' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at += 1;
  }

  #mistake(message: string, fix: string): ShortcodeMistake {
    return { offset: this.#start, message, fix };
  }
}

/** Letters, digits, `-`, `_`, `.`, `/`: what names and bare values are made of. */
function isWordCharacter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 45 && code <= 57) || code === 95;
}
