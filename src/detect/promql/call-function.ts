import { labelsOf } from '../../model/labels.ts';
import type { NativeHistogram } from '../series/native-histogram.ts';
import { labelsOfAbsence } from './absent.ts';
import type { Call, Expr, Span } from './ast.ts';
import { unwrap } from './ast.ts';
import { type CalendarDate, calendarDate, dateFunctions } from './calendar-date.ts';
import { typeOf } from './check.ts';
import { EvaluationError } from './evaluation-error.ts';
import { checkEdges } from './extended-difference.ts';
import { formatLabelNumber } from './go-float.ts';
import { histogramFraction, histogramQuantile, type QuantileCall } from './histogram-functions.ts';
import { addInfo } from './info-function.ts';
import { clampTo, greatestOf, instantFunctions, leastOf, roundTo } from './instant-functions.ts';
import { labelJoin, labelReplace, sortByLabels } from './label-functions.ts';
import { computeWithHistograms, holdsHistograms } from './native-range-functions.ts';
import { nativeVariance } from './native-statistics.ts';
import { ascending } from './quantile.ts';
import type { StepEvaluator, WindowPlace } from './query-context.ts';
import { keepsName, type RangeFunction, rangeFunctions } from './range-functions.ts';
import type { SampleVisitor, StepValue, Vector, VectorSample } from './value.ts';

const noLabels = labelsOf([]);

/** Reads the arguments of one call at one step. */
class Arguments {
  readonly evaluation: StepEvaluator;
  readonly call: Call;
  readonly atMs: number;

  constructor(evaluation: StepEvaluator, call: Call, atMs: number) {
    this.evaluation = evaluation;
    this.call = call;
    this.atMs = atMs;
  }

  expr(index: number): Expr {
    const arg = this.call.args[index];
    if (arg === undefined) throw new EvaluationError(`${this.call.name}: argument ${index + 1} is missing`);
    return arg;
  }

  vector(index: number): Vector {
    return this.evaluation.vector(this.expr(index), this.atMs);
  }

  scalar(index: number, otherwise?: number): number {
    if (otherwise !== undefined && this.call.args.length <= index) return otherwise;
    return this.evaluation.scalar(this.expr(index), this.atMs);
  }

  /** The string arguments from an index on, up to another. */
  strings(from: number, to?: number): string[] {
    return this.call.args.slice(from, to).map((arg) => {
      const value = this.evaluation.at(arg, this.atMs);
      if (typeof value === 'string') return value;
      throw new EvaluationError(`${this.call.name}: expected a string`);
    });
  }
}

type VectorFunction = (args: Arguments) => StepValue;

/** The value of a function call at one step. Throws `EvaluationError`. */
export function callFunction(evaluation: StepEvaluator, call: Call, atMs: number): StepValue {
  const args = new Arguments(evaluation, call, atMs);
  const overWindow = rangeFunctions[call.name];
  if (overWindow !== undefined) return vectorOverWindows(args, overWindow);
  const ofNumber = instantFunctions[call.name];
  if (ofNumber !== undefined) return map(args.vector(0), ofNumber);
  const ofDate = dateFunctions[call.name];
  if (ofDate !== undefined) return dates(args, ofDate);
  const special = specialFunctions[call.name];
  if (special === undefined) throw new EvaluationError(`unknown function ${call.name}()`);
  return special(args);
}

