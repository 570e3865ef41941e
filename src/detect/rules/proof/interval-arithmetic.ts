import { allValues, interval, isPoint, type ValueSet } from './value-set.ts';

/** What an operation of two sets can come to; `nan` when it may also be NaN. */
export interface Outcome {
  readonly set: ValueSet;
  readonly nan: boolean;
}

/**
 * Where `left op right` can lie. Floats are rounded monotonically, so that the ends of a sum, difference, product or quotient, rounded
 * as the engine rounds them, hold for every value between. What is not known to be monotone may be anything.
 */
export function combine(op: string, left: ValueSet, right: ValueSet): Outcome {
  switch (op) {
    case '+':
      return atCorners(left, right, (a, b) => a + b);
    case '-':
      return atCorners(left, right, (a, b) => a - b);
    case '*':
      return product(left, right);
    case '/':
      if (right.low <= 0 && right.high >= 0) return { set: allValues, nan: true };
      return atCorners(left, right, (a, b) => a / b);
    default:
      return { set: allValues, nan: true };
  }
}

function atCorners(left: ValueSet, right: ValueSet, operate: (a: number, b: number) => number): Outcome {
  const corners = [left.low, left.high].flatMap((a) => [right.low, right.high].map((b) => operate(a, b)));
  // An end that is NaN (infinity less infinity) says nothing of the values near it.
  if (corners.some(Number.isNaN)) return { set: allValues, nan: true };
  const bothPoints = isPoint(left) && isPoint(right);
  return { set: interval(Math.min(...corners), Math.max(...corners)), nan: !bothPoints && isUnbounded(left) && isUnbounded(right) };
}

/** Zero times infinity is NaN at a corner, though the values near it are ordinary: they have the sign of the other factors. */
function product(left: ValueSet, right: ValueSet): Outcome {
  const corners = [left.low, left.high].flatMap((a) => [right.low, right.high].map((b) => a * b));
  const nan = corners.some(Number.isNaN) || (isUnbounded(left) && spansZero(right)) || (isUnbounded(right) && spansZero(left));
  const known = corners.map((corner) => (Number.isNaN(corner) ? 0 : corner));
  return { set: interval(Math.min(...known), Math.max(...known)), nan };
}

function isUnbounded({ low, high }: ValueSet): boolean {
  return !Number.isFinite(low) || !Number.isFinite(high);
}

function spansZero({ low, high }: ValueSet): boolean {
  return low <= 0 && high >= 0;
}
