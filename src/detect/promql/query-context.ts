import type { Queryable } from '../series/queryable.ts';
import type { Annotations } from './annotations.ts';
import type { Edges, Expr, Selector } from './ast.ts';
import type { QuerySpan } from './duration-value.ts';
import type { Budget } from './limits.ts';
import type { StepValue, Vector } from './value.ts';
import type { WindowCursor } from './window-cursor.ts';

/** What all parts of one query share. */
export interface QueryContext {
  readonly queryable: Queryable;
  readonly lookbackMs: number;
  /** Step of subqueries that name none. */
  readonly subqueryStepMs: number;
  /** Start and end of the whole query: what `@ start()` and `@ end()` mean, also within subqueries. */
  readonly startMs: number;
  readonly endMs: number;
  readonly span: QuerySpan;
  readonly annotations: Annotations;
  readonly budget: Budget;
  /** Parts of the expression that have the same value at every step. */
  readonly constants: ReadonlySet<Expr>;
  /** Whether names that operations drop are only removed when the query ends. */
  readonly delayedNameRemoval: boolean;
  /** Selectors of which only counts and sums of native histograms are asked. */
  readonly countedSelectors: ReadonlySet<Selector>;
}

/** The steps of one evaluation, first and last included; a subquery has its own. */
export interface Steps {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** The interval that the windows of a range vector cover at one step. */
export interface WindowPlace {
  readonly startMs: number;
  readonly endMs: number;
  readonly edges: Edges;
  /** Whether a mix of floats and native histograms within reach of an extended window leaves it without a value. */
  readonly refusesMixes: boolean;
}

/** What a function may ask of the evaluation that it is part of. */
export interface StepEvaluator {
  readonly context: QueryContext;
  readonly steps: Steps;
  at(expr: Expr, atMs: number): StepValue;
  vector(expr: Expr, atMs: number): Vector;
  scalar(expr: Expr, atMs: number): number;
  timestamps(selector: Selector, atMs: number): Vector;
  startTimestamps(selector: Selector, atMs: number): Vector;
  windowPlace(expr: Expr, atMs: number): WindowPlace;
  windows(expr: Expr, place: WindowPlace): WindowCursor;
}
