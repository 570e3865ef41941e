import { beganAnew, startInside } from './start-times.ts';
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

/** What the functions of these names mean. Made once: each is asked for every series. */
export const rateKinds = {
  rate: { counter: true, perSecond: true },
  increase: { counter: true, perSecond: false },
  delta: { counter: false, perSecond: false },
} as const satisfies Readonly<Record<string, RateKind>>;

/**
 * The difference between the ends of a window, extrapolated to its edges: `delta`, `increase` and `rate`.
 * Extrapolates at most to the edge, only half an average distance where the samples end well before it, and
 * never below zero for counters. null for fewer than two samples.
 * @see Prometheus promql/functions.go, extrapolatedRate
 */
export function extrapolatedDifference(window: SeriesWindow, bounds: WindowBounds, kind: RateKind): number | null {
  const startedMs = kind.counter ? startInside(window, bounds.startMs) : null;
  if (window.end - window.start < 2 && startedMs === null) return null;
  const { values, start } = window;
  const first = values[start] ?? 0;
  const growth = kind.counter ? counterIncrease(window) : plainDifference(window);
  const difference = startedMs === null ? growth : growth + first;
  return difference * extrapolation(window, bounds, kind, { first, difference, startedMs });
}

/** What the extrapolation of a difference depends on, besides the times of the samples. */
export interface Extrapolated {
  /** The value of the first sample. */
  readonly first: number;
  readonly difference: number;
  /** When the counter is known to have begun within the window, at zero. */
  readonly startedMs: number | null;
}

/** By what the difference of a window's samples must be multiplied to reach from edge to edge. */
export function extrapolation(window: SeriesWindow, { startMs, endMs }: WindowBounds, kind: RateKind, of: Extrapolated): number {
  const { times, start, end } = window;
  const firstMs = times[start] ?? 0;
  const lastMs = times[end - 1] ?? 0;
  const sampledSeconds = (lastMs - (of.startedMs ?? firstMs)) / 1_000;
  const averageSeconds = end - start > 1 ? (lastMs - firstMs) / 1_000 / (end - start - 1) : 0;
  const threshold = averageSeconds * 1.1;
  let toStart = of.startedMs === null ? (firstMs - startMs) / 1_000 : 0;
  if (toStart >= threshold) toStart = averageSeconds / 2;
  if (kind.counter && of.difference > 0 && of.first >= 0) toStart = Math.min(toStart, sampledSeconds * (of.first / of.difference));
  let toEnd = (endMs - lastMs) / 1_000;
  if (toEnd >= threshold) toEnd = averageSeconds / 2;
  const factor = (sampledSeconds + toStart + toEnd) / sampledSeconds;
  return kind.perSecond ? factor / ((endMs - startMs) / 1_000) : factor;
}

function plainDifference({ values, start, end }: SeriesWindow): number {
  return (values[end - 1] ?? 0) - (values[start] ?? 0);
}

/** Growth over the samples, with the value before each restart added. */
export function counterIncrease(window: SeriesWindow): number {
  const { values, start, end, startTimes } = window;
  let increase = (values[end - 1] ?? 0) - (values[start] ?? 0);
  let previous = values[start] ?? 0;
  for (let index = start + 1; index < end; index++) {
    const value = values[index] ?? 0;
    if (value < previous || (startTimes !== null && beganAnew(window, index))) increase += previous;
    previous = value;
  }
  return increase;
}

/** The difference of the last two samples: `idelta`, and per second with restarts made good: `irate`. null for fewer than two. */
export function instantDifference(window: SeriesWindow, isRate: boolean): number | null {
  const { times, values, start, end, startTimes } = window;
  if (end - start < 2) return null;
  const last = values[end - 1] ?? 0;
  const previous = values[end - 2] ?? 0;
  if (!isRate) return last - previous;
  const seconds = ((times[end - 1] ?? 0) - (times[end - 2] ?? 0)) / 1_000;
  if (seconds === 0) return null;
  const restarted = last < previous || (startTimes !== null && beganAnew(window, end - 1));
  return (restarted ? last : last - previous) / seconds;
}
