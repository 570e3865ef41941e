/** An interval of floats; never empty, NaN is no part of it. An open end is itself left out. */
export interface ValueSet {
  readonly low: number;
  readonly high: number;
  readonly lowOpen: boolean;
  readonly highOpen: boolean;
}

export const allValues: ValueSet = interval(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);

/** All values from `low` through `high`. */
export function interval(low: number, high: number, lowOpen = false, highOpen = false): ValueSet {
  return { low, high, lowOpen, highOpen };
}

export function point(value: number): ValueSet {
  return interval(value, value);
}

export function isPoint({ low, high }: ValueSet): boolean {
  return low === high;
}

export function contains({ low, high, lowOpen, highOpen }: ValueSet, value: number): boolean {
  return (lowOpen ? value > low : value >= low) && (highOpen ? value < high : value <= high);
}

/** What two sets share; null when that is nothing. */
export function intersection(a: ValueSet, b: ValueSet): ValueSet | null {
  const low = Math.max(a.low, b.low);
  const high = Math.min(a.high, b.high);
  const lowOpen = (a.low === low && a.lowOpen) || (b.low === low && b.lowOpen);
  const highOpen = (a.high === high && a.highOpen) || (b.high === high && b.highOpen);
  return low > high || (low === high && (lowOpen || highOpen)) ? null : { low, high, lowOpen, highOpen };
}

/** The smallest set that holds both. */
export function hull(a: ValueSet, b: ValueSet): ValueSet {
  const low = Math.min(a.low, b.low);
  const high = Math.max(a.high, b.high);
  const isOpenAt = (end: number, ends: readonly (readonly [number, boolean])[]) => ends.every(([value, open]) => value !== end || open);
  return {
    low,
    high,
    lowOpen: isOpenAt(low, [
      [a.low, a.lowOpen],
      [b.low, b.lowOpen],
    ]),
    highOpen: isOpenAt(high, [
      [a.high, a.highOpen],
      [b.high, b.highOpen],
    ]),
  };
}

/** The values `x` for which `x op bound` holds. `!=` gives two sets. */
export function satisfying(op: string, bound: number): readonly ValueSet[] {
  if (Number.isNaN(bound)) return op === '!=' ? [allValues] : [];
  const { NEGATIVE_INFINITY: least, POSITIVE_INFINITY: most } = Number;
  const above = { low: bound, high: most, lowOpen: true, highOpen: false };
  const below = { low: least, high: bound, lowOpen: false, highOpen: true };
  switch (op) {
    case '>':
      return bound === most ? [] : [above];
    case '>=':
      return [{ ...above, lowOpen: false }];
    case '<':
      return bound === least ? [] : [below];
    case '<=':
      return [{ ...below, highOpen: false }];
    case '==':
      return [point(bound)];
    case '!=':
      return [above, below].filter(({ low, high }) => low < high);
    default:
      return [];
  }
}

const mirrored: Readonly<Record<string, string>> = { '>': '<', '>=': '<=', '<': '>', '<=': '>=', '==': '==', '!=': '!=' };
const negated: Readonly<Record<string, string>> = { '>': '<=', '>=': '<', '<': '>=', '<=': '>', '==': '!=', '!=': '==' };

/** The comparison with its sides exchanged. */
export function mirror(op: string): string {
  return mirrored[op] ?? op;
}

/** The comparison that holds exactly when this one does not (NaN aside). */
export function negate(op: string): string {
  return negated[op] ?? op;
}

/** How a set reads: `from 1 upwards`, `exactly 0`. */
export function describeSet({ low, high, lowOpen, highOpen }: ValueSet): string {
  if (low === high) return `exactly ${low}`;
  const from = lowOpen ? `above ${low}` : `from ${low}`;
  const to = highOpen ? `below ${high}` : `at most ${high}`;
  if (low === Number.NEGATIVE_INFINITY && high === Number.POSITIVE_INFINITY) return 'any number';
  if (high === Number.POSITIVE_INFINITY) return lowOpen ? from : `${low} or more`;
  if (low === Number.NEGATIVE_INFINITY) return to;
  return `${from} and ${to}`;
}

/** Values of a set that a person would choose first: whole numbers next to its ends. */
export function valuesIn(set: ValueSet): readonly number[] {
  const { low, high } = set;
  const wanted =
    low === Number.NEGATIVE_INFINITY && high === Number.POSITIVE_INFINITY
      ? [1, 0, 10, 100, -1]
      : high === Number.POSITIVE_INFINITY
        ? [Math.floor(low) + 1, low, low + 1, Math.ceil(low * 2), low * 10 + 10, low + Math.abs(low) * 0.1, high]
        : low === Number.NEGATIVE_INFINITY
          ? [Math.ceil(high) - 1, 0, high, high / 2, high - 1, high * 2 - 10, high - Math.abs(high) * 0.1, low]
          : [...wholeBetween(low, high), (low + high) / 2, low, high, low + (high - low) / 4];
  return [...new Set(wanted.map((value) => value + 0))].filter((value) => contains(set, value));
}

function wholeBetween(low: number, high: number): number[] {
  const middle = Math.round((low + high) / 2);
  return middle > low && middle < high ? [middle] : [Math.floor(low) + 1, Math.ceil(high) - 1];
}
