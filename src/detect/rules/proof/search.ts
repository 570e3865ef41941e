import {
  type Aggregate,
  type Binary,
  type Call,
  type Expr,
  type Selector,
  type Subquery,
  selectorsOf,
  unwrap,
  walk,
} from '../../promql/ast.ts';
import { typeOf } from '../../promql/check.ts';
import { durationMs } from '../../promql/duration-value.ts';
import { comparisons, setOperators } from '../../promql/token.ts';
import { analyse, constantOf } from './analyse.ts';
import { argumentsFor } from './call-inverse.ts';
import {
  anyLabel,
  anything,
  both,
  type Demand,
  type LabelDemand,
  labelsLike,
  matchedLabels,
  needOf,
  throughGrouping,
  throughMatching,
  withNeeds,
} from './demand.ts';
import type { Facts } from './facts.ts';
import { firstValues, operandSets } from './invert.ts';
import { textOf } from './label-facts.ts';
import { levels, ofLevel, placed, shapesFor } from './place-series.ts';
import type { Plan, PlannedSeries, Shape } from './planned-series.ts';
import type { Probe } from './probe.ts';
import { textMatching, valuesSatisfying } from './sample-text.ts';
import { allValues, contains, intersection, interval, negate, point, satisfying, type ValueSet, valuesIn } from './value-set.ts';

/** How many series of one kind a witness may have: more explain nothing. */
const copiesMax = 64;
/** How many ways to lay out the first side of an operation are tried for one value of it. */
const choicesMax = 4;
/** How long a series without samples is still seen. */
const lookbackMs = 300_000;
const instant = { stepMs: 0, rangeMs: 0 };

/**
 * Looks for input series for which an expression gives what is demanded of it. A demand on the result becomes demands on the operands,
 * down to the selectors, each of which is given a series; where there is a choice, the next one is tried when the first leads nowhere.
 */
export class Search {
  private readonly probe: Probe;
  /** Whether values matter: without, only which series there are, and with which labels. */
  private readonly heedsValues: boolean;
  private readonly facts = new WeakMap<Expr, Facts>();

  constructor(probe: Probe, heedsValues = true) {
    this.probe = probe;
    this.heedsValues = heedsValues;
  }

  /** Plans that extend a plan so that the expression may meet the demand, the plainest first. Whoever takes one checks it. */
  *solve(expr: Expr, demand: Demand, plan: Plan): Generator<Plan> {
    if (expr.kind === 'parenthesised') return yield* this.solve(expr.expr, demand, plan);
    const { values, empty } = this.factsOf(expr);
    if (empty !== null) return;
    const set = this.heedsValues ? intersection(values, demand.set) : allValues;
    if (set === null) return;
    const narrowed = { ...demand, set };
    const isMet = this.probe.meeting(expr, narrowed, plan).length > 0;
    if (isMet) yield plan;
    yield* this.extend(expr, narrowed, plan);
  }

  private factsOf(expr: Expr): Facts {
    const known = this.facts.get(expr) ?? analyse(expr);
    this.facts.set(expr, known);
    return known;
  }

  private *extend(expr: Expr, demand: Demand, plan: Plan): Generator<Plan> {
    switch (expr.kind) {
      case 'selector':
        return yield* this.selector(expr, demand, plan);
      case 'unary':
        return yield* this.unary(expr.op, expr.operand, demand, plan);
      case 'aggregate':
        return yield* this.aggregate(expr, demand, plan);
      case 'call':
        return yield* this.call(expr, demand, plan);
      case 'binary':
        return yield* this.binary(expr, demand, plan);
      default:
        return;
    }
  }

  private *selector(selector: Selector, demand: Demand, plan: Plan): Generator<Plan> {
    yield* placed(selector, demand, plan, levels(demand.set));
  }

  private *unary(op: string, operand: Expr, demand: Demand, plan: Plan): Generator<Plan> {
    const { low, high, lowOpen, highOpen } = demand.set;
    yield* this.solve(operand, op === '-' ? { ...demand, set: interval(-high, -low, highOpen, lowOpen) } : demand, plan);
  }

