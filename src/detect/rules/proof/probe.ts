import type { Labels } from '../../../model/labels.ts';
import { childrenOf, type Expr } from '../../promql/ast.ts';
import { durationMs } from '../../promql/duration-value.ts';
import { evaluateInstant } from '../../promql/evaluate.ts';
import { EvaluationError } from '../../promql/evaluation-error.ts';
import { PromqlError } from '../../promql/promql-error.ts';
import { type Demand, meets } from './demand.ts';
import type { Plan, Timeline } from './planned-series.ts';
import { contains } from './value-set.ts';

/** A sample that an expression gave. */
export interface Given {
  readonly labels: Labels;
  readonly value: number;
}

/** No more steps are left: the search ends without an answer. */
export class SearchSpent extends Error {
  override readonly name = 'SearchSpent';
}

const samplesMax = 200_000;

/** Asks the real engine what an expression gives over a plan, and counts how often. */
export class Probe {
  private left: number;
  private readonly within: Probe | null;
  private readonly costs = new WeakMap<Expr, number>();

  /** `within`: what it spends is taken off that one, too. */
  constructor(evaluations: number, within: Probe | null = null) {
    this.left = evaluations;
    this.within = within;
  }

  /** The samples of an expression; empty when it has an error. Throws `SearchSpent`. */
  at(expr: Expr, plan: Plan, atMs: number): readonly Given[] {
    this.spend(this.costOf(expr, plan));
    try {
      const limits = { samplesMax };
      const { value } = evaluateInstant(expr, { queryable: plan, atMs, subqueryStepMs: plan.timeline.evaluationIntervalMs, limits });
      if (value.type === 'scalar') return [{ labels: noLabels, value: value.value }];
      return value.type === 'vector' ? value.samples : [];
    } catch (error) {
      if (error instanceof EvaluationError || error instanceof PromqlError) return [];
      throw error;
    }
  }

  /** Takes something off what is left. Throws `SearchSpent` when that is not enough. */
  spend(cost: number): void {
    this.left -= cost;
    this.within?.spend(cost);
    if (!(this.left >= 0)) throw new SearchSpent();
  }

  /** How much an evaluation costs, as a multiple of one of a plain condition. */
  costOf(expr: Expr, { timeline }: Plan): number {
    const known = this.costs.get(expr) ?? 1 + workOf(expr, timeline) / workForOne;
    this.costs.set(expr, known);
    return known;
  }

  /** The samples that meet a demand when the condition begins to hold and still when the alert has to fire. */
  meeting(expr: Expr, { set, labels, agoMs }: Demand, plan: Plan): readonly Given[] {
    const { heldFromMs, endMs } = plan.timeline;
    const of = (atMs: number) =>
      this.at(expr, plan, atMs - agoMs).filter((given) => contains(set, given.value) && meets(labels, given.labels));
    const atEnd = of(endMs);
    if (atEnd.length === 0 || heldFromMs === endMs) return atEnd;
    const before = new Set(of(heldFromMs).map((given) => JSON.stringify(given.labels)));
    return atEnd.filter((given) => before.has(JSON.stringify(given.labels)));
  }

  /** The values of a scalar when the condition begins to hold and when the alert has to fire. */
  scalars(expr: Expr, plan: Plan, agoMs: number): readonly number[] {
    const { heldFromMs, endMs } = plan.timeline;
    const instants = heldFromMs === endMs ? [endMs] : [heldFromMs, endMs];
    return instants.map((atMs) => this.at(expr, plan, atMs - agoMs)[0]?.value ?? Number.NaN);
  }
}

/**
 * How many operators are computed: those inside of a subquery at each of its steps, over all that the subqueries around it reach back, as
 * the engine does. Samples of windows count as far as they take time.
 */
function workOf(expr: Expr, timeline: Timeline, reachMs = 0, instants = 1): number {
  if (expr.kind === 'subquery') {
    const stepMs = expr.step === null ? timeline.evaluationIntervalMs : durationMs(expr.step, instant);
    const innerMs = reachMs + durationMs(expr.range, instant);
    return instants + workOf(expr.expr, timeline, innerMs, 1 + innerMs / Math.max(1, stepMs));
  }
  const samples = expr.kind === 'range' ? durationMs(expr.range, instant) / timeline.intervalMs / samplesForOne : 0;
  return childrenOf(expr).reduce((sum, child) => sum + workOf(child, timeline, reachMs, instants), instants * (1 + samples));
}

const instant = { stepMs: 0, rangeMs: 0 };
const workForOne = 1_500;
const samplesForOne = 20;

const noLabels: Labels = Object.freeze(Object.create(null));
