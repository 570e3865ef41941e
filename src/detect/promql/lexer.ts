import { EscapeError, quote as goQuote, readEscape } from './go-string.ts';
import { scanDuration, scanNumber } from './scan-number.ts';
import { isKeyword, type Token } from './token.ts';

const letter = /[a-zA-Z_]/;
/** One look for a whole word costs less than one for each of its characters. */
const wordFrom = /[a-zA-Z0-9_:]*/y;
const labelFrom = /[a-zA-Z0-9_]*/y;
const spaceFrom = /\s*/y;
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
  private sawDuration = false;
  /** In brackets, right behind a number or a word: there Prometheus' lexer words its errors differently. */
  private behindTerm = false;

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
    if (this.inBrackets) return this.insideBrackets();
    return this.outside();
  }

  private skipSpaceAndComments(): void {
    for (;;) {
      this.at = this.endOf(spaceFrom);
      if (this.text[this.at] !== '#') return;
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
    if (letter.test(character) || character === ':') return this.word();
    return this.symbol(character);
  }

  private endOfInput(): string | null {
    if (this.parentheses !== 0) return 'unclosed left parenthesis';
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
    if (character === ']') return `unexpected right bracket ']'`;
    return `unexpected character: ${this.quotedCharacter(this.at)}`;
  }

  private openBracket(): null {
    this.inBrackets = true;
    this.sawColon = false;
    this.sawDuration = false;
    this.behindTerm = false;
    return this.emit('[', 1);
  }

  private parenthesis(change: 1 | -1): string | null {
    this.parentheses += change;
    if (this.parentheses < 0) {
      // Prometheus reports this one behind the parenthesis.
      this.start = this.at + 1;
      return `unexpected right parenthesis ')'`;
    }
    return this.emit(change > 0 ? '(' : ')', 1);
  }

  private word(): null {
    const end = this.endOf(wordFrom);
    const word = this.text.slice(this.at, end);
    const lower = word.toLowerCase();
    if (isKeyword(lower)) return this.emit(lower, word.length);
    if ((lower === 'inf' || lower === 'nan') && this.text[end] !== '{') return this.emit('number', word.length);
    return this.emit(word.includes(':') ? 'metric' : 'identifier', word.length);
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

  private insideBrackets(): string | null {
    const character = this.character();
    if (character === '') return this.behindTerm ? 'unclosed left bracket' : 'unexpected end of input in duration expression';
    if (character === ']') {
      this.inBrackets = false;
      return this.emit(']', 1);
    }
    if (character === ':') return this.colon();
    if (character === '(' || character === ')') {
      this.behindTerm = character === ')';
      return this.parenthesis(character === '(' ? 1 : -1);
    }
    if ('+-*/%^,'.includes(character)) {
      this.behindTerm = false;
      return this.emit(character, 1);
    }
    if (digit.test(character) || (character === '.' && digit.test(this.text[this.at + 1] ?? ''))) return this.numberOrDuration();
    return this.durationWord();
  }

  private colon(): string | null {
    if (!this.sawDuration) return 'unexpected colon before duration in duration expression';
    if (this.sawColon) return `unexpected colon ':'`;
    this.sawColon = true;
    this.behindTerm = false;
    return this.emit(':', 1);
  }

  private durationWord(): string | null {
    const word = /^(step|range|min_of|max_of)(?![a-zA-Z0-9_])/i.exec(this.text.slice(this.at, this.at + 8))?.[1];
    if (word === undefined) {
      return this.behindTerm
        ? `unexpected character: ${this.quotedCharacter(this.at)}, expected ':'`
        : `unexpected character in duration expression: ${this.quotedCharacter(this.at)}`;
    }
    this.sawDuration = true;
    this.behindTerm = true;
    return this.emit(word.toLowerCase(), word.length);
  }

  private numberOrDuration(): string | null {
    this.sawDuration = true;
    this.behindTerm = true;
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
    if (code === undefined) return 'end of input';
    const text = String.fromCodePoint(code);
    if (text === "'") return `'\\''`;
    return text === '"' ? `'"'` : `'${goQuote(text).slice(1, -1)}'`;
  }
}
