import type { Duration } from './ast.ts';
import { durationSecondsMax } from './go-duration.ts';
import { PromqlError } from './promql-error.ts';

/** What a duration expression may ask of its query, in milliseconds. An instant query has step and range 0. */
export interface QuerySpan {
  readonly stepMs: number;
  readonly rangeMs: number;
}

/** The duration in whole milliseconds, possibly negative. Throws `PromqlError` for a division by zero or a value out of range. */
export function durationMs(duration: Duration, span: QuerySpan): number {
  const value = seconds(duration, span);
  if (!(Math.abs(value) <= durationSecondsMax)) throw new PromqlError('duration out of range', duration.start, duration.end);
  return Math.round(value * 1_000);
}

/** The same for a window, which must have a length. */
export function windowMs(duration: Duration, span: QuerySpan): number {
  const value = durationMs(duration, span);
  if (value <= 0) throw new PromqlError('duration must be greater than 0', duration.start, duration.end);
  return value;
}

function seconds(duration: Duration, span: QuerySpan): number {
  switch (duration.kind) {
    case 'fixed':
      return duration.seconds;
    case 'step':
      return span.stepMs / 1_000;
    case 'range':
      return span.rangeMs / 1_000;
    case 'parenthesised':
      return seconds(duration.inner, span);
    case 'sign':
      return duration.op === '-' ? -seconds(duration.operand, span) : seconds(duration.operand, span);
    case 'extreme': {
      const choose = duration.of === 'min_of' ? Math.min : Math.max;
      return choose(seconds(duration.left, span), seconds(duration.right, span));
    }
    case 'operation':
      return operate(duration.op, seconds(duration.left, span), seconds(duration.right, span), duration);
  }
}

function operate(op: string, left: number, right: number, place: Duration): number {
  if (right === 0 && (op === '/' || op === '%')) {
    throw new PromqlError(op === '/' ? 'division by zero' : 'modulo by zero', place.start, place.end);
  }
  switch (op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    default:
      return left ** right;
  }
}

/** Whether the duration is the same in every query. */
export function isConstant(duration: Duration): boolean {
  switch (duration.kind) {
    case 'fixed':
      return true;
    case 'step':
    case 'range':
      return false;
    case 'parenthesised':
      return isConstant(duration.inner);
    case 'sign':
      return isConstant(duration.operand);
    case 'extreme':
    case 'operation':
      return isConstant(duration.left) && isConstant(duration.right);
  }
}
