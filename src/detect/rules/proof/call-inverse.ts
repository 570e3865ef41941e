import { calendarDate, dateFunctions } from '../../promql/calendar-date.ts';
import { clampTo, instantFunctions, roundTo } from '../../promql/instant-functions.ts';
import { commonValues } from './invert.ts';
import { contains, type ValueSet, valuesIn } from './value-set.ts';

const inverses: Readonly<Record<string, (value: number) => readonly number[]>> = {
  abs: (value) => [value, -value],
  sqrt: (value) => [value * value],
  ln: (value) => [Math.exp(value)],
  log2: (value) => [2 ** value],
  log10: (value) => [10 ** value],
  exp: (value) => [Math.log(value)],
  rad: (value) => [(value * 180) / Math.PI],
  deg: (value) => [(value * Math.PI) / 180],
};

/** Instants, in seconds, of which the parts that date functions name differ: every hour of a week, then every month of a year. */
const instants: readonly number[] = [
  ...Array.from({ length: 7 * 24 }, (_, hour) => hour * 3_600),
  ...Array.from({ length: 24 }, (_, half) => half * 15 * 86_400),
  ...Array.from({ length: 12 }, (_, part) => part * 300),
];

/** Values of the argument for which a function of one number lies in a set; null when the function is none. */
export function argumentsFor(name: string, scalars: readonly number[], set: ValueSet): readonly number[] | null {
  const date = dateFunctions[name];
  if (date !== undefined) return instants.filter((seconds) => contains(set, date(calendarDate(seconds)))).slice(0, 3);
  const compute = functionOf(name, scalars);
  if (compute === null) return null;
  const wanted = valuesIn(set);
  const inverse = inverses[name] ?? ((value: number) => [value]);
  const tried = [...wanted.flatMap(inverse), ...wanted, ...commonValues];
  return [...new Set(tried)].filter((value) => contains(set, compute(value))).slice(0, 5);
}

function functionOf(name: string, [first = Number.NaN, second = Number.NaN]: readonly number[]): ((value: number) => number) | null {
  switch (name) {
    case 'round':
      return (value) => roundTo(value, Number.isNaN(first) ? 1 : first);
    case 'clamp':
      return (value) => clampTo(value, first, second);
    case 'clamp_min':
      return (value) => Math.max(first, value);
    case 'clamp_max':
      return (value) => Math.min(first, value);
    default:
      return instantFunctions[name] ?? null;
  }
}