  private *aggregate(node: Aggregate, demand: Demand, plan: Plan): Generator<Plan> {
    const { op, expr } = node;
    if (op === 'topk' || op === 'bottomk' || op === 'limitk' || op === 'limit_ratio') return yield* this.solve(expr, demand, plan);
    const labels = throughGrouping(this.withoutCounted(node, demand.labels), node.without, node.grouping);
    if (labels === null) return;
    const inner = { ...demand, labels };
    switch (op) {
      case 'count':
      case 'count_values':
        return yield* this.counted(node, inner, demand, plan);
      case 'group':
        return yield* this.solve(expr, { ...inner, set: allValues }, plan);
      case 'sum':
        yield* this.solve(expr, inner, plan);
        yield* this.oneMore(node, inner, plan);
        return yield* this.summed(node, inner, plan);
      case 'stddev':
      case 'stdvar':
        return yield* this.spread(node, inner, plan);
      default:
        yield* this.solve(expr, inner, plan);
        yield* this.oneMore(node, inner, plan);
    }
  }

  /** One more series beside those that a group already has. */
  private *oneMore(node: Aggregate, inner: Demand, plan: Plan): Generator<Plan> {
    if (plan.series.length === 0) return;
    for (const name of distinguishing(node).slice(0, 2)) {
      const grown = this.oneCopy(node.expr, inner, plan, name, plan.series.length);
      if (grown !== null) yield grown;
    }
  }

  /** The demand without the label that `count_values` makes. */
  private withoutCounted({ op, parameter }: Aggregate, labels: LabelDemand): LabelDemand {
    const made = op === 'count_values' && parameter !== null ? textOf(parameter) : null;
    return made === null ? labels : withNeeds(labels, [[made, null]]);
  }

  private *counted(node: Aggregate, inner: Demand, demand: Demand, plan: Plan): Generator<Plan> {
    const made = node.op === 'count_values' && node.parameter !== null ? textOf(node.parameter) : null;
    const wanted = made === null ? null : needOf(demand.labels, made);
    const set = wanted === null ? allValues : point(Number(wanted));
    if (Number.isNaN(set.low)) return;
    const counts = [1, ...valuesIn(demand.set)].filter((count) => Number.isInteger(count) && count >= 1 && contains(demand.set, count));
    for (const count of new Set(counts.filter((wantedCount) => wantedCount <= copiesMax)))
      yield* this.copies(node, { ...inner, set }, plan, new Array(count).fill(set));
  }

  private *summed(node: Aggregate, inner: Demand, plan: Plan): Generator<Plan> {
    const most = this.factsOf(node.expr).values.high;
    for (const total of valuesIn(inner.set).slice(0, 3)) {
      const count = Number.isFinite(most) && most > 0 ? Math.ceil(total / most) : 2;
      if (count < 2) continue;
      yield* this.copies(node, inner, plan, new Array(Math.min(count, copiesMax + 1)).fill(point(total / count)));
    }
  }

  private *spread(node: Aggregate, inner: Demand, plan: Plan): Generator<Plan> {
    for (const value of valuesIn(inner.set)) {
      const height = node.op === 'stdvar' ? 2 * Math.sqrt(value) : 2 * value;
      yield* this.copies(node, inner, plan, [point(0), point(height)]);
    }
  }

  /** Several series in one group, which differ in one label. */
  private *copies(node: Aggregate, inner: Demand, plan: Plan, sets: readonly ValueSet[]): Generator<Plan> {
    if (sets.length > copiesMax) return;
    if (sets.length === 1) return yield* this.solve(node.expr, { ...inner, set: sets[0] ?? allValues }, plan);
    for (const name of distinguishing(node)) {
      let grown: Plan | null = plan;
      for (const [index, set] of sets.entries()) {
        grown = this.oneCopy(node.expr, { ...inner, set }, grown, name, index);
        if (grown === null) break;
      }
      if (grown !== null) yield grown;
    }
  }

  private oneCopy(expr: Expr, demand: Demand, plan: Plan, name: string, index: number): Plan | null {
    for (const value of numbered(expr, name, index)) {
      const labels = both(demand.labels, { known: new Map([[name, value]]), others: 'any' });
      if (labels === null) return null;
      for (const next of this.solve(expr, { ...demand, labels }, plan)) {
        if (this.probe.meeting(expr, { ...demand, labels }, next).length > 0) return next;
      }
    }
    return null;
  }

