import { labelsOfAbsence } from '../../promql/absent.ts';
import type { Aggregate, Binary, Call, Expr, Selector } from '../../promql/ast.ts';
import { operate } from '../../promql/binary.ts';
import { typeOf } from '../../promql/check.ts';
import { printExpr } from '../../promql/print.ts';
import { comparisons, setOperators } from '../../promql/token.ts';
import { anyLabels, changedLabels, type Facts, type KnownLabel, type LabelFacts, noLabelsBecause, type Reason } from './facts.ts';
import { combine } from './interval-arithmetic.ts';
import { contradictionIn, headOf, labelsOfAggregate, labelsOfMatch, labelsOfSelector, mismatch, textOf } from './label-facts.ts';
import { allValues, describeSet, hull, intersection, interval, isPoint, mirror, point, satisfying, type ValueSet } from './value-set.ts';

/**
 * What holds for an expression of any type whatever the input is. Only facts of the language count: a counter may fall below zero and
 * `up` may be 7, because nothing keeps a series from it.
 */
export function analyse(expr: Expr): Facts {
  switch (expr.kind) {
    case 'number':
      return { ...nothingKnown, values: Number.isNaN(expr.value) ? allValues : point(expr.value), nan: Number.isNaN(expr.value) };
    case 'string':
      return nothingKnown;
    case 'parenthesised':
      return analyse(expr.expr);
    case 'selector':
      return analyseSelector(expr);
    case 'range':
      return analyseSelector(expr.selector);
    case 'subquery':
      return analyse(expr.expr);
    case 'unary':
      return expr.op === '-' ? negated(analyse(expr.operand)) : analyse(expr.operand);
    case 'aggregate':
      return analyseAggregate(expr, analyse(expr.expr));
    case 'call':
      return analyseCall(expr);
    case 'binary':
      return analyseBinary(expr, analyse(expr.left), analyse(expr.right));
  }
}

const nothingKnown: Facts = { empty: null, values: allValues, nan: true, histograms: true, labels: anyLabels, why: [] };

function analyseSelector(selector: Selector): Facts {
  const contradiction = contradictionIn(selector);
  return { ...nothingKnown, labels: labelsOfSelector(selector), empty: contradiction === null ? null : [contradiction] };
}

function negated(facts: Facts): Facts {
  const { low, high, lowOpen, highOpen } = facts.values;
  return { ...facts, values: { low: -high, high: -low, lowOpen: highOpen, highOpen: lowOpen } };
}

/** Facts of floats that lie in a set, for a reason. */
function lying(facts: Facts, values: ValueSet, why: readonly Reason[], nan = facts.nan): Facts {
  return { ...facts, values, why, nan, histograms: false };
}

function analyseAggregate(node: Aggregate, inner: Facts): Facts {
  const labels = labelsOfAggregate(node, inner.labels);
  const facts = { ...inner, labels };
  const because = (text: string): readonly Reason[] => [{ at: node, text: `${headOf(node)} ${text}` }];
  switch (node.op) {
    case 'count':
    case 'count_values':
      return lying(facts, interval(1, Number.POSITIVE_INFINITY), because('is at least 1 wherever it exists'), false);
    case 'group':
      return lying(facts, point(1), because('is 1 wherever it exists'), false);
    case 'sum':
      return summed(facts, (set) => because(`of values that are ${describeSet(inner.values)} is ${describeSet(set)}`));
    case 'avg':
      return { ...facts, values: widened(inner.values), nan: true };
    case 'min':
    case 'max':
    case 'topk':
    case 'bottomk':
      return { ...facts, histograms: false };
    case 'limitk':
    case 'limit_ratio':
      return facts;
    default:
      return lying(facts, allValues, [], true);
  }
}

/** One or more values added up: with one sign only they do not come nearer to zero. */
function summed(facts: Facts, because: (set: ValueSet) => readonly Reason[]): Facts {
  const { low, high, lowOpen, highOpen } = facts.values;
  if (low >= 0) return narrowed(interval(low, high === 0 ? 0 : Number.POSITIVE_INFINITY, lowOpen && low === 0));
  if (high <= 0) return narrowed(interval(Number.NEGATIVE_INFINITY, high, false, highOpen && high === 0));
  return { ...facts, values: allValues, nan: true, why: [] };

  function narrowed(values: ValueSet): Facts {
    return { ...facts, values, why: [...facts.why, ...because(values)] };
  }
}

