import type { NativeHistogram } from '../series/native-histogram.ts';
import type { Edges } from './ast.ts';
import type { RateKind } from './counter-rate.ts';
import { asGauge, scaleHistogram } from './native-arithmetic.ts';
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
  const last = points.length - 1;
  const [first] = points;
  if (first === undefined) return null;
  remarkOnHints(points, kind, remarks);
  if (points.some((point) => isCustom(point) !== isCustom(first))) {
    remarks.annotations.mixedBuckets(remarks.metric, remarks.place);
    return null;
  }
  const smoothed = edges === 'smoothed' && last > 0;
  const { times, start, end } = window;
  const leftInside = smoothed && (times[start] ?? 0) < call.startMs;
  const rightInside = smoothed && (times[end - 1] ?? 0) > call.endMs;
  const left = leftInside ? between(window, start, call.startMs, kind.counter, remarks) : first;
  const sameGap = leftInside && rightInside && last === 1;
  const right = rightInside ? between(window, start + last - 1, call.endMs, kind.counter, remarks) : (points[last] ?? null);
  if (left === null || right === null) return null;
  let difference = minus(right, left, remarks);
  // A restart within an interpolated gap is part of the interpolation, unless the right edge comes after the samples before it.
  const through = rightInside && sameGap ? last - 1 : last;
  for (let at = leftInside ? 2 : 1; at <= through && kind.counter && difference !== null; at++) {
    const [current, previous] = [points[at], points[at - 1]];
    if (current !== undefined && previous !== undefined && detectsReset(current, previous))
      difference = plus(difference, previous, remarks);
  }
  if (difference === null) return null;
  return asGauge(kind.perSecond ? scaleHistogram(difference, 1_000 / (call.endMs - call.startMs)) : difference);
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
