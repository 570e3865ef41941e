import type { NativeHistogram } from '../series/native-histogram.ts';
import type { Annotations } from './annotations.ts';
import type { Edges, Span } from './ast.ts';
import { extrapolatedDifference, instantDifference, type RateKind, rateKinds, type WindowBounds } from './counter-rate.ts';
import { EvaluationError } from './evaluation-error.ts';
import { extendedDifference } from './extended-difference.ts';
import { formatShortest, roundedFixed } from './go-float.ts';
import { meanOf, RunningVariance, sumOf } from './kahan.ts';
import { quantileOf } from './quantile.ts';
import { linearRegression } from './regression.ts';
import { beganAnew, warnOfOverlaps } from './start-times.ts';
import type { SeriesWindow } from './value.ts';

/** What a range function knows besides the window's samples. */
export interface RangeCall extends WindowBounds {
  /** The instant of evaluation, in ms. */
  readonly atMs: number;
  readonly edges: Edges;
  /** The scalar arguments, in order. */
  readonly scalars: readonly number[];
  readonly annotations: Annotations;
  /** Where the range vector stands, for annotations. */
  readonly place: Span;
}

/** One value of a window of at least one sample; null: no result for this series. */
export type RangeFunction = (window: SeriesWindow, call: RangeCall) => number | NativeHistogram | null;

/** The same over floats alone. */
type FloatFunction = (window: SeriesWindow, call: RangeCall) => number | null;

/** Functions whose result is a sample of the series itself, and so keeps its name. */
export const keepsName: ReadonlySet<string> = new Set(['last_over_time', 'first_over_time']);

/** Over windows of floats. */
export const rangeFunctions: Readonly<Record<string, FloatFunction>> = {
  rate: counting((window, call) => difference(window, call, rateKinds.rate)),
  increase: counting((window, call) => difference(window, call, rateKinds.increase)),
  delta: (window, call) => difference(window, call, rateKinds.delta),
  irate: (window) => instantDifference(window, true),
  idelta: (window) => instantDifference(window, false),
  deriv: (window) => (size(window) < 2 ? null : linearRegression(window, window.times[window.start] ?? 0).slope),
  predict_linear: predictLinear,
  double_exponential_smoothing: smooth,
  changes: (window) => count(window, (value, before) => value !== before && !(Number.isNaN(value) && Number.isNaN(before))),
  resets: (window) => (window.startTimes === null ? count(window, (value, before) => value < before) : countResets(window)),
  count_over_time: size,
  present_over_time: () => 1,
  last_over_time: ({ values, end }) => values[end - 1] ?? null,
  first_over_time: ({ values, start }) => values[start] ?? null,
  sum_over_time: (window) => sumOf(valuesOf(window)),
  avg_over_time: (window) => meanOf(valuesOf(window)),
  min_over_time: ({ values, start, end }) => {
    let least = values[start] ?? Number.NaN;
    for (let index = start; index < end; index++) {
      const value = values[index] ?? Number.NaN;
      if (value < least || Number.isNaN(least)) least = value;
    }
    return least;
  },
  max_over_time: ({ values, start, end }) => {
    let most = values[start] ?? Number.NaN;
    for (let index = start; index < end; index++) {
      const value = values[index] ?? Number.NaN;
      if (value > most || Number.isNaN(most)) most = value;
    }
    return most;
  },
  quantile_over_time: (window, { scalars: [q = Number.NaN], annotations, place }) => {
    if (!(q >= 0 && q <= 1)) annotations.invalidQuantile(q, place);
    return quantileOf(q, valuesOf(window));
  },
  mad_over_time: (window) => {
    const values = valuesOf(window);
    if (values.some(Number.isNaN)) return Number.NaN;
    const median = quantileOf(0.5, values);
    return quantileOf(
      0.5,
      values.map((value) => Math.abs(value - median)),
    );
  },
  stddev_over_time: (window) => Math.sqrt(variance(window)),
  stdvar_over_time: variance,
  ts_of_first_over_time: ({ times, start }) => (times[start] ?? 0) / 1_000,
  ts_of_last_over_time: ({ times, end }) => (times[end - 1] ?? 0) / 1_000,
  ts_of_max_over_time: (window) => timeOfExtreme(window, (value, best) => value >= best),
  ts_of_min_over_time: (window) => timeOfExtreme(window, (value, best) => value <= best),
};

