import { PromqlError } from './promql-error.ts';
import { describeToken, type Token } from './token.ts';

/** Reads tokens one after the other; what does not fit throws `PromqlError` in the words of Prometheus. */
export class TokenReader {
  readonly text: string;
  private readonly tokens: readonly Token[];
  private index = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.text = text;
    this.tokens = tokens;
  }

  /** The token `ahead` places further, without taking it. */
  peek(ahead = 0): Token {
    const token = this.tokens[Math.min(this.index + ahead, this.tokens.length - 1)];
    if (token === undefined) throw new RangeError('a token list ends with eof or error, got an empty one');
    return token;
  }

  take(): Token {
    const token = this.peek();
    this.index++;
    return token;
  }

  /** Takes the next token when it is one of these kinds. */
  accept(...kinds: readonly string[]): Token | null {
    return kinds.includes(this.peek().kind) ? this.take() : null;
  }

  expect(kind: string, context: string, expected: string): Token {
    return this.accept(kind) ?? this.unexpected(context, expected);
  }

  /** Where the last taken token ended. */
  get lastEnd(): number {
    return this.tokens[this.index - 1]?.end ?? 0;
  }

  /** Throws for the next token. `context` and `expected` may be empty. */
  unexpected(context: string, expected: string): never {
    const token = this.peek();
    if (token.kind === 'error') throw new PromqlError(token.text, token.start, token.end);
    const where = context === '' ? '' : ` in ${context}`;
    const what = expected === '' ? '' : `, expected ${expected}`;
    throw new PromqlError(`unexpected ${describeToken(token)}${where}${what}`, token.start, token.end);
  }
}
