import { TemplateError } from './template-error.ts';

/** A piece of a template. `at` is the index of its first character. */
export interface TemplateToken {
  readonly kind:
    | 'text'
    | 'open'
    | 'close'
    | 'keyword'
    | 'identifier'
    | 'field'
    | 'variable'
    | 'dot'
    | 'nil'
    | 'bool'
    | 'number'
    | 'string'
    | 'character'
    | '('
    | ')'
    | '|'
    | ':='
    | '='
    | ','
    | 'eof';
  readonly text: string;
  readonly at: number;
}

const keywords: ReadonlySet<string> = new Set(['if', 'else', 'end', 'range', 'with', 'define', 'template', 'block', 'break', 'continue']);
const patterns = {
  space: /[ \t\r\n]+/y,
  word: /[\p{L}_][\p{L}\p{Nd}_]*/uy,
  field: /\.[\p{L}_][\p{L}\p{Nd}_]*/uy,
  variable: /\$(?:[\p{L}_][\p{L}\p{Nd}_]*)?/uy,
  number:
    /[+-]?(?:0[xX][0-9a-fA-F_]+(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?\d+)?|0[bB][01_]+|0[oO][0-7_]+|(?:[0-9_]+\.?[0-9_]*|\.[0-9_]+)(?:[eE][+-]?[0-9_]+)?)/y,
  string: /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y,
  character: /'(?:[^'\\\n]|\\.)+'/y,
};

/** A template as tokens. Throws `TemplateError`. */
export function tokenizeTemplate(name: string, text: string): TemplateToken[] {
  return new TemplateLexer(name, text).run();
}

class TemplateLexer {
  private readonly name: string;
  private readonly text: string;
  private readonly tokens: TemplateToken[] = [];
  private at = 0;
  private parentheses = 0;

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
  }

  run(): TemplateToken[] {
    while (this.at < this.text.length) {
      this.readText();
      if (this.at < this.text.length) this.readAction();
    }
    this.push('eof', '', this.at);
    return this.tokens;
  }

  private fail(problem: string): never {
    const line = this.text.slice(0, this.at).split('\n').length;
    throw new TemplateError(`template: ${this.name}:${line}: ${problem}`);
  }

  private push(kind: TemplateToken['kind'], text: string, at: number): void {
    this.tokens.push({ kind, text, at });
  }

  private readText(): void {
    const open = this.text.indexOf('{{', this.at);
    const end = open < 0 ? this.text.length : open;
    let text = this.text.slice(this.at, end);
    if (/^\{\{-\s/.test(this.text.slice(end, end + 4))) text = withoutSpaceAtEnd(text);
    if (text !== '') this.push('text', text, this.at);
    this.at = end;
  }

  private readAction(): void {
    const trims = /^\{\{-\s/.test(this.text.slice(this.at, this.at + 4));
    const start = this.at;
    this.at += trims ? 3 : 2;
    if (/^\s*\/\*/.test(this.text.slice(this.at, this.at + 50))) {
      this.skipComment();
      return;
    }
    this.push('open', '{{', start);
    while (!this.readClose()) this.readInside();
  }

  private skipComment(): void {
    const end = this.text.indexOf('*/', this.at);
    if (end < 0) this.fail('unclosed comment');
    this.at = end + 2;
    const close = /^(\s+-)?\}\}/.exec(this.text.slice(this.at));
    if (close === null) this.fail('comment ends before closing delimiter');
    this.at += close?.[0].length ?? 0;
    if (close?.[1] !== undefined) this.skipSpace();
  }

  private skipSpace(): void {
    patterns.space.lastIndex = this.at;
    if (patterns.space.test(this.text)) this.at = patterns.space.lastIndex;
  }

  private readClose(): boolean {
    const trims = /^\s+-\}\}/.exec(this.text.slice(this.at, this.at + 1_000));
    if (trims === null && !this.text.startsWith('}}', this.at)) return false;
    if (this.parentheses > 0) this.fail('unclosed left paren');
    const length = trims?.[0].length ?? 2;
    this.push('close', '}}', this.at + length - 2);
    this.at += length;
    if (trims !== null) this.skipSpace();
    return true;
  }

  private readInside(): void {
    patterns.space.lastIndex = this.at;
    const spaces = patterns.space.exec(this.text)?.[0].length ?? 0;
    if (spaces > 0) {
      // The last space stays: together with a minus it may close the action.
      this.at += Math.max(1, spaces - 1);
      return;
    }
    const character = this.text[this.at];
    if (character === undefined) this.fail('unclosed action');
    if (this.match('field', patterns.field) || this.match('variable', patterns.variable)) return;
    if (/[0-9+\-.]/.test(character) && this.match('number', patterns.number)) return;
    if (character === '.') {
      this.emit('dot', 1);
      return;
    }
    if (character === '"' || character === '`') {
      if (this.match('string', patterns.string)) return;
      this.fail(character === '"' ? 'unterminated quoted string' : 'unterminated raw quoted string');
    }
    if (character === "'") {
      if (this.match('character', patterns.character)) return;
      this.fail('unterminated character constant');
    }
    this.readWordOrSymbol(character);
  }

  private match(kind: TemplateToken['kind'], pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) return false;
    this.emit(kind, match[0].length);
    return true;
  }

  private emit(kind: TemplateToken['kind'], length: number): void {
    this.push(kind, this.text.slice(this.at, this.at + length), this.at);
    this.at += length;
  }

  private readWordOrSymbol(character: string): void {
    patterns.word.lastIndex = this.at;
    const word = patterns.word.exec(this.text)?.[0];
    if (character === '(' || character === ')') this.parentheses += character === '(' ? 1 : -1;
    if (this.parentheses < 0) this.fail('unexpected right paren');
    if (word !== undefined) this.emit(wordKind(word), word.length);
    else if (this.text.startsWith(':=', this.at)) this.emit(':=', 2);
    else if (character === '(' || character === ')' || character === '|' || character === '=' || character === ',') this.emit(character, 1);
    else this.failOnCharacter();
  }

  private failOnCharacter(): never {
    const code = this.text.codePointAt(this.at) ?? 0;
    const shown = /[\p{Z}\p{C}]/u.test(String.fromCodePoint(code)) ? '' : ` '${String.fromCodePoint(code)}'`;
    this.fail(`unrecognized character in action: U+${code.toString(16).toUpperCase().padStart(4, '0')}${shown}`);
  }
}

function wordKind(word: string): TemplateToken['kind'] {
  if (keywords.has(word)) return 'keyword';
  if (word === 'nil') return 'nil';
  return word === 'true' || word === 'false' ? 'bool' : 'identifier';
}

/** Go trims these four and no other spaces. */
function withoutSpaceAtEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\r\n'.includes(text[end - 1] ?? '')) end--;
  return text.slice(0, end);
}