  private *call(call: Call, demand: Demand, plan: Plan): Generator<Plan> {
    const { name, args } = call;
    const window = args.map(unwrap).find((arg) => typeOf(arg) === 'matrix');
    if (window?.kind === 'range') return yield* this.overRange(call, window.selector, demand, plan);
    if (window?.kind === 'subquery') return yield* this.overSubquery(call, window, demand, plan);
    switch (name) {
      case 'histogram_quantile':
        return yield* this.quantile(call, demand, plan);
      case 'label_replace':
      case 'label_join':
        return yield* this.relabelled(call, demand, plan);
      case 'timestamp':
        return yield* this.timestamps(call, demand, plan);
      case 'scalar':
        for (const value of valuesIn(demand.set).slice(0, 3))
          yield* this.main(call, { ...demand, set: point(value), labels: anyLabel }, plan);
        return;
      case 'absent':
      case 'absent_over_time':
      case 'time':
        return;
      default:
        yield* this.otherCall(call, demand, plan);
    }
  }

  private *main(call: Call, demand: Demand, plan: Plan): Generator<Plan> {
    const main = call.args.find((arg) => typeOf(arg) === 'vector');
    if (main !== undefined) yield* this.solve(main, demand, plan);
  }

  private *otherCall(call: Call, demand: Demand, plan: Plan): Generator<Plan> {
    if (call.name === 'vector') {
      const [scalar] = call.args;
      if (scalar !== undefined) yield* this.solve(scalar, { ...demand, labels: anyLabel }, plan);
      return;
    }
    const scalars = call.args
      .filter((arg) => typeOf(arg) === 'scalar')
      .map((arg) => this.probe.scalars(arg, plan, demand.agoMs).at(-1) ?? Number.NaN);
    const values = argumentsFor(call.name, scalars, demand.set);
    if (values === null) return yield* this.main(call, demand, plan);
    for (const value of values) yield* this.main(call, { ...demand, set: point(value) }, plan);
    yield* this.main(call, demand, plan);
  }

  private *overRange(call: Call, selector: Selector, demand: Demand, plan: Plan): Generator<Plan> {
    if (call.name === 'absent_over_time') return;
    yield* placed(selector, demand, plan, shapesFor(call, selector, demand, plan, this.probe));
  }

  private *overSubquery(call: Call, window: Subquery, demand: Demand, plan: Plan): Generator<Plan> {
    const { name } = call;
    if (name === 'absent_over_time') return;
    const agoMs = demand.agoMs + (window.offset === null ? 0 : durationMs(window.offset, instant));
    const inner = { ...demand, agoMs };
    if (ofLevel.has(name)) yield* this.solve(window.expr, inner, plan);
    if (name === 'sum_over_time') {
      for (const value of [1, 10, 0.1, 100]) yield* this.solve(window.expr, { ...inner, set: point(value) }, plan);
      return;
    }
    if (ofLevel.has(name)) return;
    for (const found of this.solve(window.expr, { ...inner, set: allValues }, plan)) yield* this.bent(call, demand, plan, found);
  }

  /** The new series of a plan with other slopes, so that what is computed from them changes over time. */
  private *bent(call: Call, demand: Demand, before: Plan, plan: Plan): Generator<Plan> {
    yield plan;
    const added = plan.series.filter((series) => !before.series.includes(series));
    const shaped = (change: (shape: Shape) => Shape) => added.reduce((next, series) => next.with(reshaped(series, change)), plan);
    const steep = (slope: number) =>
      shaped((shape) => ({ ...shape, slope, base: slope < 0 ? Math.ceil(-slope * plan.positions) : shape.base, slopeFixed: true }));
    const units = this.probe.at(call, steep(1), plan.timeline.endMs - demand.agoMs).map(({ value }) => value);
    for (const value of valuesIn(demand.set)) {
      for (const unit of units) if (unit !== 0) yield steep(value / unit);
    }
    for (const slope of [1, -1, 100, -100]) yield steep(slope);
    yield shaped((shape) => ({ ...shape, other: shape.base + 1 }));
  }

