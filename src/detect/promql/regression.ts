import { KahanSum } from './kahan.ts';
import type { SeriesWindow } from './value.ts';

export interface Line {
  /** Per second. */
  readonly slope: number;
  /** Value at the instant asked for. */
  readonly intercept: number;
}

/** The straight line that fits the samples best (least squares), with the intercept at `interceptAtMs`. */
export function linearRegression({ times, values, start, end }: SeriesWindow, interceptAtMs: number): Line {
  const first = values[start] ?? Number.NaN;
  const [sumX, sumY, sumXY, sumXX] = [new KahanSum(), new KahanSum(), new KahanSum(), new KahanSum()];
  let constant = true;
  for (let index = start; index < end; index++) {
    const x = ((times[index] ?? 0) - interceptAtMs) / 1_000;
    const y = values[index] ?? Number.NaN;
    if (y !== first) constant = false;
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumXX.add(x * x);
  }
  if (constant) return Number.isFinite(first) ? { slope: 0, intercept: first } : { slope: Number.NaN, intercept: Number.NaN };
  const count = end - start;
  const covariance = sumXY.total - (sumX.total * sumY.total) / count;
  const variance = sumXX.total - (sumX.total * sumX.total) / count;
  const slope = covariance / variance;
  return { slope, intercept: sumY.total / count - (slope * sumX.total) / count };
}
