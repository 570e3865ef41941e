import { exp, log, log2, log10 } from './go-exponential.ts';
import { acos, acosh, asin, asinh, atan, cos, cosh, sin, sinh, tan, tanh } from './go-trigonometry.ts';

/** Functions of one number, by name. Applied to every element of a vector; the result is another metric. */
export const instantFunctions: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs,
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh: Math.atanh,
  ceil: Math.ceil,
  cos,
  cosh,
  deg: (radians) => (radians * 180) / Math.PI,
  exp,
  floor: Math.floor,
  ln: log,
  log10,
  log2,
  rad: (degrees) => (degrees * Math.PI) / 180,
  sgn: (value) => (value < 0 ? -1 : value > 0 ? 1 : value),
  sin,
  sinh,
  sqrt: Math.sqrt,
  tan,
  tanh,
};

/** The nearest multiple of `to`; halves round up. */
export function roundTo(value: number, to: number): number {
  // Dividing by the inverse keeps `round(x, 0.1)` from showing binary rounding errors.
  const inverse = 1 / to;
  return Math.floor(value * inverse + 0.5) / inverse;
}

/** `clamp`: NaN bounds give NaN, except where an infinity decides. */
export function clampTo(value: number, least: number, most: number): number {
  return greatestOf(least, leastOf(most, value));
}

/** The lesser number. Unlike Math.min, as in Go, nothing is less than -Inf, not even NaN. */
export function leastOf(a: number, b: number): number {
  return a === Number.NEGATIVE_INFINITY || b === Number.NEGATIVE_INFINITY ? Number.NEGATIVE_INFINITY : Math.min(a, b);
}

/** The greater number; nothing is greater than +Inf. */
export function greatestOf(a: number, b: number): number {
  return a === Number.POSITIVE_INFINITY || b === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : Math.max(a, b);
}
