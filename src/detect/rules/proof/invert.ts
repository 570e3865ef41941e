import type { Binary } from '../../promql/ast.ts';
import { operate } from '../../promql/binary.ts';
import { comparisons } from '../../promql/token.ts';
import {
  allValues,
  contains,
  intersection,
  interval,
  isPoint,
  mirror,
  negate,
  point,
  satisfying,
  type ValueSet,
  valuesIn,
} from './value-set.ts';

const { NEGATIVE_INFINITY: least, POSITIVE_INFINITY: most } = Number;

/** Numbers worth trying where an operation cannot be turned round. */
export const commonValues: readonly number[] = [1, 0, 2, 10, 100, 0.5, 3, 5, 1_000, 0.1, 60, 3_600, 86_400, 1e6, 1e9, -1, -10, -100];

/** The values of one operand for which the result lies in a set, when the other operand is known. Best first. */
export function operandSets(node: Binary, side: 'left' | 'right', set: ValueSet, other: number): readonly ValueSet[] {
  const { op } = node;
  if (comparisons.has(op)) return comparedSets(node, side, set, other);
  if (Number.isNaN(other)) return [];
  const sets = side === 'left' ? leftSets(op, set, other) : rightSets(op, set, other);
  if (sets !== null) return sets;
  const tried = [...commonValues, ...valuesIn(set)];
  return tried.filter((value) => contains(set, side === 'left' ? operate(op, value, other) : operate(op, other, value))).map(point);
}

function comparedSets({ op, bool }: Binary, side: 'left' | 'right', set: ValueSet, other: number): readonly ValueSet[] {
  const of = (wanted: string) => satisfying(side === 'left' ? wanted : mirror(wanted), other);
  if (bool) return [...(contains(set, 1) ? of(op) : []), ...(contains(set, 0) ? of(negate(op)) : [])];
  // The left value is the result.
  if (side === 'right') return contains(set, other) ? of(op) : [];
  return of(op).flatMap((passing) => intersection(passing, set) ?? []);
}

function leftSets(op: string, set: ValueSet, other: number): readonly ValueSet[] | null {
  switch (op) {
    case '+':
      return [moved(set, (end) => end - other)];
    case '-':
      return [moved(set, (end) => end + other)];
    case '*':
      return timesInverse(set, other);
    case '/':
      if (other !== 0) return [moved(set, (end) => end * other, other < 0)];
      return contains(set, most) ? [interval(0, most, true)] : contains(set, least) ? [interval(least, 0, false, true)] : [];
    default:
      return null;
  }
}

function rightSets(op: string, set: ValueSet, other: number): readonly ValueSet[] | null {
  switch (op) {
    case '+':
      return [moved(set, (end) => end - other)];
    case '-':
      return [moved(set, (end) => other - end, true)];
    case '*':
      return timesInverse(set, other);
    case '/':
      return divisorSets(set, other);
    default:
      return null;
  }
}

function timesInverse(set: ValueSet, factor: number): readonly ValueSet[] {
  if (factor === 0) return contains(set, 0) ? [allValues] : [];
  return [moved(set, (end) => end / factor, factor < 0)];
}

/** The divisors of a number that bring it into a set. */
function divisorSets(set: ValueSet, dividend: number): readonly ValueSet[] {
  const sets: ValueSet[] = [];
  for (const half of [interval(0, most, true), interval(least, 0, false, true)]) {
    const part = intersection(set, half);
    if (part !== null && dividend !== 0) sets.push(moved(part, (end) => dividend / end, true));
  }
  if (contains(set, 0)) sets.push(dividend === 0 ? interval(0, most, true) : point(most));
  if (dividend !== 0 && contains(set, dividend > 0 ? most : least)) sets.push(point(0));
  return sets;
}

function moved({ low, high, lowOpen, highOpen }: ValueSet, move: (end: number) => number, exchanged = false): ValueSet {
  const [first, second] = [move(low), move(high)].map((end, index) => (Number.isNaN(end) ? (index === 0 ? least : most) : end)) as [
    number,
    number,
  ];
  if (!exchanged) return first === second ? point(first) : interval(first, second, lowOpen, highOpen);
  return first === second ? point(first) : interval(Math.min(first, second), Math.max(first, second), highOpen, lowOpen);
}

/** Values for the side that is laid out first, when the result is to lie in a set. */
export function firstValues({ op }: Binary, side: 'left' | 'right', set: ValueSet): readonly number[] {
  if (comparisons.has(op)) return [...new Set([...valuesIn(set), 1, 0, 10, 100])];
  const goal = isPoint(set) ? [set.low] : [];
  if (op === '/') return side === 'right' ? [1, 100, 10, 1_000, 0.5] : [1, 0, 100, ...valuesIn(set)];
  if (op === '*') return [1, 100, ...valuesIn(set), ...goal];
  if (op === '-') return side === 'right' ? [0, 1, 10, 100] : [...valuesIn(set), 1, 10, 100];
  return [0, 1, 10, 100, ...valuesIn(set)];
}