const specialFunctions: Readonly<Record<string, VectorFunction>> = {
  time: ({ atMs }) => atMs / 1_000,
  pi: () => Math.PI,
  start: ({ evaluation }) => evaluation.context.startMs / 1_000,
  end: ({ evaluation }) => evaluation.context.endMs / 1_000,
  // A range of one step has none.
  step: ({ evaluation }) => (evaluation.context.span.rangeMs === 0 ? 0 : evaluation.context.span.stepMs / 1_000),
  range: ({ evaluation }) => evaluation.context.span.rangeMs / 1_000,
  min_of: (args) => leastOf(args.scalar(0), args.scalar(1)),
  max_of: (args) => greatestOf(args.scalar(0), args.scalar(1)),
  vector: (args) => [{ labels: noLabels, value: args.scalar(0), histogram: null, dropName: false }],
  scalar: (args) => {
    const vector = args.vector(0).filter(({ histogram }) => histogram === null);
    return vector.length === 1 ? (vector[0]?.value ?? Number.NaN) : Number.NaN;
  },
  info: (args) => addInfo(args.evaluation, args.call, args.vector(0), args.atMs),
  absent: (args) => (args.vector(0).length > 0 ? [] : absence(args)),
  absent_over_time: (args) => (hasWindows(args, args.expr(0)) ? [] : absence(args)),
  timestamp: timestamps,
  start_timestamp: (args) => {
    const arg = unwrap(args.expr(0));
    if (arg.kind === 'selector') return args.evaluation.startTimestamps(arg, args.atMs);
    // Only stored samples have one; what is wrong with the argument shows all the same.
    args.vector(0);
    return [];
  },
  round: (args) => {
    const [vector, to] = [args.vector(0), args.scalar(1, 1)];
    return map(vector, (value) => roundTo(value, to));
  },
  clamp: (args) => {
    const [vector, least, most] = [args.vector(0), args.scalar(1), args.scalar(2)];
    return least > most ? [] : map(vector, (value) => clampTo(value, least, most));
  },
  clamp_min: (args) => {
    const [vector, least] = [args.vector(0), args.scalar(1)];
    return map(vector, (value) => greatestOf(least, value));
  },
  clamp_max: (args) => {
    const [vector, most] = [args.vector(0), args.scalar(1)];
    return map(vector, (value) => leastOf(most, value));
  },
  sort: (args) => sorted(args, 1),
  sort_desc: (args) => sorted(args, -1),
  sort_by_label: (args) => sortedByLabel(args, false),
  sort_by_label_desc: (args) => sortedByLabel(args, true),
  label_replace: (args) => labelReplace(args.strings(1))(args.vector(0)),
  label_join: (args) => labelJoin(args.strings(1))(args.vector(0)),
  histogram_count: (args) => ofHistograms(args, ({ count }) => count),
  histogram_sum: (args) => ofHistograms(args, ({ sum }) => sum),
  histogram_avg: (args) => ofHistograms(args, ({ sum, count }) => sum / count),
  histogram_stddev: (args) => ofHistograms(args, (histogram) => Math.sqrt(nativeVariance(histogram))),
  histogram_stdvar: (args) => ofHistograms(args, nativeVariance),
  histogram_quantile: (args) => histogramQuantile(args.scalar(0), args.vector(1), quantileCall(args, 0, 1)),
  histogram_quantiles: histogramQuantiles,
  histogram_fraction: (args) =>
    histogramFraction(args.scalar(0), args.scalar(1), args.vector(2), args.expr(2), args.evaluation.context.annotations),
};

/** A function of numbers, applied to the floats of a vector; native histograms are left out. */
function map(vector: Vector, change: (value: number) => number): Vector {
  const result: VectorSample[] = [];
  for (const { labels, value, histogram } of vector) {
    if (histogram === null) result.push({ labels, value: change(value), histogram: null, dropName: true });
  }
  return result;
}

/** A function of native histograms, applied to those of a vector; floats are left out. */
function ofHistograms(args: Arguments, read: (histogram: NativeHistogram) => number): Vector {
  return args.vector(0).flatMap(({ labels, histogram }) => {
    return histogram === null ? [] : [{ labels, value: read(histogram), histogram: null, dropName: true }];
  });
}

function absence(args: Arguments): Vector {
  return [{ labels: labelsOfAbsence(args.expr(0)), value: 1, histogram: null, dropName: false }];
}

function timestamps(args: Arguments): Vector {
  const arg = unwrap(args.expr(0));
  if (arg.kind === 'selector') return args.evaluation.timestamps(arg, args.atMs);
  return args.vector(0).map(({ labels }) => ({ labels, value: args.atMs / 1_000, histogram: null, dropName: true }));
}

function dates(args: Arguments, ofDate: (date: CalendarDate) => number): Vector {
  if (args.call.args.length === 0) {
    return [{ labels: noLabels, value: ofDate(calendarDate(args.atMs / 1_000)), histogram: null, dropName: false }];
  }
  return map(args.vector(0), (seconds) => ofDate(calendarDate(seconds)));
}

function isRange({ steps }: StepEvaluator): boolean {
  return steps.startMs !== steps.endMs;
}

