import { EscapeError, quote as goQuote, readEscape } from './go-string.ts';
import { scanDuration, scanNumber } from './scan-number.ts';
import { isKeyword, type Token } from './token.ts';

const letter = /[a-zA-Z_]/;
/** One look for a whole word costs less than one for each of its characters. */
const wordFrom = /[a-zA-Z0-9_:]*/y;
const labelFrom = /[a-zA-Z0-9_]*/y;
const spaceFrom = /[ \t\n\r]*/y;
const openingFrom = /[ \t\n\r]*\(/y;
const fills: ReadonlySet<string> = new Set(['fill', 'fill_left', 'fill_right']);
/** Words inside of brackets. */
const durationWordFrom = /[a-zA-Z_]*/y;
const durationWords: ReadonlySet<string> = new Set(['step', 'range', 'min_of', 'max_of']);
const digit = /[0-9]/;

/**
 * PromQL text as tokens. Ends with an `eof` token, or with an `error` token at the first thing that is no token; never throws.
 * What a character means depends on where it stands: inside braces, inside brackets, or elsewhere.
 */
export function tokenize(text: string): Token[] {
  return new Lexer(text).run();
}

class Lexer {
  private readonly text: string;
  private readonly tokens: Token[] = [];
  private start = 0;
  private at = 0;
  private parentheses = 0;
  private inBraces = false;
  private inBrackets = false;
  private sawColon = false;
  /** From the first number in brackets on, Prometheus' lexer takes as tokens what may stand outside of them. */
  private sawNumber = false;

  constructor(text: string) {
    this.text = text;
  }

  run(): Token[] {
    for (;;) {
      this.skipSpaceAndComments();
      this.start = this.at;
      const problem = this.next();
      if (problem !== null) {
        this.tokens.push({ kind: 'error', text: problem, start: this.start, end: this.text.length });
        return this.tokens;
      }
      if (this.tokens.at(-1)?.kind === 'eof') return this.tokens;
    }
  }

  /** Adds one token; or returns what is wrong. */
  private next(): string | null {
    if (this.inBraces) return this.insideBraces();
    if (this.inBrackets && !this.sawNumber) return this.openingBrackets();
    return this.outside();
  }

  private skipSpaceAndComments(): void {
    for (;;) {
      this.at = this.endOf(spaceFrom);
      if (this.text[this.at] !== '#' || (this.inBrackets && !this.sawNumber)) return;
      const lineEnd = this.text.indexOf('\n', this.at);
      this.at = lineEnd < 0 ? this.text.length : lineEnd;
    }
  }

  /** Where what a pattern allows from here on ends. */
  private endOf(pattern: RegExp): number {
    pattern.lastIndex = this.at;
    pattern.test(this.text);
    return pattern.lastIndex;
  }

  private emit(kind: string, length: number): null {
    this.at = this.start + length;
    this.tokens.push({ kind, text: this.text.slice(this.start, this.at), start: this.start, end: this.at });
    return null;
  }

  private outside(): string | null {
    const character = this.character();
    if (character === '') return this.endOfInput();
    if (digit.test(character) || (character === '.' && digit.test(this.text[this.at + 1] ?? ''))) return this.numberOrDuration();
    if (character === '"' || character === "'" || character === '`') return this.quoted(character);
    if (letter.test(character) || character === ':') return this.inBrackets ? this.wordInBrackets(character) : this.word();
    return this.symbol(character);
  }

  private endOfInput(): string | null {
    if (this.parentheses !== 0) return 'unclosed left parenthesis';
    if (this.inBrackets) return 'unclosed left bracket';
    return this.emit('eof', 0);
  }

  private symbol(character: string): string | null {
    const two = this.text.slice(this.at, this.at + 2);
    if (['==', '!=', '<=', '>=', '</', '>/'].includes(two)) return this.emit(two, 2);
    if (character === '!') return `unexpected character after '!': ${this.quotedCharacter(this.at + 1)}`;
    if (two === '=~') return `unexpected character after '=': '~'`;
    if (character === '(') return this.parenthesis(1);
    if (character === ')') return this.parenthesis(-1);
    if (character === '{') {
      this.inBraces = true;
      return this.emit('{', 1);
    }
    if (character === '[') return this.openBracket();
    if (character !== '' && '+-*/%^=<>,@'.includes(character)) return this.emit(character, 1);
    if (character === ']') return this.closeBracket();
    return `unexpected character: ${this.quotedCharacter(this.at)}`;
  }

  private openBracket(): string | null {
    if (this.inBrackets) return `unexpected left bracket '['`;
    this.inBrackets = true;
    this.sawColon = false;
    this.sawNumber = false;
    return this.emit('[', 1);
  }

  private closeBracket(): string | null {
    if (!this.inBrackets) return `unexpected right bracket ']'`;
    this.inBrackets = false;
    return this.emit(']', 1);
  }

  private parenthesis(change: 1 | -1): string | null {
    this.parentheses += change;
    if (this.parentheses < 0) return this.problemBehind(`unexpected right parenthesis ')'`);
    return this.emit(change > 0 ? '(' : ')', 1);
  }

  /** What Prometheus finds wrong when it has taken the character already. */
  private problemBehind(message: string): string {
    this.start = this.at + 1;
    return message;
  }

  private word(): null {
    const end = this.endOf(wordFrom);
    const word = this.text.slice(this.at, end);
    const lower = word.toLowerCase();
    if (isKeyword(lower)) return this.emit(fills.has(lower) && !this.opensParenthesis(end) ? 'identifier' : lower, word.length);
    if (lower === 'inf' || lower === 'nan') return this.emit('number', word.length);
    return this.emit(word.includes(':') ? 'metric' : 'identifier', word.length);
  }

  /** Words that began to mean something late, and so name metrics unless a parenthesis follows. */
  private opensParenthesis(at: number): boolean {
    openingFrom.lastIndex = at;
    return openingFrom.test(this.text);
  }

  private insideBraces(): string | null {
    const character = this.character();
    if (character === '') return 'unexpected end of input inside braces';
    if (letter.test(character)) {
      return this.emit('identifier', this.endOf(labelFrom) - this.at);
    }
    if (character === '"' || character === "'" || character === '`') return this.quoted(character);
    if (character === '}') {
      this.inBraces = false;
      return this.emit('}', 1);
    }
    const two = this.text.slice(this.at, this.at + 2);
    if (two === '=~' || two === '!~' || two === '!=') return this.emit(two, 2);
    if (character === '!') return `unexpected character after '!' inside braces: ${this.quotedCharacter(this.at + 1)}`;
    if (character === '=' || character === ',') return this.emit(character, 1);
    if (character === '{') return `unexpected left brace '{'`;
    return `unexpected character inside braces: ${this.quotedCharacter(this.at)}`;
  }

  /** Behind a left bracket, up to the first number. */
  private openingBrackets(): string | null {
    const character = this.character();
    if (character === '') return 'unexpected end of input in duration expression';
    if (character === ']') return this.closeBracket();
    if (character === ':') return this.problemBehind('unexpected colon before duration in duration expression');
    if (character === '(' || character === ')') return this.parenthesis(character === '(' ? 1 : -1);
    if ('+-*/%^,'.includes(character)) return this.emit(character, 1);
    if (digit.test(character) || (character === '.' && digit.test(this.text[this.at + 1] ?? ''))) return this.numberOrDuration();
    return this.durationWord() ? null : `unexpected character in duration expression: ${this.quotedCharacter(this.at)}`;
  }

  private wordInBrackets(character: string): string | null {
    if (character !== ':') return this.durationWord() ? null : `unexpected character: ${this.quotedCharacter(this.at)}, expected ':'`;
    if (this.sawColon) return `unexpected colon ':'`;
    this.sawColon = true;
    return this.emit(':', 1);
  }

  /** Adds a word that may stand in a duration; false if there is none. */
  private durationWord(): boolean {
    const word = this.text.slice(this.at, this.endOf(durationWordFrom));
    if (!durationWords.has(word.toLowerCase())) return false;
    this.emit(word.toLowerCase(), word.length);
    return true;
  }

  private numberOrDuration(): string | null {
    this.sawNumber = true;
    const number = scanNumber(this.text, this.at);
    if (number.complete) return this.emit('number', number.end - this.at);
    const duration = scanDuration(this.text, number.end);
    if (duration.complete) return this.emit('duration', duration.end - this.at);
    return `bad number or duration syntax: ${JSON.stringify(this.text.slice(this.at, duration.end))}`;
  }

  private quoted(quote: string): string | null {
    if (quote === '`') return this.raw();
    for (let at = this.at + 1; ; ) {
      const character = this.text[at];
      if (character === undefined || character === '\n') return 'unterminated quoted string';
      if (character === quote) return this.emit('string', at + 1 - this.start);
      if (character !== '\\') {
        at++;
        continue;
      }
      try {
        at = readEscape(this.text, at + 1, quote).next;
      } catch (error) {
        if (error instanceof EscapeError) return error.message;
        throw error;
      }
    }
  }

  private raw(): string | null {
    const end = this.text.indexOf('`', this.at + 1);
    return end < 0 ? 'unterminated raw string' : this.emit('string', end + 1 - this.start);
  }

  /** The current character, a whole code point; empty at the end. */
  private character(): string {
    return this.text[this.at] ?? '';
  }

  private quotedCharacter(at: number): string {
    const code = this.text.codePointAt(at);
    if (code === undefined) return `'\ufffd'`;
    const text = String.fromCodePoint(code);
    if (text === "'") return `'\\''`;
    return text === '"' ? `'"'` : `'${goQuote(text).slice(1, -1)}'`;
  }
}
