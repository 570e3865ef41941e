import type { LabelMatcher } from '../series/queryable.ts';
import { unquote } from './go-string.ts';
import { labelMatcher, RegexError } from './matcher.ts';
import { PromqlError } from './promql-error.ts';
import type { Token } from './token.ts';
import type { TokenReader } from './token-reader.ts';

const context = 'label matching';

/** What stands in braces: matchers, and at most one quoted metric name. */
export interface Braces {
  readonly metric: string | null;
  readonly matchers: readonly LabelMatcher[];
}

/** Reads `{…}` from its left brace on. Throws `PromqlError`. */
export function parseBraces(tokens: TokenReader): Braces {
  const { start } = tokens.take();
  let metric: string | null = null;
  const matchers: LabelMatcher[] = [];
  while (tokens.accept('}') === null) {
    const item = parseItem(tokens);
    if (typeof item !== 'string') matchers.push(item);
    else if (metric === null) metric = item;
    else
      throw new PromqlError(
        `metric name must not be set twice: ${JSON.stringify(metric)} or ${JSON.stringify(item)}`,
        start,
        tokens.lastEnd,
      );
    if (tokens.accept(',') !== null) continue;
    tokens.expect('}', context, '"," or "}"');
    break;
  }
  return { metric, matchers };
}

/** A matcher; or a metric name, which is a quoted string alone. */
function parseItem(tokens: TokenReader): LabelMatcher | string {
  const name = tokens.accept('identifier', 'string') ?? tokens.unexpected(context, 'identifier or "}"');
  const op = tokens.accept('=', '!=', '=~', '!~');
  if (op === null) {
    if (name.kind === 'string' && [',', '}'].includes(tokens.peek().kind)) return stringValue(name);
    return tokens.unexpected(context, name.kind === 'string' ? '"," or "}"' : 'label matching operator');
  }
  const value = tokens.accept('string') ?? tokens.unexpected(context, 'string');
  return matcherAt(name, op.kind, value);
}

function matcherAt(name: Token, op: string, value: Token): LabelMatcher {
  try {
    const label = name.kind === 'string' ? stringValue(name) : name.text;
    return labelMatcher(label, op === '=' || op === '!=' || op === '=~' ? op : '!~', stringValue(value));
  } catch (error) {
    if (error instanceof RegexError) throw new PromqlError(error.message, name.start, value.end);
    throw error;
  }
}

/** The value of a string token. */
export function stringValue(token: Token): string {
  const value = unquote(token.text);
  if (value === null) throw new PromqlError('unable to unquote the string', token.start, token.end);
  return value;
}
