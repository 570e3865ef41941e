import type { Expr } from '../../promql/ast.ts';
import { level, type Plan, type PlannedSeries } from './planned-series.ts';
import { isCounter } from './scatter.ts';

/** Each step is this many times the one before: the last one outweighs all that a window saw before it. */
const growth = 10;
const stepsMax = 12;

/**
 * Plans in which one series rises or falls ever faster towards the end: for conditions that ask for more deviation from a recent mean than
 * any lasting level has, because the level becomes part of the mean.
 */
export function* climbing(expr: Expr, plan: Plan): Generator<Plan> {
  for (const series of plan.series) {
    yield plan.with(climber(series, plan, 1));
    if (!isCounter(expr, series)) yield plan.with(climber(series, plan, -1));
  }
}

function climber(series: PlannedSeries, { timeline }: Plan, direction: 1 | -1): PlannedSeries {
  const { heldFromMs, endMs, intervalMs, evaluationIntervalMs } = timeline;
  const heldMs = endMs - heldFromMs;
  const stepMs = heldMs === 0 ? intervalMs : Math.max(intervalMs, evaluationIntervalMs);
  const steps = Math.min(stepsMax, Math.floor(heldMs / stepMs) + 2);
  const top = growth ** steps;
  const value = (exponent: number) => (direction === 1 ? growth ** exponent : top - growth ** exponent);
  // Steps lie between evaluations, so that windows as short as the time between them see one.
  const earlierMs = Math.floor(stepMs / 2 / intervalMs) * intervalMs;
  const endAgoMs = (index: number) => (index === 0 ? 0 : index * stepMs - earlierMs);
  const climb = Array.from({ length: steps }, (_, index) => ({ endAgoMs: endAgoMs(index), shape: level(value(steps - index)) }));
  return { ...series, stretches: [...climb, { endAgoMs: endAgoMs(steps), shape: level(direction === 1 ? 0 : top) }] };
}