/** Means are rounded: they may leave the values they are of by a little, except at zero. */
function widened({ low, high, lowOpen, highOpen }: ValueSet): ValueSet {
  const margin = (value: number) => (Number.isFinite(value) ? Math.abs(value) * 1e-9 : 0);
  return interval(low - margin(low), high + margin(high), lowOpen && low === 0, highOpen && high === 0);
}

const dateRanges: Readonly<Record<string, readonly [number, number]>> = {
  day_of_month: [1, 31],
  day_of_week: [0, 6],
  day_of_year: [1, 366],
  days_in_month: [28, 31],
  hour: [0, 23],
  minute: [0, 59],
  month: [1, 12],
};

/** Functions that give the values of their argument, or of the window before it, as they are. */
const passThrough = new Set([
  ...['sort', 'sort_desc', 'sort_by_label', 'sort_by_label_desc', 'last_over_time', 'first_over_time'],
  ...['min_over_time', 'max_over_time', 'label_replace', 'label_join'],
]);

/** Functions whose result is known to lie somewhere whatever they are given. */
const ranges: Readonly<Record<string, { readonly set: ValueSet; readonly text: string }>> = {
  count_over_time: { set: interval(1, Number.POSITIVE_INFINITY), text: 'is at least 1 wherever it exists' },
  present_over_time: { set: point(1), text: 'is 1 wherever it exists' },
  changes: { set: interval(0, Number.POSITIVE_INFINITY), text: 'counts, so that it is never below 0' },
  resets: { set: interval(0, Number.POSITIVE_INFINITY), text: 'counts, so that it is never below 0' },
  abs: { set: interval(0, Number.POSITIVE_INFINITY), text: 'is never below 0' },
  exp: { set: interval(0, Number.POSITIVE_INFINITY), text: 'is never below 0' },
  sqrt: { set: interval(0, Number.POSITIVE_INFINITY), text: 'is never below 0' },
  sgn: { set: interval(-1, 1), text: 'is -1, 0 or 1' },
};

function analyseCall(call: Call): Facts {
  const { name, args } = call;
  const because = (text: string): readonly Reason[] => [{ at: call, text: `${name}() ${text}` }];
  if (name === 'absent' || name === 'absent_over_time') {
    const labels = absenceLabels(call);
    return { empty: null, values: point(1), nan: false, histograms: false, labels, why: because('is 1 wherever it exists') };
  }
  const own = { at: call, text: `${name}() has no labels` };
  if (name === 'vector') return { ...analyseFirst(call), histograms: false, labels: noLabelsBecause(own) };
  if (typeOf(call) === 'scalar') return { ...nothingKnown, histograms: false, labels: noLabelsBecause(own) };
  const date = dateRanges[name];
  const inner = args.length === 0 ? { ...nothingKnown, labels: noLabelsBecause(own) } : analyseMain(call);
  if (date !== undefined) return lying(inner, interval(...date), because(`is from ${date[0]} to ${date[1]}`), true);
  const range = ranges[name];
  if (range !== undefined) return lying(inner, range.set, because(range.text), true);
  if (passThrough.has(name)) return { ...inner, labels: relabelled(call, inner.labels) };
  return analyseOtherCall(call, inner);
}

function analyseOtherCall(call: Call, inner: Facts): Facts {
  const { name } = call;
  if (name === 'sum_over_time') {
    return summed(inner, (set) => [{ at: call, text: `the sum of values that are ${describeSet(inner.values)} is ${describeSet(set)}` }]);
  }
  if (name === 'avg_over_time') return { ...inner, values: widened(inner.values), nan: true };
  if (name === 'clamp' || name === 'clamp_min' || name === 'clamp_max') return clamped(call, inner);
  const labels = name === 'info' || name.startsWith('histogram_quantile') ? anyLabels : inner.labels;
  return { ...inner, labels, values: allValues, nan: true, histograms: true, why: [] };
}

function clamped(call: Call, inner: Facts): Facts {
  const [, first, second] = call.args.map((arg) => constantOf(arg));
  const [least, most] =
    call.name === 'clamp'
      ? [first, second]
      : call.name === 'clamp_min'
        ? [first, Number.POSITIVE_INFINITY]
        : [Number.NEGATIVE_INFINITY, first];
  if (least === undefined || most === undefined || least === null || most === null || Number.isNaN(least + most))
    return lying(inner, allValues, [], true);
  const at = { at: call, text: `${call.name}() keeps values from ${least} to ${most}` };
  if (least > most)
    return { ...inner, empty: [{ at: call, text: `clamp() from ${least} to ${most} gives nothing: the limits are exchanged` }] };
  const { low, high } = inner.values;
  const inside = (value: number) => Math.max(least, Math.min(most, value));
  return lying(inner, interval(inside(low), inside(high)), [...inner.why, at]);
}

