import type { Labels } from '../../../model/labels.ts';
import { type Expr, walk } from '../../promql/ast.ts';
import { durationMs } from '../../promql/duration-value.ts';
import { evaluateInstant } from '../../promql/evaluate.ts';
import { EvaluationError } from '../../promql/evaluation-error.ts';
import { PromqlError } from '../../promql/promql-error.ts';
import { type Demand, meets } from './demand.ts';
import type { Plan } from './planned-series.ts';
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
  private readonly costs = new WeakMap<Expr, number>();

  constructor(evaluations: number) {
    this.left = evaluations;
  }

  /** The samples of an expression; empty when it has an error. Throws `SearchSpent`. */
  at(expr: Expr, plan: Plan, atMs: number): readonly Given[] {
    this.left -= this.costOf(expr);
    if (this.left < 0) throw new SearchSpent();
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

  private costOf(expr: Expr): number {
    const known = this.costs.get(expr) ?? costOf(expr);
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

/** How much an evaluation costs, as a multiple of one without windows: subqueries evaluate their expression at each of their steps. */
function costOf(expr: Expr): number {
  let cost = 1;
  for (const part of walk(expr)) {
    if (part.kind === 'range') cost += durationMs(part.range, instant) / windowMsForOne;
    if (part.kind !== 'subquery') continue;
    const stepMs = part.step === null ? 60_000 : durationMs(part.step, instant);
    cost += ((durationMs(part.range, instant) / Math.max(1, stepMs)) * costOf(part.expr)) / stepsForOne;
  }
  return cost;
}

const instant = { stepMs: 0, rangeMs: 0 };
const stepsForOne = 500;
const windowMsForOne = 5_000 * 60_000;

const noLabels: Labels = Object.freeze(Object.create(null));