function difference(window: SeriesWindow, call: RangeCall, kind: RateKind): number | null {
  return call.edges === null ? extrapolatedDifference(window, call, kind) : extendedDifference(window, call, kind, call.edges);
}

function counting(inner: FloatFunction): FloatFunction {
  return (window, call) => {
    if (window.startTimes !== null && call.edges === null) warnOfOverlaps(window, window.startTimes, call.annotations, call.place);
    const value = inner(window, call);
    if (value !== null) call.annotations.possibleNonCounter(window.labels['__name__'], call.place);
    return value;
  };
}

function countResets(window: SeriesWindow): number {
  const { values, start, end } = window;
  let total = 0;
  for (let index = start + 1; index < end; index++) {
    if ((values[index] ?? 0) < (values[index - 1] ?? 0) || beganAnew(window, index)) total++;
  }
  return total;
}

function size({ start, end }: SeriesWindow): number {
  return end - start;
}

function valuesOf({ values, start, end }: SeriesWindow): number[] {
  const list: number[] = new Array(end - start);
  for (let index = start; index < end; index++) list[index - start] = values[index] ?? Number.NaN;
  return list;
}

function count({ values, start, end }: SeriesWindow, counts: (value: number, before: number) => boolean): number {
  let total = 0;
  for (let index = start + 1; index < end; index++) {
    if (counts(values[index] ?? Number.NaN, values[index - 1] ?? Number.NaN)) total++;
  }
  return total;
}

function variance({ values, start, end }: SeriesWindow): number {
  const running = new RunningVariance();
  for (let index = start; index < end; index++) running.add(values[index] ?? Number.NaN);
  return running.variance;
}

function timeOfExtreme({ times, values, start, end }: SeriesWindow, better: (value: number, best: number) => boolean): number {
  let best = values[start] ?? Number.NaN;
  let atMs = times[start] ?? 0;
  for (let index = start + 1; index < end; index++) {
    const value = values[index] ?? Number.NaN;
    if (!better(value, best) && !Number.isNaN(best)) continue;
    best = value;
    atMs = times[index] ?? 0;
  }
  return atMs / 1_000;
}

function predictLinear(window: SeriesWindow, { atMs, scalars: [seconds = Number.NaN] }: RangeCall): number | null {
  if (size(window) < 2) return null;
  const { slope, intercept } = linearRegression(window, atMs);
  return slope * seconds + intercept;
}

function factor(value: number): string {
  if (!Number.isFinite(value)) return formatShortest(value);
  return Math.abs(value) < 1e21 ? roundedFixed(value, 6) : `${BigInt(value)}.000000`;
}

/** Throws `EvaluationError` for factors of smoothing and trend that are none. */
export function checkFactors({ scalars: [smoothing = 0, trend = 0] }: RangeCall): void {
  if (smoothing <= 0 || smoothing >= 1)
    throw new EvaluationError(`invalid smoothing factor. Expected: 0 < sf < 1, got: ${factor(smoothing)}`);
  if (trend <= 0 || trend >= 1) throw new EvaluationError(`invalid trend factor. Expected: 0 < tf < 1, got: ${factor(trend)}`);
}

/** Holt-Winters' double exponential smoothing with the given factors of smoothing and trend. */
function smooth(window: SeriesWindow, call: RangeCall): number | null {
  checkFactors(call);
  const [smoothing = 0, trend = 0] = call.scalars;
  if (size(window) < 2) return null;
  const values = valuesOf(window);
  let previous = 0;
  let level = values[0] ?? 0;
  let slope = (values[1] ?? 0) - (values[0] ?? 0);
  for (let index = 1; index < values.length; index++) {
    if (index > 1) slope = trend * (level - previous) + (1 - trend) * slope;
    previous = level;
    level = smoothing * (values[index] ?? 0) + (1 - smoothing) * (previous + slope);
  }
  return level;
}
