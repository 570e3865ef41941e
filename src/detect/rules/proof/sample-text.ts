import type { LabelMatcher } from '../../series/queryable.ts';

/** How deep groups may nest and how long a text may get: what is longer explains nothing. */
const depthMax = 20;
const lengthMax = 200;

/**
 * A text that a regular expression in RE2's syntax matches as a whole, the plainest one; `null` when none was found. Read by hand,
 * with no claim to know all of the syntax: whoever asks tests the answer with the real matcher.
 */
export function textMatching(pattern: string): string | null {
  const reader = new PatternReader(pattern);
  const text = reader.alternation(0);
  return text === null || !reader.isAtEnd || text.length > lengthMax ? null : text;
}

/** Values of a label that satisfy all its matchers, plainest first; `''` stands for no label. */
export function valuesSatisfying(name: string, matchers: readonly LabelMatcher[]): readonly string[] {
  const own = matchers.filter((matcher) => matcher.name === name);
  const wanted = own.flatMap(({ op, value }) => (op === '=' ? [value] : op === '=~' ? textsOf(value) : []));
  const plain = ['', 'a', 'b', 'x', '1', `${name}-1`, 'other', '0', '_', 'true'];
  return [...new Set([...wanted, ...plain])].filter((value) => own.every((matcher) => matcher.matches(value)));
}

function textsOf(pattern: string): readonly string[] {
  const parts = /[()[\]\\]/.test(pattern) ? [pattern] : pattern.split('|').slice(0, 20);
  return [...parts, pattern].flatMap((part) => textMatching(part) ?? []);
}

class PatternReader {
  private readonly pattern: string;
  private at = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get isAtEnd(): boolean {
    return this.at >= this.pattern.length;
  }

  /** The shortest of the alternatives that is not empty, else the empty one. */
  alternation(depth: number): string | null {
    if (depth > depthMax) return null;
    const choices: string[] = [];
    for (;;) {
      const choice = this.sequence(depth);
      if (choice === null) return null;
      choices.push(choice);
      if (this.pattern[this.at] !== '|') break;
      this.at++;
    }
    return choices.find((choice) => choice !== '') ?? '';
  }

  private sequence(depth: number): string | null {
    let text = '';
    while (!this.isAtEnd && this.pattern[this.at] !== '|' && this.pattern[this.at] !== ')') {
      const atom = this.atom(depth);
      if (atom === null) return null;
      text += this.repeated(atom);
      if (text.length > lengthMax) return null;
    }
    return text;
  }

  private atom(depth: number): string | null {
    const character = this.pattern[this.at++] ?? '';
    switch (character) {
      case '^':
      case '$':
        return '';
      case '.':
        return 'x';
      case '(':
        return this.group(depth);
      case '[':
        return this.charClass();
      case '\\':
        return this.escaped();
      default:
        return character;
    }
  }

  private group(depth: number): string | null {
    const flags = /^\?(?:[a-zA-Z-]*:|P?<\w+>)/.exec(this.pattern.slice(this.at));
    if (flags !== null) this.at += flags[0].length;
    else if (/^\?[a-zA-Z-]+\)/.test(this.pattern.slice(this.at))) {
      this.at = this.pattern.indexOf(')', this.at) + 1;
      return '';
    }
    const text = this.alternation(depth + 1);
    if (text === null || this.pattern[this.at] !== ')') return null;
    this.at++;
    return text;
  }

  /** One character of a class: one that stands in it, or for a negated class the first plain one that does not. */
  private charClass(): string | null {
    const end = this.pattern.indexOf(']', this.at + (this.pattern[this.at] === '^' ? 2 : 1));
    if (end < 0) return null;
    const body = this.pattern.slice(this.at, end);
    this.at = end + 1;
    if (!body.startsWith('^')) return body.startsWith('\\') ? classOf(body[1] ?? '') : (body[0] ?? null);
    return [...'ax0_-. '].find((candidate) => !inClass(body.slice(1), candidate)) ?? null;
  }

  private escaped(): string | null {
    return classOf(this.pattern[this.at++] ?? '');
  }

  /** An atom as often as its quantifier asks at least; once where it may be left out. */
  private repeated(atom: string): string {
    const [quantifier, count] = /^(?:[*+?]|\{(\d{1,3})(?:,\d{0,4})?\})\??/.exec(this.pattern.slice(this.at)) ?? [''];
    this.at += quantifier.length;
    if (quantifier.startsWith('*') || quantifier.startsWith('?')) return atom === 'x' ? '' : quantifier.startsWith('?') ? atom : '';
    return count === undefined ? atom : atom.repeat(Math.min(Number(count), lengthMax + 1));
  }
}

function classOf(letter: string): string | null {
  switch (letter) {
    case 'd':
      return '1';
    case 'w':
      return 'a';
    case 's':
      return ' ';
    case 'D':
    case 'W':
    case 'S':
      return letter === 'W' ? '-' : 'a';
    case 'b':
    case 'A':
    case 'z':
      return '';
    case 'p':
    case 'P':
    case '':
      return null;
    default:
      return letter;
  }
}

/** Whether a character stands in a class: ranges, single characters and `\d`, `\w`, `\s`. */
function inClass(body: string, character: string): boolean {
  for (let at = 0; at < body.length; at++) {
    if (body[at] === '\\') {
      const letter = body[++at] ?? '';
      if (
        letter === 'd'
          ? /\d/.test(character)
          : letter === 'w'
            ? /\w/.test(character)
            : letter === 's'
              ? /\s/.test(character)
              : letter === character
      )
        return true;
    } else if (body[at + 1] === '-' && at + 2 < body.length) {
      if (character >= (body[at] ?? '') && character <= (body[at + 2] ?? '')) return true;
      at += 2;
    } else if (body[at] === character) return true;
  }
  return false;
}