  /** Buckets of a histogram: one that ends at a bound, and one for everything. */
  private *quantile(call: Call, demand: Demand, plan: Plan): Generator<Plan> {
    const [quantile, histogram] = call.args;
    if (quantile === undefined || histogram === undefined) return;
    const q = this.probe.scalars(quantile, plan, demand.agoMs)[0] ?? Number.NaN;
    const bucket = (le: string, set: ValueSet): Demand => ({ ...demand, set, labels: withNeeds(demand.labels, [['le', le]]) });
    const some = interval(0, Number.POSITIVE_INFINITY, true);
    for (const value of valuesIn(demand.set).filter((bound) => bound > 0)) {
      // All observations lie above the highest bound: the quantile is that bound.
      for (const withAll of this.solve(histogram, bucket('+Inf', some), plan)) {
        yield* this.solve(histogram, bucket(String(value), point(0)), withAll);
      }
      // All observations lie below a bound: the quantile is interpolated from zero.
      for (const withAll of this.solve(histogram, bucket('+Inf', some), plan)) {
        for (const bound of new Set([value / q, value])) {
          const [all] = this.probe.meeting(histogram, bucket('+Inf', some), withAll);
          if (all !== undefined) yield* this.solve(histogram, bucket(String(bound), point(all.value)), withAll);
        }
      }
    }
  }

  private *relabelled(call: Call, demand: Demand, plan: Plan): Generator<Plan> {
    const [vector, ...texts] = call.args;
    const [destination = '', second = '', third = '', fourth = ''] = texts.map((arg) => textOf(arg) ?? '');
    if (vector === undefined) return;
    const need = needOf(demand.labels, destination);
    const labels = withNeeds(demand.labels, [[destination, null]]);

    const candidates = call.name === 'label_replace' ? [need ?? '', textMatching(fourth) ?? ''] : [need ?? ''];
    for (const value of candidates) {
      const wanted = value === '' ? null : both(labels, { known: new Map([[third, value]]), others: 'any' });
      if (wanted !== null && (need !== null || second !== '')) yield* this.solve(vector, { ...demand, labels: wanted }, plan);
    }
    yield* this.solve(vector, { ...demand, labels }, plan);
    yield* this.solve(vector, demand, plan);
  }

  /** When the last sample of a series came: now, or earlier for a series that has ended. */
  private *timestamps(call: Call, demand: Demand, plan: Plan): Generator<Plan> {
    const [arg] = call.args;
    if (arg === undefined) return;
    const { heldFromMs, endMs, intervalMs } = plan.timeline;
    for (const found of this.solve(arg, { ...demand, set: allValues }, plan)) {
      yield found;
      for (const steps of [1, 2, 3, 4]) {
        const silentMs = endMs - heldFromMs + steps * intervalMs;
        yield ended(found, plan, silentMs);
      }
    }
  }

  private *binary(node: Binary, demand: Demand, plan: Plan): Generator<Plan> {
    if (setOperators.has(node.op)) return yield* this.setOperation(node, demand, plan);
    if (typeOf(node.left) === 'scalar') return yield* this.withScalar(node, 'right', demand, plan);
    if (typeOf(node.right) === 'scalar') return yield* this.withScalar(node, 'left', demand, plan);
    yield* this.matched(node, 'right', demand, plan);
    yield* this.matched(node, 'left', demand, plan);
  }

  /** An operation of which one side is a scalar. `side`: where the other one is. */
  private *withScalar(node: Binary, side: 'left' | 'right', demand: Demand, plan: Plan): Generator<Plan> {
    const scalar = side === 'left' ? node.right : node.left;
    for (const ready of this.scalarsReady(scalar, demand, plan)) {
      const scalars = this.heedsValues ? this.probe.scalars(scalar, ready, demand.agoMs) : [];
      const sets = scalars.map((value) => operandSets(node, side, demand.set, value));
      const [first = this.heedsValues ? [] : [allValues], second] = sets;
      const wanted = second === undefined ? first : first.flatMap((set) => second.flatMap((other) => intersection(set, other) ?? []));
      for (const set of wanted) yield* this.solve(node[side], { ...demand, set }, ready);
    }
  }

