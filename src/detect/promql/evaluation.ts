import { rememberedFor } from '../../base/remembered.ts';
import { labelsKey } from '../../model/labels.ts';
import type { SeriesCursor } from '../series/queryable.ts';
import { aggregate } from './aggregate.ts';
import { checkedParameter, parameterValues } from './aggregate-parameter.ts';
import type { Aggregate, At, Binary, Call, Duration, Expr, RangeSelector, Selector, Subquery } from './ast.ts';
import { unwrap } from './ast.ts';
import { mayRepeatSeries, operate, vectorWithScalar, vectorWithVector } from './binary.ts';
import { callFunction, eachOverWindows, isOverWindows } from './call-function.ts';
import { withoutDroppedNames } from './dropped-names.ts';
import { durationMs, windowMs } from './duration-value.ts';
import { EvaluationError } from './evaluation-error.ts';
import { extendedWindow, smoothedValue } from './extended-difference.ts';
import { readsName } from './metadata-labels.ts';
import { scaleHistogram } from './native-arithmetic.ts';
import { smoothedHistogram } from './native-extended-difference.ts';
import { histogramsIn } from './native-rate.ts';
import type { QueryContext, StepEvaluator, Steps, WindowPlace } from './query-context.ts';
import { Reduction } from './reduction.ts';
import { duplicateLabels, SeriesCollector } from './series-collector.ts';
import { indexAfter, type SelectedSeries, selected, selectedSamples, windowOf, withCountsOnly } from './series-cursor.ts';
import type { SampleVisitor, SeriesWindow, StepValue, Vector, VectorSample } from './value.ts';
import { FreshWindows, ListedWindows, type WindowCursor } from './window-cursor.ts';

/** Evaluates one tree at the steps from `startMs` through `endMs`; each selector is read only once for all of them. */
export class Evaluation implements StepEvaluator {
  readonly context: QueryContext;
  readonly steps: Steps;
  private readonly instantSeries = rememberedFor((selector: Selector) => this.select(selector, null));
  private readonly rangeSeries = new WeakMap<Expr, readonly SeriesWindow[]>();

  /** Of the series of an operator, by their labels, whether their names are dropped. */
  private readonly namesDropped = rememberedFor<Binary, Map<string, boolean>>(() => new Map());
  private readonly constantValues = rememberedFor((expr: Expr) => this.once(expr));
  private readonly parameterNumbers = rememberedFor((expr: Aggregate) => parameterValues(this, expr));
  private readonly parameters = rememberedFor((expr: Aggregate) => {
    return checkedParameter(expr, this.parameterNumbers(expr), this.context.annotations);
  });

  constructor(context: QueryContext, steps: Steps) {
    this.context = context;
    this.steps = steps;
  }

  /** The value of an expression of any type but range vector. */
  at(expr: Expr, atMs: number): StepValue {
    const { startMs, endMs } = this.steps;
    const { constants, annotations, delayedNameRemoval } = this.context;
    if (startMs < endMs && constants.has(expr)) return this.constantValues(expr);
    const value = annotations.speaking(expr, () => this.valueAt(expr, atMs));
    return typeof value !== 'object' || delayedNameRemoval ? value : withoutDroppedNames(value);
  }

  /** The value of an expression that does not change from step to step. */
  private once(expr: Expr): StepValue {
    const { startMs } = this.steps;
    return new Evaluation(this.context, { startMs, endMs: startMs, stepMs: 1 }).at(expr, startMs);
  }

