import { type Labels, labelsOf } from '../../../model/labels.ts';
import { formatFixed } from '../../promql/go-float.ts';
import { quote } from '../../promql/go-string.ts';
import type { Plan, PlannedSeries } from './planned-series.ts';

/** A series as promtool's unit tests write it. */
export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

/** The series of a plan in promtool's notation. */
export function inputSeriesOf(plan: Plan): readonly InputSeries[] {
  return plan.series.map((series) => ({ series: seriesText(series.labels), values: valuesText(plan, series) }));
}

const plainMetric = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

const plainLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function seriesText(labels: Labels): string {
  const metric = labels['__name__'] ?? '';
  const isPlain = plainMetric.test(metric);
  const own = labelsOf([...Object.entries(labels), ['__name__', '']]);
  const pairs = Object.entries(own).map(([name, value]) => `${plainLabel.test(name) ? name : quote(name)}=${quote(value)}`);
  if (!isPlain && metric !== '') pairs.unshift(quote(metric));
  return `${isPlain ? metric : ''}${pairs.length === 0 ? '' : `{${pairs.join(', ')}}`}`;
}

/** `_x3 0+5x10`: gaps, and lines as their first value, their step and how many more values follow. */
function valuesText(plan: Plan, series: PlannedSeries): string {
  const values = Array.from({ length: plan.positions }, (_, position) => plan.valueAt(series, position));
  while (values.at(-1) === null) values.pop();
  const tokens: string[] = [];
  for (let at = 0; at < values.length; ) {
    const length = runLength(values, at);
    tokens.push(runText(values, at, length));
    at += length;
  }
  return tokens.length === 0 ? '_' : tokens.join(' ');
}

/** How many values from a position on are gaps, or lie on one line. */
function runLength(values: readonly (number | null)[], at: number): number {
  const first = values[at] ?? null;
  let length = 1;
  if (first === null) {
    while (at + length < values.length && values[at + length] === null) length++;
    return length;
  }
  const step = (values[at + 1] ?? Number.NaN) - first;
  while (at + length < values.length && isClose(values[at + length] ?? null, first + step * length)) length++;
  // Two values are a line, but not one worth a formula.
  return length === 2 && step !== 0 ? 1 : length;
}

function isClose(value: number | null, expected: number): boolean {
  return value !== null && Math.abs(value - expected) <= 1e-9 * Math.max(Math.abs(value), Math.abs(expected));
}

function runText(values: readonly (number | null)[], at: number, length: number): string {
  const first = values[at] ?? null;
  if (first === null) return length === 1 ? '_' : `_x${length}`;
  if (length === 1) return formatFixed(first);
  // Differences of what lies on a line carry rounding errors; the average of all carries the least.
  const last = values[at + length - 1] ?? first;
  const step = Number(((last - first) / (length - 1)).toPrecision(15));
  return `${formatFixed(first)}${step < 0 ? '-' : '+'}${formatFixed(Math.abs(step))}x${length - 1}`;
}
