import type { NativeHistogram } from '../series/native-histogram.ts';
import type { Annotations } from './annotations.ts';
import type { Span } from './ast.ts';
import { extrapolation, type RateKind } from './counter-rate.ts';
import { addHistograms, asGauge, divideHistogram, scaleHistogram, subtractHistograms } from './native-arithmetic.ts';
import { isCustom } from './native-buckets.ts';
import { emptied, withSchema } from './native-layout.ts';
import { detectsReset } from './native-resets.ts';
import type { RangeCall } from './range-functions.ts';
import { beganAnew, startInside, warnOfOverlaps } from './start-times.ts';
import type { SeriesWindow } from './value.ts';

/** Where to say what about which metric. */
export interface Remarks {
  readonly annotations: Annotations;
  readonly place: Span;
  readonly metric: string;
}

export function remarksOf({ labels }: SeriesWindow, { annotations, place }: RangeCall): Remarks {
  return { annotations, place, metric: labels['__name__'] ?? '' };
}

/** The native histograms of a window, all of whose samples are some. */
export function histogramsIn({ histograms, start, end }: SeriesWindow): NativeHistogram[] {
  const list: NativeHistogram[] = [];
  for (let index = start; index < end; index++) {
    const histogram = histograms?.[index] ?? null;
    if (histogram !== null) list.push(histogram);
  }
  return list;
}

/** `delta`, `increase` and `rate` of a window of native histograms, extrapolated to its edges like floats. */
export function nativeDifference(window: SeriesWindow, call: RangeCall, kind: RateKind): NativeHistogram | null {
  const points = histogramsIn(window);
  const [first] = points;
  const startedMs = kind.counter ? startInside(window, call.startMs) : null;
  if (first === undefined || (points.length < 2 && startedMs === null)) return null;
  const difference = grownSinceStart(window, points, call, kind, startedMs === null ? null : first);
  if (difference === null) return null;
  return scaleHistogram(difference, extrapolation(window, call, kind, { first: first.count, difference: difference.count, startedMs }));
}

/** The difference of a window's ends and what its counter had grown to by its first sample, where that grew from zero within the window. */
function grownSinceStart(
  window: SeriesWindow,
  points: readonly NativeHistogram[],
  call: RangeCall,
  kind: RateKind,
  fromZero: NativeHistogram | null,
): NativeHistogram | null {
  if (points.length < 2) return fromZero;
  const difference = kind.counter ? counterGrowth(window, points, call) : plainGrowth(window, points, call);
  return difference === null || fromZero === null ? difference : plus(difference, fromZero, remarksOf(window, call));
}

/** Says so when gauges are taken for counters, or counters for gauges. */
export function remarkOnHints(points: readonly NativeHistogram[], isCounter: boolean, { annotations, metric, place }: Remarks): void {
  if (isCounter) {
    if (points.some(({ hint }) => hint === 'gauge')) annotations.notCounter(metric, place);
  } else if (points.some(({ hint }) => hint !== 'gauge')) annotations.notGauge(metric, place);
}

function plainGrowth(window: SeriesWindow, points: readonly NativeHistogram[], call: RangeCall): NativeHistogram | null {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const remarks = remarksOf(window, call);
  const difference = minus(last, first, remarks);
  if (difference === null) return null;
  remarkOnHints([first, last], false, remarks);
  return asGauge(difference);
}

/** Growth over the samples, with the one before each restart added. */
function counterGrowth(window: SeriesWindow, points: readonly NativeHistogram[], call: RangeCall): NativeHistogram | null {
  const remarks = remarksOf(window, call);
  const [first, second, last] = [points[0], points[1], points.at(-1)];
  if (first === undefined || second === undefined || last === undefined) return null;
  const restarted = (at: number, current: NativeHistogram, previous: NativeHistogram) =>
    detectsReset(current, previous) || beganAnew(window, window.start + at);
  // What came before a restart right behind the first sample is not looked at, so its layout does not matter.
  const baseline = restarted(1, second, first) ? emptied(second) : first;
  const compared = [baseline, ...points.slice(1)];
  if (isCustom(last) !== isCustom(baseline)) remarkOnHints([first, last], true, remarks);
  if (compared.some((point) => isCustom(point) !== isCustom(baseline))) return mixed(remarks);
  remarkOnHints(points, true, remarks);
  if (window.startTimes !== null) warnOfOverlaps(window, window.startTimes, remarks.annotations, remarks.place);
  const coarsest = Math.min(...compared.map(({ schema }) => schema));
  let growth = minus(withSchema(last, coarsest), baseline, remarks);
  for (const [at, current] of compared.entries()) {
    const previous = compared[at - 1];
    if (growth !== null && previous !== undefined && restarted(at, current, previous)) growth = plus(growth, previous, remarks);
  }
  return growth === null ? null : asGauge(growth);
}

function mixed({ annotations, metric, place }: Remarks): null {
  annotations.mixedBuckets(metric, place);
  return null;
}

/** The difference of two histograms of one series. Conflicting hints are no news here: resets are dealt with one by one. */
export function minus(left: NativeHistogram, right: NativeHistogram, remarks: Remarks): NativeHistogram | null {
  const difference = subtractHistograms(left, right);
  if (difference === null) return mixed(remarks);
  remarks.annotations.combined({ ...difference, conflictingResets: false }, 'subtraction', remarks.place);
  return difference.histogram;
}

export function plus(left: NativeHistogram, right: NativeHistogram, remarks: Remarks): NativeHistogram | null {
  const sum = addHistograms(left, right);
  if (sum === null) return mixed(remarks);
  remarks.annotations.combined({ ...sum, conflictingResets: false }, 'addition', remarks.place);
  return sum.histogram;
}

/** `irate` and `idelta` of the last two samples of a window. null for fewer, or for a float and a histogram. */
export function nativeInstantDifference(window: SeriesWindow, call: RangeCall, isRate: boolean): NativeHistogram | null {
  const { times, histograms, start, end } = window;
  const last = histograms?.[end - 1] ?? null;
  const previous = histograms?.[end - 2] ?? null;
  if (end - start < 2) return null;
  const remarks = remarksOf(window, call);
  if (last === null || previous === null) {
    remarks.annotations.mixedSamples(remarks.metric, remarks.place);
    return null;
  }
  const seconds = ((times[end - 1] ?? 0) - (times[end - 2] ?? 0)) / 1_000;
  remarkOnHints([previous, last], isRate, remarks);
  const restarted = isRate && (detectsReset(last, previous) || beganAnew(window, end - 1));
  const difference = restarted ? last : minus(last, previous, remarks);
  if (difference === null || seconds === 0) return null;
  return asGauge(isRate ? divideHistogram(difference, seconds) : difference);
}
