import type { Edges } from './ast.ts';
import type { RateKind, WindowBounds } from './counter-rate.ts';
import { EvaluationError } from './evaluation-error.ts';
import type { WindowPlace } from './query-context.ts';
import { holdsBothKinds, windowOf } from './series-cursor.ts';
import type { SeriesWindow } from './value.ts';

const allowed: Readonly<Record<Exclude<Edges, null>, readonly string[]>> = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
};

/** Throws `EvaluationError` when a function does not know what to do with the neighbours of a window. */
export function checkEdges(edges: Edges, functionName: string): void {
  if (edges === null || allowed[edges].includes(functionName)) return;
  throw new EvaluationError(`${edges} modifier can only be used with: ${allowed[edges].join(', ')} - not with ${functionName}`);
}

/**
 * The samples of a window with their neighbours: `anchored` adds the last one at or before the start, `smoothed` also the
 * first one behind the end, both within the lookback window. Empty when nothing lies behind the start. Where mixes are refused, a mix
 * of floats and histograms is given with all that the lookback window reaches, so that it shows.
 */
export function extendedWindow(series: SeriesWindow, place: WindowPlace, lookbackMs: number): SeriesWindow {
  const { startMs, endMs, edges } = place;
  const reach = windowOf(series, startMs - lookbackMs, edges === 'smoothed' ? endMs + lookbackMs : endMs);
  if (place.refusesMixes && holdsBothKinds(reach)) return reach;
  const inside = windowOf(reach, startMs, endMs);
  const start = Math.max(reach.start, inside.start - 1);
  const behindEnd = edges === 'smoothed' && (inside.end === inside.start || reach.times[inside.end - 1] !== endMs);
  const end = Math.min(reach.end, behindEnd ? inside.end + 1 : inside.end);
  const lastMs = reach.times[end - 1] ?? startMs;
  const firstMs = reach.times[start] ?? endMs + 1;
  return end <= start || lastMs <= startMs || firstMs > endMs ? { ...reach, start, end: start } : { ...reach, start, end };
}

/** `delta`, `increase` and `rate` of an extended window: from edge to edge, nothing extrapolated. */
export function extendedDifference(window: SeriesWindow, bounds: WindowBounds, kind: RateKind, edges: Edges): number {
  const { values, start, end, times } = window;
  const smoothed = edges === 'smoothed';
  const startsBefore = (times[start] ?? 0) < bounds.startMs;
  const endsBehind = (times[end - 1] ?? 0) > bounds.endMs;
  const left = smoothed && startsBefore && end - start > 1 ? between(window, start, bounds.startMs, kind.counter) : (values[start] ?? 0);
  const right = smoothed && endsBehind && end - start > 1 ? between(window, end - 2, bounds.endMs, kind.counter) : (values[end - 1] ?? 0);
  const difference = right - left + (kind.counter ? restarts(window, left, right, startsBefore, endsBehind) : 0);
  return kind.perSecond ? difference / ((bounds.endMs - bounds.startMs) / 1_000) : difference;
}

/** The value at an instant on the line between a sample and the next. A counter that restarted between them came from zero. */
function between({ times, values }: SeriesWindow, index: number, atMs: number, counter: boolean): number {
  const before = values[index] ?? 0;
  const to = values[index + 1] ?? 0;
  const from = counter && to < before ? 0 : before;
  const fromMs = times[index] ?? 0;
  return from + ((to - from) * (atMs - fromMs)) / ((times[index + 1] ?? 0) - fromMs);
}

/** What restarts of a counter between the edges took away. */
function restarts({ values, start, end }: SeriesWindow, left: number, right: number, startsBefore: boolean, endsBehind: boolean): number {
  let lost = 0;
  let previous = left;
  for (let index = startsBefore ? start + 1 : start; index < (endsBehind ? end - 1 : end); index++) {
    const value = values[index] ?? 0;
    if (value < previous) lost += previous;
    previous = value;
  }
  return right < previous ? lost + previous : lost;
}

/** `selector smoothed`: the value on the line between the samples around an instant; at its end, the last one. null when there is none. */
export function smoothedValue(series: SeriesWindow, atMs: number, lookbackMs: number): number | null {
  const before = windowOf(series, atMs - lookbackMs, atMs);
  if (before.end === before.start) return null;
  const last = before.end - 1;
  const behind = windowOf(series, atMs, atMs + lookbackMs);
  if (before.times[last] === atMs || behind.end === behind.start) return before.values[last] ?? null;
  return between(series, last, atMs, false);
}
