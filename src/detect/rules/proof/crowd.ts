import { withLabels } from '../../../model/labels.ts';
import { type Expr, walk } from '../../promql/ast.ts';
import { line } from './place-series.ts';
import { level, type Plan, type PlannedSeries } from './planned-series.ts';
import { isCounter, valuesOf } from './scatter.ts';

/** How many series of a kind make a crowd, and by how many labels they are tried to differ. */
const sizes = [2, 6];
const namesMax = 4;

/**
 * Plans in which one series of each kind stands out from its like: for conditions that compare a member with the mean, the largest or the
 * spread of its group, which no series alone satisfies.
 */
export function* crowded(expr: Expr, plan: Plan): Generator<Plan> {
  const largest = Math.max(...valuesOf(expr).map(Math.abs));
  const pairs: readonly (readonly [one: number, rest: number])[] = [
    ...([
      [10, 1],
      [1, 10],
      [100, 1],
    ] as const),
    ...([
      [0, 1],
      [1, 0],
      [2 * largest + 1, 0],
    ] as const),
  ];
  for (const name of namesApart(expr)) {
    for (const size of sizes) {
      for (const [one, rest] of pairs) {
        const copies = (series: PlannedSeries) => crowdOf(series, name, [one, ...new Array<number>(size - 1).fill(rest)], expr, plan);
        yield plan.only(plan.series.flatMap(copies));
      }
    }
  }
}

/** Copies of a series that differ in one label and in value; a series that needs the label to be as it is stays alone. */
function crowdOf(series: PlannedSeries, name: string, values: readonly number[], expr: Expr, plan: Plan): readonly PlannedSeries[] {
  if (series.labels[name] !== undefined && series.labels[name] !== '1') return [series];
  const rises = isCounter(expr, series);
  return values.map((value, index) => ({
    ...series,
    labels: withLabels(series.labels, { [name]: `${index + 1}` }),
    stretches: series.stretches.map(({ endAgoMs }) => ({ endAgoMs, shape: rises ? line(value, plan.positions) : level(value) })),
  }));
}

/** Labels by which members of one group may differ: those that decide which samples match, the plainest first. */
function namesApart(expr: Expr): readonly string[] {
  const parts = [...walk(expr)];
  const matched = parts.flatMap((part) => (part.kind === 'binary' && part.matching !== null ? part.matching.labels : []));
  const grouped = parts.flatMap((part) => (part.kind === 'aggregate' ? part.grouping : []));
  return [...new Set(['instance', ...matched, ...grouped])].filter((name) => name !== 'le').slice(0, namesMax);
}
