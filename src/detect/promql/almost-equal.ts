/** Smallest normal double: below it, relative differences say nothing. */
const normalMin = 2.2250738585072014e-308;

/** Whether two floats are equal up to a relative difference. NaN equals NaN, infinities only themselves. */
export function almostEqual(a: number, b: number, tolerance: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < normalMin) return difference < tolerance * normalMin;
  return difference / Math.min(sum, Number.MAX_VALUE) < tolerance;
}
