import type { NativeHistogram } from '../series/native-histogram.ts';
import type { Edges } from './ast.ts';
import type { RateKind } from './counter-rate.ts';
import { asGauge, divideHistogram, scaleHistogram } from './native-arithmetic.ts';
import { isCustom } from './native-buckets.ts';
import { histogramsIn, minus, plus, type Remarks, remarkOnHints, remarksOf } from './native-rate.ts';
import { detectsReset } from './native-resets.ts';
import type { RangeCall } from './range-functions.ts';
import { windowOf } from './series-cursor.ts';
import type { SeriesWindow } from './value.ts';

/** `delta`, `increase` and `rate` of an extended window of native histograms: from edge to edge, nothing extrapolated. */
export function extendedNativeDifference(window: SeriesWindow, call: RangeCall, kind: RateKind, edges: Edges): NativeHistogram | null {
  const points = histogramsIn(window);
  const remarks = remarksOf(window, call);
  const last = points.at(-1);
  if (last === undefined || !fitTogether(points, kind, remarks)) return null;
  const { times, start, end } = window;
  const leftInside = edges === 'smoothed' && points.length > 1 && (times[start] ?? 0) < call.startMs;
  const rightInside = edges === 'smoothed' && points.length > 1 && (times[end - 1] ?? 0) > call.endMs;
  const left = leftInside ? between(window, start, call.startMs, kind.counter, remarks) : (points[0] ?? null);
  if (left === null) return null;
  const right = rightInside ? between(window, end - 2, call.endMs, kind.counter, remarks) : last;
  if (right === null) return null;
  if (!kind.counter) remarkOnHints([left, right], false, remarks);
  const difference = minus(right, left, remarks);
  const grown = difference === null || !kind.counter ? difference : withRestarts(difference, points, { left, right, leftInside }, remarks);
  if (grown === null) return null;
  return asGauge(kind.perSecond ? divideHistogram(grown, (call.endMs - call.startMs) / 1_000) : grown);
}

/** Whether all histograms have buckets of one kind; says so if not, and if gauges are taken for counters. */
function fitTogether(points: readonly NativeHistogram[], kind: RateKind, remarks: Remarks): boolean {
  const [first] = points;
  const odd = points.findIndex((point) => first !== undefined && isCustom(point) !== isCustom(first));
  if (kind.counter) remarkOnHints(odd < 0 ? points : points.slice(0, odd), true, remarks);
  if (odd >= 0) remarks.annotations.mixedBuckets(remarks.metric, remarks.place);
  return odd < 0;
}

/** The values at the edges of a window. `leftInside`: the left one lies between two samples. */
interface EdgeValues {
  readonly left: NativeHistogram;
  readonly right: NativeHistogram;
  readonly leftInside: boolean;
}

/** A difference with what restarts of the counter between the edges took away. */
function withRestarts(
  difference: NativeHistogram,
  points: readonly NativeHistogram[],
  { left, right, leftInside }: EdgeValues,
  remarks: Remarks,
): NativeHistogram | null {
  const [first, second] = points;
  // A restart within the gap at the left edge is part of the interpolation.
  const restartsAtEdge = leftInside && first !== undefined && second !== undefined && detectsReset(second, first);
  if (restartsAtEdge && points.length === 2) return difference;
  let previous = restartsAtEdge ? second : left;
  let lost: NativeHistogram | null = null;
  for (const current of [...points.slice(restartsAtEdge ? 2 : 1, -1), right]) {
    if (detectsReset(current, previous)) {
      lost = lost === null ? previous : plus(lost, previous, remarks);
      if (lost === null) return null;
    }
    previous = current;
  }
  return lost === null ? difference : plus(difference, lost, remarks);
}

/** The histogram at an instant between a sample and the next; a counter that restarted between them came from zero. */
function between(
  { times, histograms }: SeriesWindow,
  index: number,
  atMs: number,
  counter: boolean,
  remarks: Remarks,
): NativeHistogram | null {
  const from = histograms?.[index] ?? null;
  const to = histograms?.[index + 1] ?? null;
  if (from === null || to === null) return null;
  const fromMs = times[index] ?? 0;
  const share = (atMs - fromMs) / ((times[index + 1] ?? 0) - fromMs);
  if (counter && isCustom(from) === isCustom(to) && detectsReset(to, from)) return scaleHistogram(to, share);
  const difference = minus(to, from, remarks);
  return difference === null ? null : plus(scaleHistogram(difference, share), from, remarks);
}

/** `selector smoothed` over native histograms: what lies at an instant between its neighbours; null when nothing does. */
export function smoothedHistogram(series: SeriesWindow, atMs: number, lookbackMs: number, remarks: Remarks): NativeHistogram | null {
  const before = windowOf(series, atMs - lookbackMs, atMs);
  if (before.end === before.start) return null;
  const last = before.end - 1;
  const behind = windowOf(series, atMs, atMs + lookbackMs);
  const from = before.histograms?.[last] ?? null;
  if (before.times[last] === atMs || from === null) return from;
  // Whether it was reset says something about the sample before it, not about this instant.
  if (behind.end === behind.start) return { ...from, hint: 'unknown' };
  const to = before.histograms?.[last + 1] ?? null;
  if (to === null) return null;
  return between(series, last, atMs, to.hint !== 'gauge' || from.hint !== 'gauge', remarks);
}
