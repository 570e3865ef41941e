import type { SeriesWindow } from './value.ts';

/** The window that a range function looks at, in ms; open at its start, closed at its end. */
export interface WindowBounds {
  readonly startMs: number;
  readonly endMs: number;
}

/** How an extrapolated difference is meant. */
export interface RateKind {
  /** A value below the one before is a restart from zero. */
  readonly counter: boolean;
  /** Per second instead of over the whole window. */
  readonly perSecond: boolean;
}

/**
 * The difference between the ends of a window, extrapolated to its edges: `delta`, `increase` and `rate`.
 * Extrapolates at most to the edge, only half an average distance where the samples end well before it, and
 * never below zero for counters. null for fewer than two samples.
 * @see Prometheus promql/functions.go, extrapolatedRate
 */
export function extrapolatedDifference(window: SeriesWindow, { startMs, endMs }: WindowBounds, kind: RateKind): number | null {
  const { times, start, end } = window;
  if (end - start < 2) return null;
  const firstMs = times[start] ?? 0;
  const lastMs = times[end - 1] ?? 0;
  const difference = kind.counter ? counterIncrease(window) : plainDifference(window);
  const sampledSeconds = (lastMs - firstMs) / 1_000;
  const averageSeconds = sampledSeconds / (end - start - 1);
  const threshold = averageSeconds * 1.1;
  let toStart = (firstMs - startMs) / 1_000;
  if (toStart >= threshold) toStart = averageSeconds / 2;
  if (kind.counter) toStart = Math.min(toStart, secondsToZero(window, difference, sampledSeconds, toStart));
  let toEnd = (endMs - lastMs) / 1_000;
  if (toEnd >= threshold) toEnd = averageSeconds / 2;
  const factor = (sampledSeconds + toStart + toEnd) / sampledSeconds;
  return difference * (kind.perSecond ? factor / ((endMs - startMs) / 1_000) : factor);
}

function plainDifference({ values, start, end }: SeriesWindow): number {
  return (values[end - 1] ?? 0) - (values[start] ?? 0);
}

/** Growth over the samples, with the value before each restart added. */
export function counterIncrease({ values, start, end }: SeriesWindow): number {
  let increase = (values[end - 1] ?? 0) - (values[start] ?? 0);
  let previous = values[start] ?? 0;
  for (let index = start + 1; index < end; index++) {
    const value = values[index] ?? 0;
    if (value < previous) increase += previous;
    previous = value;
  }
  return increase;
}

/** How long before the first sample the counter, at its average speed, was zero. */
function secondsToZero({ values, start }: SeriesWindow, difference: number, sampledSeconds: number, otherwise: number): number {
  const first = values[start] ?? 0;
  return difference > 0 && first >= 0 ? sampledSeconds * (first / difference) : otherwise;
}

/** The difference of the last two samples: `idelta`, and per second with restarts made good: `irate`. null for fewer than two. */
export function instantDifference({ times, values, start, end }: SeriesWindow, isRate: boolean): number | null {
  if (end - start < 2) return null;
  const last = values[end - 1] ?? 0;
  const previous = values[end - 2] ?? 0;
  if (!isRate) return last - previous;
  const seconds = ((times[end - 1] ?? 0) - (times[end - 2] ?? 0)) / 1_000;
  return seconds === 0 ? null : (last < previous ? last : last - previous) / seconds;
}
