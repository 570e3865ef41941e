import type { Duration } from './ast.ts';
import { durationSecondsMax, readDuration } from './go-duration.ts';
import { parseNumber } from './go-float.ts';
import { PromqlError } from './promql-error.ts';
import type { Token } from './token.ts';
import type { TokenReader } from './token-reader.ts';

/** What may stand where a duration is wrong, whatever is wrong with it. */
function expectedIn(context: string): string {
  return context === 'subquery selector' ? 'number, duration, step(), range(), or "]"' : 'number, duration, step(), or range()';
}

const precedences: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2, '^': 3 };

/** A whole duration expression, as in brackets: `5m`, `1h/2`, `step()+30s`. Throws `PromqlError`. */
export function parseDurationExpr(tokens: TokenReader, context: string, minPrecedence = 1): Duration {
  let left = parseTerm(tokens, context);
  for (;;) {
    const op = tokens.peek();
    const precedence = precedences[op.kind] ?? 0;
    if (precedence < minPrecedence) return left;
    tokens.take();
    const right = parseDurationExpr(tokens, context, op.kind === '^' ? precedence : precedence + 1);
    left = operation(op, left, right);
  }
}

/** One term, as behind `offset`: a signed literal, a call or something in parentheses. Operators behind it belong to the expression around. */
export function parseDurationTerm(tokens: TokenReader, context: string): Duration {
  const sign = tokens.accept('+', '-');
  if (sign === null) return parsePrimary(tokens, context);
  return signed(sign, parsePrimary(tokens, context));
}

function parseTerm(tokens: TokenReader, context: string): Duration {
  const sign = tokens.accept('+', '-');
  if (sign === null) return parsePrimary(tokens, context);
  return signed(sign, parseDurationExpr(tokens, context, 3));
}

function signed(sign: Token, operand: Duration): Duration {
  const { start } = sign;
  const op = sign.kind === '-' ? '-' : '+';
  if (operand.kind !== 'fixed') return { kind: 'sign', op, operand, start, end: operand.end };
  return { ...operand, seconds: op === '-' ? -operand.seconds : operand.seconds, start };
}

function parsePrimary(tokens: TokenReader, context: string): Duration {
  const { kind } = tokens.peek();
  if (kind === 'number' || kind === 'duration') return literal(tokens.take());
  if (kind === 'step' || kind === 'range') return parseQueryProperty(tokens, kind, context);
  if (kind === 'min_of' || kind === 'max_of') return parseExtreme(tokens, kind, context);
  if (kind !== '(') return tokens.unexpected(context, expectedIn(context));
  const { start } = tokens.take();
  const inner = parseDurationExpr(tokens, context);
  tokens.expect(')', context, expectedIn(context));
  return { kind: 'parenthesised', inner, start, end: tokens.lastEnd };
}

function parseQueryProperty(tokens: TokenReader, kind: 'step' | 'range', context: string): Duration {
  const { start } = tokens.take();
  if (tokens.accept('(') === null || tokens.accept(')') === null) return tokens.unexpected(context, expectedIn(context));
  return { kind, start, end: tokens.lastEnd };
}

function parseExtreme(tokens: TokenReader, of: 'min_of' | 'max_of', context: string): Duration {
  const { start } = tokens.take();
  tokens.expect('(', context, expectedIn(context));
  const left = parseDurationExpr(tokens, context);
  tokens.expect(',', context, expectedIn(context));
  const right = parseDurationExpr(tokens, context);
  tokens.expect(')', context, expectedIn(context));
  return { kind: 'extreme', of, left, right, start, end: tokens.lastEnd };
}

function literal({ kind, text, start, end }: Token): Duration {
  if (kind === 'number') return fixed(parseNumber(text) ?? Number.NaN, 'number', start, end);
  const duration = readDuration(text);
  if ('problem' in duration) throw new PromqlError(duration.problem, start, end);
  return fixed(duration.ms / 1_000, 'duration', start, end);
}

function fixed(seconds: number, written: 'number' | 'duration', start: number, end: number): Duration {
  if (!(Math.abs(seconds) <= durationSecondsMax)) throw new PromqlError('duration out of range', start, end);
  return { kind: 'fixed', seconds, written, start, end };
}

function operation(op: Token, left: Duration, right: Duration): Duration {
  if (right.kind === 'fixed' && right.seconds === 0) {
    if (op.kind === '/') throw new PromqlError('division by zero', op.start, op.end);
    if (op.kind === '%') throw new PromqlError('modulo by zero', op.start, op.end);
  }
  return { kind: 'operation', op: op.kind, left, right, start: left.start, end: right.end };
}