  private valueAt(expr: Expr, atMs: number): StepValue {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return expr.value;
      case 'parenthesised':
        return this.at(expr.expr, atMs);
      case 'selector':
        return this.instantVector(expr, atMs);
      case 'unary':
        return expr.op === '-' ? negate(this.at(expr.operand, atMs)) : this.at(expr.operand, atMs);
      case 'binary':
        return this.binary(expr, atMs);
      case 'aggregate':
        return this.aggregation(expr, atMs);
      case 'call':
        return this.call(expr, atMs);
      case 'range':
      case 'subquery':
        throw new EvaluationError('a range vector has no value at an instant');
    }
  }

  /** The value of an expression that the type check found to be a vector. */
  vector(expr: Expr, atMs: number): Vector {
    const value = this.at(expr, atMs);
    if (typeof value === 'object') return value;
    throw new EvaluationError(`expected an instant vector, got ${typeof value}`);
  }

  /** The value of an expression that the type check found to be a scalar. */
  scalar(expr: Expr, atMs: number): number {
    const value = this.at(expr, atMs);
    if (typeof value === 'number') return value;
    throw new EvaluationError(`expected a scalar, got ${typeof value}`);
  }

  private call(expr: Call, atMs: number): StepValue {
    return callFunction(this, expr, atMs);
  }

  private binary(expr: Binary, atMs: number): StepValue {
    const left = this.at(expr.left, atMs);
    const right = this.at(expr.right, atMs);
    if (typeof left === 'number') {
      if (typeof right === 'number') return operate(expr.op, left, right);
      if (typeof right === 'object') return vectorWithScalar(expr, right, left, true, this.context.annotations);
    }
    if (typeof left === 'object') {
      if (typeof right === 'number') return vectorWithScalar(expr, left, right, false, this.context.annotations);
      if (typeof right === 'object') return this.asSeries(expr, vectorWithVector(expr, left, right, this.context.annotations));
    }
    throw new EvaluationError(`operator ${expr.op} is not defined between ${typeof left} and ${typeof right}`);
  }

  /** Over many steps, what an operator gives are series: none may come twice at one step, and each drops its name if it did at first. */
  private asSeries(node: Binary, vector: Vector): Vector {
    if (this.steps.startMs >= this.steps.endMs || !mayRepeatSeries(node)) return vector;
    const known = this.namesDropped(node);
    const seen = new Set<string>();
    return vector.map((sample) => {
      const key = labelsKey(sample.labels);
      if (seen.has(key)) throw duplicateLabels();
      seen.add(key);
      const dropName = known.get(key) ?? sample.dropName;
      known.set(key, dropName);
      return dropName === sample.dropName ? sample : { ...sample, dropName };
    });
  }

  private aggregation(expr: Aggregate, atMs: number): Vector {
    const { annotations } = this.context;
    this.parameterNumbers(expr);
    const reduction = Reduction.of(expr);
    if (reduction !== null) {
      this.eachSample(expr.expr, atMs, !readsName(expr), reduction.add);
      return reduction.vector(Number(this.parameters(expr).at(atMs)), annotations);
    }
    // What is wrong with a label is said before the vector is looked at, what is wrong with a number after.
    if (expr.parameter?.kind === 'string') this.parameters(expr);
    const vector = this.vector(expr.expr, atMs);
    const parameter = this.parameters(expr);
    return parameter.nothing ? [] : aggregate(expr, vector, parameter.at(atMs), annotations);
  }

  /** The samples of a vector one by one; where a range function gives it, without making it. `isNameless`: nobody will ask for the name. */
  private eachSample(expr: Expr, atMs: number, isNameless: boolean, visit: SampleVisitor): void {
    const node = unwrap(expr);
    const { annotations, constants, delayedNameRemoval } = this.context;
    if (node.kind === 'call' && isOverWindows(node) && !constants.has(node) && (delayedNameRemoval || isNameless)) {
      annotations.speaking(node, () => eachOverWindows(this, node, atMs, visit));
      return;
    }
    for (const { labels, value, histogram, dropName } of this.vector(expr, atMs)) visit(labels, value, histogram, dropName);
  }

  /** Each series' youngest sample within the lookback window. */
  private instantVector(selector: Selector, atMs: number): Vector {
    const result: VectorSample[] = [];
    if (selector.edges === 'smoothed') return this.smoothedVector(selector, atMs);
    this.eachCurrent(selector, atMs, (series, index) => {
      const histogram = series.histograms === null ? null : (series.histograms[index] ?? null);
      result.push({ labels: series.labels, value: series.values[index] ?? Number.NaN, histogram, dropName: false });
    });
    return result;
  }

  /** Each series' value between its neighbouring samples. */
  private smoothedVector(selector: Selector, atMs: number): Vector {
    const referenceMs = this.reference(selector.at, selector.offset, atMs);
    return this.instantSeries(selector).flatMap((series) => {
      if (series.histograms !== null) return this.smoothedSample(selector, series, referenceMs);
      const value = smoothedValue(series, referenceMs, this.context.lookbackMs);
      return value === null ? [] : [{ labels: series.labels, value, histogram: null, dropName: false }];
    });
  }

  /** The same of a series with native histograms in it. */
  private smoothedSample(selector: Selector, series: SelectedSeries, atMs: number): VectorSample[] {
    const { lookbackMs, annotations } = this.context;
    const around = windowOf(series, atMs - lookbackMs, atMs + lookbackMs);
    const metric = series.labels['__name__'] ?? '';
    const histograms = histogramsIn(around);
    if (histograms.length > 0 && histograms.length < around.end - around.start) {
      annotations.mixedSamples(metric, selector);
      return [];
    }
    const remarks = { annotations, metric, place: selector };
    const value = histograms.length === 0 ? smoothedValue(series, atMs, lookbackMs) : smoothedHistogram(series, atMs, lookbackMs, remarks);
    if (value === null) return [];
    const isFloat = typeof value === 'number';
    return [{ labels: series.labels, value: isFloat ? value : Number.NaN, histogram: isFloat ? null : value, dropName: false }];
  }

  /** When the counter behind each sample began, in seconds; 0 where that is not known: `start_timestamp(selector)`. */
  startTimestamps(selector: Selector, atMs: number): Vector {
    const result: VectorSample[] = [];
    this.eachDated(selector, atMs, (series, index) => {
      result.push({ labels: series.labels, value: (series.startTimes?.[index] ?? 0) / 1_000, histogram: null, dropName: true });
    });
    return result;
  }

  /** The same with the sample's own time, in seconds, as value: `timestamp(selector)`. */
  timestamps(selector: Selector, atMs: number): Vector {
    const result: VectorSample[] = [];
    this.eachDated(selector, atMs, (series, index) => {
      result.push({ labels: series.labels, value: (series.times[index] ?? 0) / 1_000, histogram: null, dropName: true });
    });
    return result;
  }

  private eachCurrent(selector: Selector, atMs: number, visit: SeriesVisitor): void {
    const referenceMs = this.reference(selector.at, selector.offset, atMs);
    this.eachWithin(selector, referenceMs - this.context.lookbackMs, referenceMs, visit);
  }

  /**
   * The same where only the times of samples are asked, which are never smoothed. For a selector with `@`, upstream reads the samples
   * of its offset, but then looks for the youngest one as if it had none.
   */
  private eachDated(selector: Selector, atMs: number, visit: SeriesVisitor): void {
    const offsetMs = this.reference(selector.at, selector.offset, atMs);
    const fixedMs = selector.at === null ? offsetMs : this.reference(selector.at, null, atMs);
    this.eachWithin(unsmoothed(selector), Math.max(offsetMs, fixedMs) - this.context.lookbackMs, Math.min(offsetMs, fixedMs), visit);
  }

  /** Each series with its youngest sample in `oldestMs < t <= referenceMs`, unless a marker is younger. */
  private eachWithin(selector: Selector, oldestMs: number, referenceMs: number, visit: SeriesVisitor): void {
    const { budget } = this.context;
    const cursor = this.openOnce(selector, oldestMs, referenceMs);
    if (cursor !== null) {
      while (cursor.advance()) {
        budget.spend(1);
        if (cursor.stale?.[cursor.end - 1] !== 1) visit(cursor, cursor.end - 1);
      }
      return;
    }
    const all = this.instantSeries(selector);
    budget.spend(all.length);
    for (const series of all) {
      const index = indexAfter(series, referenceMs) - 1;
      if (index < series.start || (series.times[index] ?? 0) <= oldestMs || series.stale?.[index] === 1) continue;
      visit(series, index);
    }
  }

  /** The interval that the windows of a range selector or subquery cover at one step. */
  windowPlace(expr: Expr, atMs: number): WindowPlace {
    const node = rangeOf(expr);
    const { at, offset } = node.kind === 'range' ? node.selector : node;
    const endMs = this.reference(at, offset, atMs);
    const startMs = endMs - windowMs(node.range, this.context.span);
    return { startMs, endMs, edges: node.kind === 'range' ? node.selector.edges : null, refusesMixes: false };
  }

  /** The windows of a range selector or subquery in their place. */
  windows(expr: Expr, place: WindowPlace): WindowCursor {
    const node = rangeOf(expr);
    const { startMs, endMs, edges } = place;
    const { budget, lookbackMs } = this.context;
    const cursor = node.kind === 'range' ? this.openOnce(node.selector, startMs, endMs) : null;
    if (cursor !== null) return new FreshWindows(cursor, budget);
    const windowIn = (series: SeriesWindow) =>
      edges === null ? windowOf(series, startMs, endMs) : extendedWindow(series, place, lookbackMs);
    return new ListedWindows(this.seriesOfRange(node), windowIn, budget);
  }

  /**
   * What a store of many series has of a selector with `afterMs < t <= throughMs`, where its samples need not be kept for a next step, nor
   * be looked at together; else null.
   */
  private openOnce(selector: Selector, afterMs: number, throughMs: number): SeriesCursor | null {
    const { startMs, endMs } = this.steps;
    const { queryable, countedSelectors } = this.context;
    if (startMs !== endMs || selector.edges !== null || countedSelectors.has(selector)) return null;
    return queryable.open?.(selector.matchers, afterMs, throughMs) ?? null;
  }

  private seriesOfRange(node: Extract<Expr, { kind: 'range' | 'subquery' }>): readonly SeriesWindow[] {
    const known = this.rangeSeries.get(node);
    if (known !== undefined) return known;
    const made = node.kind === 'range' ? this.select(node.selector, node.range) : this.subquery(node);
    this.rangeSeries.set(node, made);
    return made;
  }

  /** Reads a selector's series for all steps. Without a range: what the lookback window may reach. */
  private select(selector: Selector, range: Duration | null): SelectedSeries[] {
    const { queryable, lookbackMs, span } = this.context;
    const neighboursMs = selector.edges === null ? 0 : lookbackMs;
    const reachMs = range === null ? lookbackMs : windowMs(range, span) + neighboursMs;
    const fromMs = this.reference(selector.at, selector.offset, this.steps.startMs) - reachMs;
    const throughMs = this.reference(selector.at, selector.offset, this.steps.endMs) + (selector.edges === 'smoothed' ? neighboursMs : 0);
    const marked = range === null && selector.edges !== 'smoothed';
    const all = queryable.select(selector.matchers, fromMs, throughMs).map(marked ? selected : selectedSamples);
    return this.context.countedSelectors.has(selector) ? all.map(withCountsOnly) : all;
  }

  /** The series of a subquery for all steps: its expression at whole multiples of its step. */
  private subquery(node: Subquery): SeriesWindow[] {
    const { span, subqueryStepMs } = this.context;
    const stepMs = node.step === null ? subqueryStepMs : windowMs(node.step, span);
    const afterMs = this.reference(node.at, node.offset, this.steps.startMs) - windowMs(node.range, span);
    const throughMs = this.reference(node.at, node.offset, this.steps.endMs);
    const firstMs = (Math.floor(afterMs / stepMs) + 1) * stepMs;
    const inner = new Evaluation(this.context, { startMs: firstMs, endMs: throughMs, stepMs });
    const collector = new SeriesCollector(this.context.budget);
    for (let atMs = firstMs; atMs <= throughMs; atMs += stepMs) collector.add(inner.vector(node.expr, atMs), atMs);
    return collector.windows();
  }

  /** The instant that a selector or subquery looks at when the step is at `atMs`. */
  private reference(at: At | null, offset: Duration | null, atMs: number): number {
    const { startMs, endMs, span } = this.context;
    const base = at === null ? atMs : at.kind === 'instant' ? at.atMs : at.kind === 'start' ? startMs : endMs;
    return offset === null ? base : base - durationMs(offset, span);
  }
}

type SeriesVisitor = (series: SeriesWindow, index: number) => void;

const unsmoothed = rememberedFor((selector: Selector): Selector => (selector.edges === null ? selector : { ...selector, edges: null }));

function rangeOf(expr: Expr): RangeSelector | Subquery {
  const node = unwrap(expr);
  if (node.kind === 'range' || node.kind === 'subquery') return node;
  throw new EvaluationError('expected a range vector');
}

function negate(value: StepValue): StepValue {
  if (typeof value === 'number') return -value;
  if (typeof value === 'string') throw new EvaluationError('a string has no negative');
  return value.map(({ labels, value: number, histogram }) => {
    return { labels, value: -number, histogram: histogram === null ? null : scaleHistogram(histogram, -1), dropName: true };
  });
}
