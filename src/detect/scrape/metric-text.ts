import { type Labels, labelsOf } from '../../model/labels.ts';

/** A metric text that breaks the grammar; `offset` is the index of the first character that does not fit. */
export class MetricTextError extends Error {
  override readonly name = 'MetricTextError';
  readonly offset: number;

  constructor(offset: number, problem: string) {
    super(problem);
    this.offset = offset;
  }
}

/**
 * `name{label="value"}` or `{"name", "label"="value"}` to a label set with `__name__`. Escapes are `\\`, `\"` and `\n`; any other
 * backslash stays, as in Prometheus. `shared` gives one string for equal ones: few of the names and values of many series differ.
 * Throws `MetricTextError`.
 */
export function parseMetricText(text: string, shared: SharedStrings = new SharedStrings()): Labels {
  return new MetricTextReader(text, shared).read();
}

/** One string for all equal ones. */
export class SharedStrings {
  readonly #strings = new Map<string, string>();

  get(text: string): string {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    this.#strings.set(text, text);
    return text;
  }
}

class MetricTextReader {
  readonly #text: string;
  #at = 0;
  readonly #pairs: [string, string][] = [];
  readonly #seen = new Set<string>();
  readonly #shared: SharedStrings;

  constructor(text: string, shared: SharedStrings) {
    this.#text = text;
    this.#shared = shared;
  }

  read(): Labels {
    const name = this.#identifier(true);
    if (name !== '') this.#add('__name__', name, 0);
    this.#skipSpace();
    if (this.#text[this.#at] === '{') this.#braces();
    if (this.#at < this.#text.length) throw this.#error(name === '' ? 'expected the name of a metric' : 'expected { or a value');
    if (!this.#seen.has('__name__')) throw new MetricTextError(0, 'expected the name of a metric');
    return labelsOf(this.#pairs);
  }

  #braces(): void {
    this.#at += 1;
    this.#skipSpace();
    while (this.#text[this.#at] !== '}') {
      this.#label();
      this.#skipSpace();
      if (this.#text[this.#at] === ',') this.#at += 1;
      else if (this.#text[this.#at] !== '}') throw this.#error('expected , or }');
      this.#skipSpace();
    }
    this.#at += 1;
  }

  #label(): void {
    const start = this.#at;
    const quoted = this.#text[start] === '"';
    const name = quoted ? this.#quoted() : this.#identifier(false);
    if (name === '') throw this.#error('expected a label name');
    this.#skipSpace();
    if (quoted && this.#text[this.#at] !== '=') {
      this.#add('__name__', name, start);
      return;
    }
    if (this.#text[this.#at] !== '=') throw this.#error('expected = after the label name');
    this.#at += 1;
    this.#skipSpace();
    if (this.#text[this.#at] !== '"') throw this.#error('expected a label value in double quotes');
    this.#add(name, this.#quoted(), start);
  }

  #add(name: string, value: string, offset: number): void {
    if (this.#seen.has(name)) throw new MetricTextError(offset, name === '__name__' ? 'has two names' : `label ${name} is there twice`);
    this.#seen.add(name);
    this.#pairs.push([this.#shared.get(name), this.#shared.get(value)]);
  }

  /** Empty when none stands here. Colons belong to names of metrics only. */
  #identifier(colons: boolean): string {
    const start = this.#at;
    while (isIdentifierCode(this.#text.charCodeAt(this.#at), this.#at > start, colons)) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  #quoted(): string {
    const start = this.#at;
    this.#at += 1;
    let escaped = false;
    for (; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text[this.#at];
      if (char === '"') {
        this.#at += 1;
        const inner = this.#text.slice(start + 1, this.#at - 1);
        return escaped ? resolveEscapes(inner) : inner;
      }
      if (char === '\\') {
        escaped = true;
        this.#at += 1;
      }
    }
    throw new MetricTextError(start, 'the quote is not closed');
  }

  #skipSpace(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at += 1;
  }

  #error(problem: string): MetricTextError {
    return new MetricTextError(Math.min(this.#at, this.#text.length), problem);
  }
}

function isIdentifierCode(code: number, afterFirst: boolean, colons: boolean): boolean {
  if ((code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95) return true;
  if (code >= 48 && code <= 57) return afterFirst;
  return colons && code === 58;
}

const escapes: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

/** Resolves the three escapes of the format. */
export function resolveEscapes(text: string): string {
  return text.replace(/\\[\\"n]/g, (written) => escapes[written] ?? written);
}
