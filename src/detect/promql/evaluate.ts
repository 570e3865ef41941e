import type { Labels } from '../../model/labels.ts';
import type { Queryable } from '../series/queryable.ts';
import { Annotations } from './annotations.ts';
import type { Expr } from './ast.ts';
import { typeOf } from './check.ts';
import { finished } from './dropped-names.ts';
import { Evaluation } from './evaluation.ts';
import { EvaluationError } from './evaluation-error.ts';
import { inLabelOrder } from './label-order.ts';
import { Budget, defaultLimits, type Limits } from './limits.ts';
import { withoutName } from './metadata-labels.ts';
import { holdsHistograms } from './native-range-functions.ts';
import { type Plan, planOf } from './plan.ts';
import type { QueryContext } from './query-context.ts';
import { SeriesCollector } from './series-collector.ts';
import type { MatrixSeries, QueryResult, QueryValue, ResultSample, Vector, VectorSample } from './value.ts';

/** How far back an instant selector looks for a sample, unless told otherwise. */
export const defaultLookbackMs = 300_000;

export interface QueryOptions {
  readonly queryable: Queryable;
  readonly lookbackMs?: number;
  /** Step of subqueries that name none; default 1 minute. */
  readonly subqueryStepMs?: number;
  readonly limits?: Partial<Limits>;
  /**
   * Names that operations drop are only removed when the query ends, so that matching and grouping still see them. In Prometheus 3 a feature
   * flag (`promql-delayed-name-removal`), and as there off unless told otherwise.
   */
  readonly delayedNameRemoval?: boolean;
  /** The expression's text, so that annotations can say where. */
  readonly text?: string;
}

export interface InstantQuery extends QueryOptions {
  readonly atMs: number;
}

export interface RangeQuery extends QueryOptions {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** The value of an expression at one instant. Throws `EvaluationError` or `PromqlError`. */
export function evaluateInstant(written: Expr, options: InstantQuery): QueryResult {
  const { atMs } = options;
  const plan = planOf(written);
  const { expr } = plan;
  const context = contextOf(plan, options, atMs, atMs, 0);
  const evaluation = new Evaluation(context, { startMs: atMs, endMs: atMs, stepMs: 1 });
  if (typeOf(expr) === 'matrix') return result(context, { type: 'matrix', series: windowsAsSeries(evaluation, expr, atMs) });
  const value = evaluation.at(expr, atMs);
  if (typeof value === 'number') return result(context, { type: 'scalar', value, atMs });
  if (typeof value === 'string') return result(context, { type: 'string', value, atMs });
  return result(context, { type: 'vector', atMs, samples: finished(value).map(resultSample) });
}

/** The value of an expression at `startMs` and every `stepMs` through `endMs`. A scalar gives one series without labels. */
export function evaluateRange(written: Expr, options: RangeQuery): QueryResult {
  const { startMs, endMs, stepMs } = options;
  const plan = planOf(written);
  const { expr } = plan;
  const type = typeOf(expr);
  if (type !== 'scalar' && type !== 'vector') {
    const name = type === 'matrix' ? 'range vector' : type;
    throw new EvaluationError(`invalid expression type "${name}" for range query, must be Scalar or instant Vector`);
  }
  const steps = checkedSteps(options);
  const context = contextOf(plan, options, startMs, endMs, stepMs);
  const evaluation = new Evaluation(context, { startMs, endMs, stepMs });
  const collector = new SeriesCollector(context.budget);
  for (let step = 0; step < steps; step++) {
    const atMs = startMs + step * stepMs;
    const value = evaluation.at(expr, atMs);
    collector.add(typeof value === 'object' ? finished(value) : scalarVector(value), atMs);
  }
  return result(context, { type: 'matrix', series: collector.matrix() });
}

function checkedSteps({ startMs, endMs, stepMs, limits }: RangeQuery): number {
  if (!(stepMs > 0)) throw new EvaluationError(`step of ${stepMs} ms: must be greater than 0`);
  const steps = endMs < startMs ? 0 : Math.floor((endMs - startMs) / stepMs) + 1;
  const stepsMax = limits?.stepsMax ?? defaultLimits.stepsMax;
  if (steps > stepsMax) throw new EvaluationError(`range of ${steps} steps, limit ${stepsMax}: make the step longer or the range shorter`);
  return steps;
}

function contextOf(
  { constants, countedSelectors }: Plan,
  options: QueryOptions,
  startMs: number,
  endMs: number,
  stepMs: number,
): QueryContext {
  return {
    queryable: options.queryable,
    lookbackMs: options.lookbackMs ?? defaultLookbackMs,
    subqueryStepMs: options.subqueryStepMs ?? 60_000,
    startMs,
    endMs,
    span: { stepMs, rangeMs: endMs - startMs },
    annotations: new Annotations(options.text ?? ''),
    budget: new Budget({ ...defaultLimits, ...options.limits }),
    constants,
    countedSelectors,
    delayedNameRemoval: options.delayedNameRemoval ?? false,
  };
}

function result({ annotations }: QueryContext, value: QueryValue): QueryResult {
  return { value, warnings: annotations.warnings, infos: annotations.infos };
}

function windowsAsSeries(evaluation: Evaluation, expr: Expr, atMs: number): MatrixSeries[] {
  const series: MatrixSeries[] = [];
  const windows = evaluation.windows(expr, evaluation.windowPlace(expr, atMs));
  for (let window = windows.next(); window !== null; window = windows.next()) {
    const { labels, dropName, times, values, histograms, start, end } = window;
    const part = <T>(at: (index: number) => T): T[] => Array.from({ length: end - start }, (_, index) => at(start + index));
    series.push({
      labels: dropName === true ? withoutName(labels) : labels,
      times: part((index) => times[index] ?? 0),
      values: part((index) => values[index] ?? 0),
      ...(holdsHistograms(window) ? { histograms: part((index) => histograms?.[index] ?? null) } : {}),
    });
  }
  return inLabelOrder(series);
}

function resultSample({ labels, value, histogram }: VectorSample): ResultSample {
  return histogram === null ? { labels, value } : { labels, value, histogram };
}

function scalarVector(value: number | string): Vector {
  return [{ labels: noLabels, value: Number(value), histogram: null, dropName: false }];
}

const noLabels: Labels = Object.freeze(Object.create(null));