function analyseFirst({ args: [first] }: Call): Facts {
  return first === undefined ? nothingKnown : analyse(first);
}

/** The facts of the vector or window that a function is about. */
function analyseMain(call: Call): Facts {
  const main = call.args.find((arg) => typeOf(arg) === 'vector' || typeOf(arg) === 'matrix');
  return main === undefined ? nothingKnown : analyse(main);
}

function relabelled({ name, args }: Call, labels: LabelFacts): LabelFacts {
  if (name !== 'label_replace' && name !== 'label_join') return labels;
  const destination = textOf(args[1]);
  return destination === null ? anyLabels : changedLabels(labels, [[destination, { kind: 'any' }]]);
}

function absenceLabels(call: Call): LabelFacts {
  const why = { at: call, text: `${call.name}() has only the labels its selector asks for with =` };
  const [arg] = call.args;
  const labels = arg === undefined ? [] : Object.entries(labelsOfAbsence(arg));
  const known = labels.map(([name, value]): readonly [string, KnownLabel] => [name, { kind: 'value', value, why }]);
  return changedLabels(noLabelsBecause(why), known);
}

/** The number that an expression without series and without time is; null for any other. */
export function constantOf(expr: Expr): number | null {
  switch (expr.kind) {
    case 'number':
      return expr.value;
    case 'parenthesised':
      return constantOf(expr.expr);
    case 'unary': {
      const value = constantOf(expr.operand);
      return value === null ? null : expr.op === '-' ? -value : value;
    }
    case 'binary': {
      const [left, right] = [constantOf(expr.left), constantOf(expr.right)];
      return left === null || right === null ? null : operate(expr.op, left, right);
    }
    case 'call':
      return expr.name === 'pi' ? Math.PI : null;
    default:
      return null;
  }
}

function analyseBinary(node: Binary, left: Facts, right: Facts): Facts {
  const constant = constantOf(node);
  if (constant !== null)
    return { ...nothingKnown, values: Number.isNaN(constant) ? allValues : point(constant), nan: Number.isNaN(constant) };
  const bothVectors = typeOf(node.left) === 'vector' && typeOf(node.right) === 'vector';
  const matching = bothVectors ? node.matching : null;
  if (matching !== null && (matching.fillLeft !== null || matching.fillRight !== null)) return nothingKnown;
  if (setOperators.has(node.op) && matching !== null) return analyseSet(node, matching, left, right);
  if (typeOf(node) === 'scalar') return { ...compute(node, left, right), labels: left.labels };
  if (matching === null) return analyseWithScalar(node, left, right);
  const empty = left.empty ?? right.empty ?? unmatched(node, mismatch(matching, left.labels, right.labels));
  const labels = labelsOfMatch(node, matching, left.labels, right.labels);
  const result = comparisons.has(node.op) ? compareVectors(node, left, right) : compute(node, left, right);
  return { ...result, labels, empty: empty ?? result.empty };
}

function unmatched(node: Binary, reasons: readonly Reason[] | null): readonly Reason[] | null {
  return reasons === null ? null : [...reasons, { at: node, text: `the sides of ${node.op} can never match` }];
}

function analyseSet(node: Binary, matching: NonNullable<Binary['matching']>, left: Facts, right: Facts): Facts {
  const labels = labelsOfMatch(node, matching, left.labels, right.labels);
  if (node.op === 'unless') return left;
  if (node.op === 'and') {
    const empty =
      left.empty ?? right.empty ?? unmatched(node, mismatch(matching, left.labels, right.labels)) ?? excluded(node, left, right);
    return { ...left, labels, empty };
  }
  if (left.empty !== null && right.empty !== null) return { ...left, empty: [...left.empty, ...right.empty] };
  if (left.empty !== null) return right;
  if (right.empty !== null) return left;
  return {
    empty: null,
    values: hull(left.values, right.values),
    nan: left.nan || right.nan,
    histograms: left.histograms || right.histograms,
    labels,
    why: [...left.why, ...right.why],
  };
}