  /** Plans in which a scalar that is made of series has a value. */
  private *scalarsReady(scalar: Expr, demand: Demand, plan: Plan): Generator<Plan> {
    const call = [...walk(scalar)].find((part): part is Call => part.kind === 'call' && part.name === 'scalar');
    if (call === undefined) return yield plan;
    for (const value of [1, 100, 10, 0]) yield* this.solve(call, { ...anything, agoMs: demand.agoMs, set: point(value) }, plan);
  }

  /** An operation of two vectors: one side is laid out first, then the other so that it goes with what the first one gave. */
  private *matched(node: Binary, firstSide: 'left' | 'right', demand: Demand, plan: Plan): Generator<Plan> {
    const { matching } = node;
    if (matching === null) return;
    const secondSide = firstSide === 'left' ? 'right' : 'left';
    for (const labels of this.firstLabels(node, firstSide, demand.labels)) {
      const values = this.heedsValues ? firstValues(node, firstSide, demand.set) : [];
      for (const value of new Set(values)) {
        const first = {
          ...demand,
          labels,
          set: firstSide === 'left' && comparisons.has(node.op) && !node.bool ? intersection(demand.set, point(value)) : point(value),
        };
        if (first.set === null) continue;
        for (const laid of take(this.solve(node[firstSide], { ...first, set: first.set }, plan), choicesMax)) {
          yield* this.secondSide(node, secondSide, { ...demand, set: demand.set }, labels, laid);
        }
      }
      for (const laid of take(this.solve(node[firstSide], { ...demand, labels, set: allValues }, plan), choicesMax)) {
        yield* this.secondSide(node, secondSide, demand, labels, laid);
      }
    }
  }

  /** What the side that is laid out first needs, with the labels that the other side insists on, and without. */
  private firstLabels(node: Binary, side: 'left' | 'right', demanded: LabelDemand): readonly LabelDemand[] {
    const { matching } = node;
    if (matching === null) return [];
    const plain = throughMatching(matching, side, demanded);
    const hint = matchedLabels(matching, this.insisted(side === 'left' ? node.right : node.left));
    const hinted = both(plain, { known: hint.known, others: 'any' });
    return hinted === null || [...hinted.known.values()].every((value) => value === null) ? [plain] : [hinted, plain];
  }

  /** Labels that an expression's samples always have. */
  private insisted(expr: Expr): LabelDemand {
    const known = new Map<string, string>();
    for (const [name, label] of this.factsOf(expr).labels.known) {
      if (name === '__name__' || label.kind === 'any') continue;
      const matchers = selectorsOf(expr).flatMap((selector) => selector.matchers);
      const value = label.kind === 'value' ? label.value : valuesSatisfying(name, matchers).find((text) => text !== '');
      if (value !== undefined) known.set(name, value);
    }
    return { known, others: 'any' };
  }

  private *secondSide(node: Binary, side: 'left' | 'right', demand: Demand, firstLabels: LabelDemand, plan: Plan): Generator<Plan> {
    const { matching } = node;
    if (matching === null) return;
    const firstExpr = side === 'left' ? node.right : node.left;
    const found = this.probe.meeting(firstExpr, { ...demand, set: allValues, labels: firstLabels }, plan);
    for (const { labels, value } of found.slice(0, 2)) {
      const wanted = both(throughMatching(matching, side, demand.labels), matchedLabels(matching, labelsLike(labels)));
      if (wanted === null) continue;
      for (const set of this.heedsValues ? operandSets(node, side, demand.set, value) : [allValues]) {
        for (const next of this.solve(node[side], { ...demand, set, labels: wanted }, plan)) {
          if (!this.heedsValues || this.probe.meeting(node, demand, next).length > 0) yield next;
        }
      }
    }
  }

