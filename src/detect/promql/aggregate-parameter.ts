import type { Annotations } from './annotations.ts';
import type { Aggregate } from './ast.ts';
import { EvaluationError } from './evaluation-error.ts';
import { formatShortest } from './go-float.ts';
import { quote } from './go-string.ts';
import { greatestOf, leastOf } from './instant-functions.ts';
import type { StepEvaluator } from './query-context.ts';

/** The parameter of an aggregation at each step. */
export interface CheckedParameter {
  /** With it the aggregation gives nothing at any step. */
  readonly nothing: boolean;
  at(atMs: number): number | string;
}

const noParameter: CheckedParameter = { nothing: false, at: () => Number.NaN };

/** The numbers that a parameter is, by the instants of all steps; upstream works them out before it looks at the vector. */
export function parameterValues(evaluation: StepEvaluator, { parameter }: Aggregate): ReadonlyMap<number, number> {
  const values = new Map<number, number>();
  if (parameter === null || parameter.kind === 'string') return values;
  const { startMs, endMs, stepMs } = evaluation.steps;
  for (let atMs = startMs; atMs <= endMs; atMs += stepMs) values.set(atMs, evaluation.scalar(parameter, atMs));
  return values;
}

/**
 * Looks at the parameter at all steps before the first one is evaluated, as upstream does: what is wrong with it is said once, of
 * its greatest and its least value. Throws `EvaluationError`.
 */
export function checkedParameter(
  { op, parameter }: Aggregate,
  values: ReadonlyMap<number, number>,
  annotations: Annotations,
): CheckedParameter {
  if (parameter === null) return noParameter;
  if (parameter.kind === 'string') {
    if (!isLabelName(parameter.value)) throw new EvaluationError(`invalid label name ${quote(parameter.value)}`);
    return { nothing: false, at: () => parameter.value };
  }
  const range = rangeOf([...values.values()]);
  if (op === 'limit_ratio') {
    if (range.least === 0 && range.most === 0) return { nothing: true, at: () => 0 };
    if (range.hasNan) throw new EvaluationError('Ratio value is NaN');
    if (range.most > 1) annotations.invalidRatio(range.most, 1, parameter);
    if (range.least < -1) annotations.invalidRatio(range.least, -1, parameter);
  } else if (op === 'quantile') {
    if (range.hasNan) annotations.invalidQuantile(Number.NaN, parameter);
    if (range.most > 1) annotations.invalidQuantile(range.most, parameter);
    if (range.least < 0) annotations.invalidQuantile(range.least, parameter);
  } else if (range.most < 1) return { nothing: true, at: () => 0 };
  else checkCount(range);
  return { nothing: false, at: (atMs) => values.get(atMs) ?? Number.NaN };
}

interface ValueRange {
  /** NaN when a value is. */
  readonly least: number;
  readonly most: number;
  readonly hasNan: boolean;
}

function rangeOf(values: readonly number[]): ValueRange {
  let [least, most] = [Number.MAX_VALUE, -Number.MAX_VALUE];
  if (values.length === 1) [least = 0, most = 0] = [values[0], values[0]];
  for (const value of values) {
    least = leastOf(least, value);
    most = greatestOf(most, value);
  }
  return { least, most, hasNan: values.some(Number.isNaN) };
}

/** How many members topk, bottomk and limitk choose. */
function checkCount({ least, most, hasNan }: ValueRange): void {
  if (hasNan) throw new EvaluationError('Parameter value is NaN');
  if (least <= -(2 ** 63)) throw new EvaluationError(`Scalar value ${formatShortest(least)} underflows int64`);
  if (most >= 2 ** 63) throw new EvaluationError(`Scalar value ${formatShortest(most)} overflows int64`);
}

/** Any text of valid UTF-8 names a label, except none. */
export function isLabelName(name: string): boolean {
  return name !== '' && name.isWellFormed();
}