/** `x > 5 and x < 3`: two conditions on the same series that exclude each other. */
function excluded(node: Binary, left: Facts, right: Facts): readonly Reason[] | null {
  const [one, other] = [conditionOf(node.left), conditionOf(node.right)];
  if (one === null || other === null || node.matching?.on || (node.matching?.labels.length ?? 0) > 0 || one.of !== other.of) return null;
  if (left.nan || right.nan || intersection(left.values, right.values) !== null) return null;
  const text = `the same series would have to be ${describeSet(left.values)} and ${describeSet(right.values)} at once`;
  return [{ at: node, text }];
}

/** The selector of one metric that a comparison with a constant is about. */
function conditionOf(expr: Expr): { readonly of: string } | null {
  if (expr.kind === 'parenthesised') return conditionOf(expr.expr);
  if (expr.kind !== 'binary' || !comparisons.has(expr.op) || expr.bool) return null;
  const [side, bound] = constantOf(expr.right) === null ? [expr.right, expr.left] : [expr.left, expr.right];
  if (constantOf(bound) === null || side.kind !== 'selector' || side.metric === null) return null;
  return { of: printExpr(side) };
}

function compute(node: Binary, left: Facts, right: Facts): Facts {
  const { set, nan } = comparisons.has(node.op) ? { set: interval(0, 1), nan: false } : combine(node.op, left.values, right.values);
  return {
    empty: null,
    values: set,
    nan: nan || left.nan || right.nan,
    histograms: left.histograms || right.histograms,
    labels: left.labels,
    why: set === allValues ? [] : [...left.why, ...right.why],
  };
}

function analyseWithScalar(node: Binary, left: Facts, right: Facts): Facts {
  const vectorFirst = typeOf(node.left) === 'vector';
  const [vector, scalar] = vectorFirst ? [left, right] : [right, left];
  if (!comparisons.has(node.op))
    return { ...compute(node, left, right), labels: vector.labels, empty: vector.empty, histograms: vector.histograms };
  const op = vectorFirst ? node.op : mirror(node.op);
  const written = printExpr(vectorFirst ? node.right : node.left);
  const result = filtered(node, op, vector, scalar, vectorFirst ? `${op} ${written}` : `${written} ${node.op}`);
  return { ...result, labels: vector.labels, histograms: false, empty: vector.empty ?? result.empty };
}

function compareVectors(node: Binary, left: Facts, right: Facts): Facts {
  const bothHistograms = left.histograms && right.histograms;
  const result = filtered(node, node.op, left, right, `${node.op} values that are ${describeSet(right.values)}`);
  if (bothHistograms) return { ...result, empty: null, histograms: !node.bool, ...(node.bool ? { values: interval(0, 1) } : {}) };
  return { ...result, histograms: false };
}

/** What a comparison lets through, or which of 0 and 1 it gives with `bool`. */
function filtered(node: Binary, op: string, facts: Facts, bound: Facts, compared: string): Facts {
  // Nothing compares with NaN, but for being different.
  const isNaNBound = op !== '!=' && [node.left, node.right].some((side) => Number.isNaN(constantOf(side) ?? 0));
  const passing = isNaNBound ? null : passingValues(op, facts, bound);
  if (node.bool)
    return { ...facts, values: passing === null ? point(0) : interval(0, 1), nan: false, why: passing === null ? facts.why : [] };
  const text = `it is compared with ${compared}`;
  if (passing === null) return { ...facts, empty: [...facts.why, ...bound.why, { at: node, text: `${text}, which never holds` }] };
  const why = [{ at: node, text: `only ${describeSet(passing)} passes ${compared}` }];
  const narrowed = passing !== facts.values;
  return { ...facts, values: passing, nan: op === '!=' && (facts.nan || bound.nan), why: narrowed ? why : facts.why };
}

function passingValues(op: string, { values, nan }: Facts, { values: bound, nan: boundNan }: Facts): ValueSet | null {
  if (op === '!=') {
    if (!isPoint(bound) || nan || boundNan) return values;
    const left = satisfying(op, bound.low).flatMap((set) => intersection(values, set) ?? []);
    return left.length === 0 ? null : left.reduce(hull);
  }
  if (op === '==') return intersection(values, bound);
  const [limit] = satisfying(op, op.startsWith('>') ? bound.low : bound.high);
  const open = op.startsWith('>') ? bound.lowOpen : bound.highOpen;
  if (limit === undefined) return null;
  return intersection(values, open ? { ...limit, lowOpen: limit.lowOpen || op === '>=', highOpen: limit.highOpen || op === '<=' } : limit);
}