  private *setOperation(node: Binary, demand: Demand, plan: Plan): Generator<Plan> {
    const { op, left, right, matching } = node;
    if (matching === null) return;
    if (op === 'or') {
      yield* this.solve(left, demand, plan);
      return yield* this.solve(right, demand, plan);
    }
    if (op === 'unless') return yield* this.unless(node, demand, plan);
    const hint = matchedLabels(matching, this.insisted(right));
    const hinted = both(demand.labels, { known: hint.known, others: 'any' });
    for (const labels of hinted === null ? [demand.labels] : [hinted, demand.labels]) {
      for (const laid of this.solve(left, { ...demand, labels }, plan)) yield* this.joined(node, { ...demand, labels }, laid);
    }
    for (const laid of this.solve(right, { ...demand, set: allValues, labels: matchedLabels(matching, demand.labels) }, plan)) {
      const [given] = this.probe.meeting(right, { ...demand, set: allValues, labels: anyLabel }, laid);
      const wanted = given === undefined ? null : both(demand.labels, matchedLabels(matching, labelsLike(given.labels)));
      if (wanted !== null) yield* this.solve(left, { ...demand, labels: wanted }, laid);
    }
  }

  /** The left side of `unless`; where the right side is there as well, with what keeps it away. */
  private *unless(node: Binary, demand: Demand, plan: Plan): Generator<Plan> {
    const { left, matching } = node;
    const right = unwrap(node.right);
    if (matching === null) return;
    for (const found of this.solve(left, demand, plan)) {
      yield found;
      yield ended(found, plan, lookbackMs);
      const bound = right.kind === 'binary' && comparisons.has(right.op) && !right.bool ? constantOf(right.right) : null;
      const [given] = this.probe.meeting(left, demand, found);
      if (right.kind !== 'binary' || bound === null || given === undefined) continue;
      const labels = matchedLabels(matching, labelsLike(given.labels));
      for (const set of satisfying(negate(right.op), bound)) yield* this.solve(right.left, { ...demand, labels, set }, found);
    }
  }

  /** The right side of `and`, for what the left side gives. */
  private *joined(node: Binary, demand: Demand, plan: Plan): Generator<Plan> {
    const { left, right, matching } = node;
    if (matching === null) return;
    for (const { labels } of this.probe.meeting(left, demand, plan).slice(0, 2)) {
      for (const next of this.solve(right, { ...demand, set: allValues, labels: matchedLabels(matching, labelsLike(labels)) }, plan)) {
        if (!this.heedsValues || this.probe.meeting(node, demand, next).length > 0) yield next;
      }
    }
  }
}

/** Labels by which series of one group may differ, the plainest first. */
function distinguishing(node: Aggregate): readonly string[] {
  const parts = [...walk(node.expr)];
  const grouped = parts.flatMap((part) => (part.kind === 'aggregate' ? [...part.grouping, textOf(part.parameter ?? undefined) ?? ''] : []));
  const matched = parts.flatMap((part) => (part.kind === 'binary' && part.matching !== null ? part.matching.labels : []));
  const asked = parts.flatMap((part) => (part.kind === 'selector' ? part.matchers.map(({ name }) => name) : []));
  const names = ['instance', 'id', ...grouped, ...matched, ...asked].filter((name) => name !== '' && name !== '__name__' && name !== 'le');
  const kept = (name: string) => (node.without ? node.grouping.includes(name) : !node.grouping.includes(name));
  return [...new Set([...names, ...(node.without ? node.grouping : [])])].filter(kept);
}

/** Values of a label that differ from one index to the next. */
function numbered(expr: Expr, name: string, index: number): readonly string[] {
  const matchers = selectorsOf(expr).flatMap((selector) => selector.matchers.filter((matcher) => matcher.name === name));
  const wanted = valuesSatisfying(name, matchers).filter((value) => value !== '');
  const own = `${index + 1}`;
  return [...new Set([own, wanted[index] ?? own, `${wanted[0] ?? ''}${own}`])].filter((value) =>
    matchers.every((matcher) => matcher.matches(value)),
  );
}

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const item of items) {
    yield item;
    if (--left <= 0) return;
  }
}

/** A plan whose series that another one does not have end before the end. */
function ended(plan: Plan, before: Plan, silentMs: number): Plan {
  const added = plan.series.filter((series) => !before.series.includes(series));
  return added.reduce((next, series) => next.with({ ...series, silentMs }), plan);
}

function reshaped(series: PlannedSeries, change: (shape: Shape) => Shape): PlannedSeries {
  return { ...series, stretches: series.stretches.map(({ endAgoMs, shape }) => ({ endAgoMs, shape: change(shape) })) };
}
