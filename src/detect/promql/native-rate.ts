import type { NativeHistogram } from '../series/native-histogram.ts';
import type { Annotations } from './annotations.ts';
import type { Span } from './ast.ts';
import { extrapolation, isBefore, type RateKind } from './counter-rate.ts';
import { addHistograms, asGauge, divideHistogram, scaleHistogram, subtractHistograms } from './native-arithmetic.ts';
import { isCustom } from './native-buckets.ts';
import { detectsReset } from './native-resets.ts';
import type { RangeCall } from './range-functions.ts';
import { beganAnew, startInside } from './start-times.ts';
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
  const fromZero = isBefore(startedMs, window);
  if (first === undefined || (points.length < 2 && !fromZero)) return null;
  remarkOnHints(points, kind, remarksOf(window, call));
  const difference = kind.counter ? counterGrowth(window, points, fromZero, call) : plainGrowth(window, points, call);
  if (difference === null) return null;
  const factor = extrapolation(window, call, kind, { first: first.count, difference: difference.count, startedMs });
  return asGauge(scaleHistogram(difference, factor));
}

/** Says so when gauges are taken for counters, or counters for gauges. */
export function remarkOnHints(points: readonly NativeHistogram[], kind: RateKind, { annotations, metric, place }: Remarks): void {
  if (kind.counter) {
    if (points.some(({ hint }) => hint === 'gauge')) annotations.notCounter(metric, place);
  } else if (points[0]?.hint !== 'gauge' || points.at(-1)?.hint !== 'gauge') annotations.notGauge(metric, place);
}

function plainGrowth(window: SeriesWindow, points: readonly NativeHistogram[], call: RangeCall): NativeHistogram | null {
  const [first, last] = [points[0], points.at(-1)];
  return first === undefined || last === undefined ? null : minus(last, first, remarksOf(window, call));
}

/** Growth over the samples, with the one before each restart added. `fromZero`: the first one is growth, too. */
function counterGrowth(
  window: SeriesWindow,
  points: readonly NativeHistogram[],
  fromZero: boolean,
  call: RangeCall,
): NativeHistogram | null {
  const remarks = remarksOf(window, call);
  const [first, second, last] = [points[0], points[1], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const restarted = (at: number) => {
    const [current, previous] = [points[at], points[at - 1]];
    return current !== undefined && previous !== undefined && (detectsReset(current, previous) || beganAnew(window, window.start + at));
  };
  // What came before a restart right behind the first sample is not looked at, so its layout does not matter.
  const relevant = !fromZero && second !== undefined && restarted(1) ? points.slice(1) : points;
  if (relevant.some((point) => isCustom(point) !== isCustom(last))) return mixed(remarks);
  let growth = relevant === points && !fromZero ? minus(last, first, remarks) : last;
  for (let at = points.length - relevant.length + 1; at < points.length; at++) {
    const previous = points[at - 1];
    if (growth !== null && previous !== undefined && restarted(at)) growth = plus(growth, previous, remarks);
  }
  return growth;
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
  remarkOnHints([previous, last], { counter: isRate, perSecond: isRate }, remarks);
  const restarted = isRate && (detectsReset(last, previous) || beganAnew(window, end - 1));
  const difference = restarted ? last : minus(last, previous, remarks);
  if (difference === null || seconds === 0) return null;
  return asGauge(isRate ? divideHistogram(difference, seconds) : difference);
}
