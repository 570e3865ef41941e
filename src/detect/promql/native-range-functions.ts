import type { NativeHistogram } from '../series/native-histogram.ts';
import { type RateKind, rateKinds } from './counter-rate.ts';
import { type Combined, equalHistograms, meanOfHistograms, sumOfHistograms } from './native-arithmetic.ts';
import { extendedNativeDifference } from './native-extended-difference.ts';
import { histogramsIn, nativeDifference, nativeInstantDifference, remarksOf } from './native-rate.ts';
import { detectsReset } from './native-resets.ts';
import { checkFactors, type RangeCall, type RangeFunction, rangeFunctions } from './range-functions.ts';
import { beganAnew } from './start-times.ts';
import type { SeriesWindow } from './value.ts';

/** Functions that count or date samples of any kind. */
const kindless = new Set(['count_over_time', 'present_over_time', 'ts_of_first_over_time', 'ts_of_last_over_time']);

/** Functions for which native histograms are more than something to ignore. */
const ofHistograms: Readonly<Record<string, RangeFunction>> = {
  rate: (window, call) => unmixed(window, call, () => difference(window, call, rateKinds.rate)),
  increase: (window, call) => unmixed(window, call, () => difference(window, call, rateKinds.increase)),
  delta: (window, call) => unmixed(window, call, () => difference(window, call, rateKinds.delta)),
  irate: (window, call) => lastTwo(window, call, true),
  idelta: (window, call) => lastTwo(window, call, false),
  sum_over_time: (window, call) => unmixed(window, call, (histograms) => combined(window, call, sumOfHistograms(histograms))),
  avg_over_time: (window, call) => unmixed(window, call, (histograms) => combined(window, call, meanOfHistograms(histograms))),
  last_over_time: ({ histograms, values, end }) => histograms?.[end - 1] ?? values[end - 1] ?? null,
  first_over_time: ({ histograms, values, start }) => histograms?.[start] ?? values[start] ?? null,
  changes: (window) => countPairs(window, changed),
  resets: (window) => countPairs(window, restarted),
};

/** Whether a window holds a native histogram. */
export function holdsHistograms({ histograms, start, end }: SeriesWindow): boolean {
  if (histograms === null) return false;
  for (let index = start; index < end; index++) if ((histograms[index] ?? null) !== null) return true;
  return false;
}

/** A range function over a window with native histograms in it. */
export function computeWithHistograms(name: string, window: SeriesWindow, call: RangeCall): number | NativeHistogram | null {
  const ofAny = ofHistograms[name];
  if (ofAny !== undefined) return ofAny(window, call);
  const ofFloats = rangeFunctions[name];
  if (ofFloats === undefined) return null;
  if (kindless.has(name)) return ofFloats(window, call);
  if (name === 'double_exponential_smoothing') checkFactors(call);
  const floats = onlyFloats(window);
  if (floats.end === 0) return null;
  call.annotations.ignoredInRange(window.labels['__name__'] ?? '', call.place);
  return ofFloats(floats, call);
}

function onlyFloats(window: SeriesWindow): SeriesWindow {
  const { times, values, histograms, start, end, labels, dropName } = window;
  const kept: number[] = [];
  for (let index = start; index < end; index++) if ((histograms?.[index] ?? null) === null) kept.push(index);
  return {
    labels,
    dropName,
    times: kept.map((index) => times[index] ?? 0),
    values: kept.map((index) => values[index] ?? Number.NaN),
    histograms: null,
    startTimes: null,
    start: 0,
    end: kept.length,
  };
}

/** What is computed of a window that holds nothing but histograms; a mix has no result. */
function unmixed(
  window: SeriesWindow,
  call: RangeCall,
  compute: (histograms: readonly NativeHistogram[]) => NativeHistogram | null,
): NativeHistogram | null {
  const histograms = histogramsIn(window);
  if (histograms.length === window.end - window.start) return compute(histograms);
  const { annotations, metric, place } = remarksOf(window, call);
  annotations.mixedSamples(metric, place);
  return null;
}

function difference(window: SeriesWindow, call: RangeCall, kind: RateKind): NativeHistogram | null {
  return call.edges === null ? nativeDifference(window, call, kind) : extendedNativeDifference(window, call, kind, call.edges);
}

function lastTwo(window: SeriesWindow, call: RangeCall, isRate: boolean): number | NativeHistogram | null {
  const { histograms, end } = window;
  const floats = (histograms?.[end - 1] ?? null) === null && (histograms?.[end - 2] ?? null) === null;
  if (floats) return rangeFunctions[isRate ? 'irate' : 'idelta']?.({ ...window, histograms: null }, call) ?? null;
  return nativeInstantDifference(window, call, isRate);
}

function combined(window: SeriesWindow, call: RangeCall, sum: Combined | null): NativeHistogram | null {
  const { annotations, metric, place } = remarksOf(window, call);
  if (sum === null) {
    annotations.mixedBuckets(metric, place);
    return null;
  }
  annotations.combined(sum, 'aggregation', place);
  return sum.histogram;
}

type PairTest = (window: SeriesWindow, index: number, current: NativeHistogram, previous: NativeHistogram) => boolean;

/** How often a sample differs from the one before it; a float and a histogram always do. */
function countPairs(window: SeriesWindow, differs: PairTest): number {
  const { histograms, start, end } = window;
  let total = 0;
  for (let index = start + 1; index < end; index++) {
    const [current, previous] = [histograms?.[index] ?? null, histograms?.[index - 1] ?? null];
    if (current !== null && previous !== null) total += Number(differs(window, index, current, previous));
    else if (current !== null || previous !== null) total++;
    else total += Number(floatDiffers(window, index, differs));
  }
  return total;
}

function floatDiffers(window: SeriesWindow, index: number, differs: PairTest): boolean {
  const value = window.values[index] ?? Number.NaN;
  const before = window.values[index - 1] ?? Number.NaN;
  if (differs === changed) return value !== before && !(Number.isNaN(value) && Number.isNaN(before));
  return value < before || beganAnew(window, index);
}

function changed(_window: SeriesWindow, _index: number, current: NativeHistogram, previous: NativeHistogram): boolean {
  return !equalHistograms(current, previous);
}

function restarted(window: SeriesWindow, index: number, current: NativeHistogram, previous: NativeHistogram): boolean {
  return detectsReset(current, previous) || beganAnew(window, index);
}