function sorted(args: Arguments, direction: 1 | -1): Vector {
  const vector = args.vector(0).filter(({ histogram }) => histogram === null);
  if (isRange(args.evaluation)) args.evaluation.context.annotations.sortInRange(args.call);
  // NaN comes last in both directions.
  return [...vector].sort((a, b) => {
    if (Number.isNaN(a.value) || Number.isNaN(b.value)) return -ascending(a.value, b.value);
    return direction * ascending(a.value, b.value);
  });
}

function sortedByLabel(args: Arguments, descending: boolean): Vector {
  const vector = args.vector(0);
  if (isRange(args.evaluation)) args.evaluation.context.annotations.sortInRange(args.call);
  return sortByLabels(vector, args.strings(1), descending);
}

function quantileCall(args: Arguments, quantileAt: number, vectorAt: number): QuantileCall {
  const { atMs, evaluation } = args;
  return { quantileArg: args.expr(quantileAt), vectorArg: args.expr(vectorAt), atMs, annotations: evaluation.context.annotations };
}

function histogramQuantiles(args: Arguments): Vector {
  const [label = ''] = args.strings(1, 2);
  const vector = args.vector(0);
  return args.call.args.slice(2).flatMap((_, index) => {
    const q = args.scalar(index + 2);
    const samples = histogramQuantile(q, vector, quantileCall(args, index + 2, 0));
    return samples.map((sample) => ({ ...sample, labels: labelsOf([...Object.entries(sample.labels), [label, formatLabelNumber(q)]]) }));
  });
}

/** Functions that have no value for a window of floats and native histograms. */
const differences: ReadonlySet<string> = new Set(['delta', 'increase', 'rate']);

function placeOfWindows({ call, evaluation, atMs }: Arguments, place: Expr): WindowPlace {
  if (place.kind === 'range') checkEdges(place.selector.edges, call.name);
  return { ...evaluation.windowPlace(place, atMs), refusesMixes: differences.has(call.name) };
}

function hasWindows(args: Arguments, place: Expr): boolean {
  return args.evaluation.windows(place, placeOfWindows(args, place)).next() !== null;
}

/** Where annotations about a range function point. A subquery has lost its place by then, upstream as here. */
function placeOf(args: Arguments, place: Expr): Span {
  if (args.call.name === 'quantile_over_time') return args.expr(0);
  return place.kind === 'subquery' ? textStart : place;
}

const textStart: Span = { start: 0, end: 0 };

/** Whether a call is that of a function over the windows of a range vector. */
export function isOverWindows({ name }: Call): boolean {
  return Object.hasOwn(rangeFunctions, name);
}

/** The value of such a call at one step, sample by sample. Throws `EvaluationError`. */
export function eachOverWindows(evaluation: StepEvaluator, call: Call, atMs: number, visit: SampleVisitor): void {
  const compute = rangeFunctions[call.name];
  if (compute !== undefined) overWindows(new Arguments(evaluation, call, atMs), compute, visit);
}

function vectorOverWindows(args: Arguments, compute: RangeFunction): Vector {
  const result: VectorSample[] = [];
  overWindows(args, compute, (labels, value, histogram, dropName) => result.push({ labels, value, histogram, dropName }));
  return result;
}

function overWindows(args: Arguments, compute: RangeFunction, visit: SampleVisitor): void {
  const { call, atMs, evaluation } = args;
  const place = call.args.find((arg) => typeOf(arg) === 'matrix');
  if (place === undefined) throw new EvaluationError(`${call.name}: expected a range vector`);
  const scalars = call.args.filter((arg) => arg !== place).map((arg) => evaluation.scalar(arg, atMs));
  const windowPlace = placeOfWindows(args, place);
  const { annotations } = evaluation.context;
  const rangeCall = { ...windowPlace, atMs, scalars, annotations, place: placeOf(args, place) };
  const keeps = keepsName.has(call.name);
  const windows = evaluation.windows(place, windowPlace);
  for (let window = windows.next(); window !== null; window = windows.next()) {
    const value = holdsHistograms(window) ? computeWithHistograms(call.name, window, rangeCall) : compute(window, rangeCall);
    if (value === null) continue;
    const dropName = keeps ? window.dropName === true : true;
    if (typeof value === 'number') visit(window.labels, value, null, dropName);
    else visit(window.labels, Number.NaN, value, dropName);
  }
}
