import { type Expr, selectorsOf, walk } from '../../promql/ast.ts';
import { constantOf } from './analyse.ts';
import { line, ofCounters } from './place-series.ts';
import { level, type Plan, type PlannedSeries, type Shape } from './planned-series.ts';

/**
 * Plans with the same series but other courses, drawn at random though always the same ones: for conditions on one series that contradict
 * each other while it is steady, such as a mean that is far from a longer mean.
 */
export function* scattered(expr: Expr, plan: Plan, count: number): Generator<Plan> {
  const draw = new Draw(plan.series.length);
  const values = valuesOf(expr);
  const positive = values.filter((value) => value >= 0);
  for (let index = 0; index < count; index++) {
    yield plan.series.reduce(
      (next, series) => next.with(drawnSeries(series, plan, isCounter(expr, series) ? positive : values, draw)),
      plan,
    );
  }
}

/** The numbers of an expression, `5 * 1024` as one, and those around them. */
export function valuesOf(expr: Expr): readonly number[] {
  const numbers = [...walk(expr)].flatMap((part) => constantOf(part) ?? []).filter(Number.isFinite);
  const around = numbers.flatMap((value) => [value, value + 1, value - 1, value * 2]);
  return [...new Set([0, 1, 10, ...around])].filter((value) => value >= 0 || numbers.includes(value));
}

/** Whether a function of counters reads a series: those never fall below zero. */
export function isCounter(expr: Expr, { labels }: PlannedSeries): boolean {
  return [...walk(expr)].some((part) => {
    if (part.kind !== 'call' || !ofCounters.has(part.name)) return false;
    return selectorsOf(part).some(({ matchers }) => matchers.every((matcher) => matcher.matches(labels[matcher.name] ?? '')));
  });
}

function drawnSeries(series: PlannedSeries, plan: Plan, values: readonly number[], draw: Draw): PlannedSeries {
  const { timeline } = plan;
  const [newest] = series.stretches;
  // What is compared with its own past may have to run on one line through both.
  if (series.stretches.length > 1 && draw.below(2) === 0) {
    const slope = draw.from(values) * (draw.below(2) === 0 ? 1 : -1);
    return { ...series, stretches: [{ endAgoMs: 0, shape: line(slope, plan.positions) }] };
  }
  const isSteady = draw.below(3) > 0 || series.stretches.length > 1;
  if (isSteady || newest === undefined) {
    return { ...series, stretches: series.stretches.map(({ endAgoMs }) => ({ endAgoMs, shape: drawnShape(values, draw) })) };
  }
  // A jump, shortly before the condition has to hold.
  const sinceMs = timeline.endMs - timeline.heldFromMs + (1 + draw.below(6)) * timeline.intervalMs;
  const older = { endAgoMs: newest.endAgoMs + sinceMs, shape: drawnShape(values, draw) };
  return { ...series, stretches: [{ endAgoMs: newest.endAgoMs, shape: drawnShape(values, draw) }, older] };
}

function drawnShape(values: readonly number[], draw: Draw): Shape {
  const shape = level(draw.from(values));
  switch (draw.below(4)) {
    case 0:
      return { ...shape, slope: draw.from(values) };
    case 1:
      return { ...shape, other: draw.from(values) };
    default:
      return shape;
  }
}

/** Numbers that look drawn by chance and are the same in every run: a linear congruential generator. */
class Draw {
  private state: number;

  constructor(seed: number) {
    this.state = seed + 1;
  }

  below(limit: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * limit);
  }

  from(values: readonly number[]): number {
    return values[this.below(values.length)] ?? 0;
  }
}
