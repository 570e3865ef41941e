import { labelsOf, withLabels } from '../../../model/labels.ts';
import type { Call, Selector } from '../../promql/ast.ts';
import { durationMs } from '../../promql/duration-value.ts';
import { type Demand, meets, needOf } from './demand.ts';
import { level, type Plan, type PlannedSeries, type Shape } from './planned-series.ts';
import type { Probe } from './probe.ts';
import { valuesSatisfying } from './sample-text.ts';
import { contains, isPoint, type ValueSet, valuesIn } from './value-set.ts';

const instant = { stepMs: 0, rangeMs: 0 };
const triedMax = 5;

/** How long ago the samples lie that a selector reads. */
export function agoOf({ offset }: Selector, agoMs: number): number {
  return Math.max(0, agoMs + (offset === null ? 0 : durationMs(offset, instant)));
}

/** Plans with a series that a selector reads and that has one of the shapes, those that are already there first. */
export function* placed(selector: Selector, demand: Demand, plan: Plan, shapes: readonly Shape[]): Generator<Plan> {
  const agoMs = agoOf(selector, demand.agoMs);
  const candidates = seriesFor(selector, demand, plan);
  for (const series of candidates) {
    for (const shape of shapes) {
      const changed = withShape(series, agoMs, shape);
      if (changed !== null) yield plan.with(changed);
    }
  }
}

/** Series of a plan that a selector reads, then new ones that it would read. */
function seriesFor(selector: Selector, { labels: demanded }: Demand, plan: Plan): readonly PlannedSeries[] {
  const there = plan.series.filter(({ labels }) => {
    return meets(demanded, labels) && selector.matchers.every((matcher) => matcher.matches(labels[matcher.name] ?? ''));
  });
  const made = labelChoices(selector, demanded).map((labels) => ({ labels, stretches: [], silentMs: 0 }));
  return [...there, ...made.filter(({ labels }) => plan.find(labels) === undefined), ...besides(made[0], demanded, plan)];
}

/** Another series of the kind, where the plainest one is taken. */
function besides(plain: PlannedSeries | undefined, demanded: Demand['labels'], plan: Plan): readonly PlannedSeries[] {
  if (plain === undefined || plan.find(plain.labels) === undefined) return [];
  const name = ['instance', 'id'].find((free) => needOf(demanded, free) === null && plain.labels[free] === undefined);
  return name === undefined ? [] : [{ ...plain, labels: withLabels(plain.labels, { [name]: String(plan.series.length + 1) }) }];
}

/** Label sets that satisfy a selector and a demand: the plainest, and some that differ from it in one label. */
function labelChoices(selector: Selector, demanded: Demand['labels']): readonly PlannedSeries['labels'][] {
  const names = new Set([...selector.matchers.map(({ name }) => name), ...demanded.known.keys()]);
  const choices = new Map<string, readonly string[]>();
  for (const name of names) {
    const need = name === '__name__' ? null : needOf(demanded, name);
    const values = need === null ? valuesSatisfying(name, selector.matchers) : [need];
    const possible = values.filter((value) => selector.matchers.every((matcher) => matcher.name !== name || matcher.matches(value)));
    if (possible.length === 0) return [];
    choices.set(name, possible);
  }
  const plain = [...choices].map(([name, [first = '']]): [string, string] => [name, first]);
  const others = [...choices].flatMap(([name, [, ...rest]]) => {
    return name === '__name__' || !selector.matchers.some((matcher) => matcher.name === name)
      ? []
      : rest.slice(0, 2).map((value): [string, string] => [name, value]);
  });
  return [plain, ...others.map((changed) => [...plain, changed])].map(labelsOf);
}

/** A series with a shape for the stretch that ends some time ago; null when something relies on another shape there. */
function withShape(series: PlannedSeries, agoMs: number, shape: Shape): PlannedSeries | null {
  const there = series.stretches.find(({ endAgoMs }) => endAgoMs === agoMs);
  if (there === undefined) {
    const stretches = [...series.stretches, { endAgoMs: agoMs, shape }].sort((a, b) => a.endAgoMs - b.endAgoMs);
    return { ...series, stretches };
  }
  const merged = mergedShape(there.shape, shape);
  if (merged === null) return null;
  return { ...series, stretches: series.stretches.map((stretch) => (stretch === there ? { endAgoMs: agoMs, shape: merged } : stretch)) };
}

function mergedShape(old: Shape, wanted: Shape): Shape | null {
  if (old.other !== null || wanted.other !== null) return null;
  if (wanted.baseFixed && old.baseFixed && wanted.base !== old.base) return null;
  if (wanted.slopeFixed && old.slopeFixed && wanted.slope !== old.slope) return null;
  const { base, baseFixed } = old.baseFixed ? old : wanted;
  const { slope, slopeFixed } = old.slopeFixed ? old : wanted;
  return { base, slope, other: null, baseFixed, slopeFixed };
}

/** Constant series whose value lies in a set. */
export function levels(set: ValueSet): readonly Shape[] {
  return valuesIn(set)
    .slice(0, triedMax)
    .map((value) => level(value));
}

/** A series that rises or falls by the same amount at each sample. */
export function line(slope: number, positions: number): Shape {
  // What falls begins high enough not to pass zero.
  const base = slope < 0 ? Math.ceil(-slope * positions) : 0;
  return { base, slope, other: null, baseFixed: false, slopeFixed: true };
}

function alternating(first: number, second: number): Shape {
  return { base: first, slope: 0, other: second, baseFixed: true, slopeFixed: true };
}

export const ofCounters: ReadonlySet<string> = new Set(['rate', 'increase', 'irate']);
const ofSlope: ReadonlySet<string> = new Set(['rate', 'increase', 'irate', 'delta', 'idelta', 'deriv']);
/** Functions of a window that give a constant series' own value. */
export const ofLevel: ReadonlySet<string> = new Set([
  ...['avg_over_time', 'min_over_time', 'max_over_time', 'last_over_time', 'first_over_time', 'quantile_over_time', 'sum_over_time'],
  ...['double_exponential_smoothing'],
]);

/**
 * Shapes of one series for which a function of its window lies in a set. How much the function makes of a plain series is asked of the
 * engine; the functions are linear in it.
 */
export function shapesFor(call: Call, selector: Selector, demand: Demand, plan: Plan, probe: Probe): readonly Shape[] {
  const { name } = call;
  const { set } = demand;
  const measure = (shape: Shape) => measured(call, selector, demand, plan, probe, shape);
  if (ofSlope.has(name)) return slopes(set, measure(line(1, 0)), plan, ofCounters.has(name));
  if (name === 'sum_over_time') return scaledLevels(set, measure(level(1)));
  if (ofLevel.has(name)) return levels(set);
  if (name === 'predict_linear') return [...levels(set), ...predictions(set, measure, plan)];
  if (name === 'changes') return [level(1, false), line(1, plan.positions), alternating(1, 2), ...levels(set)];
  if (name === 'resets') return [level(1, false), alternating(1, 0)];
  if (name === 'stddev_over_time' || name === 'mad_over_time') return spreads(set, measure(alternating(0, 1)), (value) => value);
  if (name === 'stdvar_over_time') return spreads(set, measure(alternating(0, 1)), Math.sqrt);
  return [level(1, false), line(1, plan.positions)];
}

/** What a call gives for one series of a shape, when the condition begins to hold and at the end. */
function measured(call: Call, selector: Selector, demand: Demand, plan: Plan, probe: Probe, shape: Shape): readonly number[] {
  const [labels] = labelChoices(selector, demand.labels);
  if (labels === undefined) return [];
  const alone = plan.only([{ labels, stretches: [{ endAgoMs: agoOf(selector, demand.agoMs), shape }], silentMs: 0 }]);
  return probe.scalars(call, alone, demand.agoMs).filter(Number.isFinite);
}

function slopes(set: ValueSet, units: readonly number[], plan: Plan, rising: boolean): readonly Shape[] {
  const found: Shape[] = [];
  for (const value of valuesIn(set)) {
    if (rising && value < 0) continue;
    for (const unit of new Set(units)) {
      if (unit === 0) continue;
      const slope = value / unit;
      // A whole number is easier to read; for an exact goal it would miss.
      const whole = value > 0 === (set.high === Number.POSITIVE_INFINITY) ? Math.ceil(slope) : Math.floor(slope);
      for (const tried of isPoint(set) ? [slope] : [whole, slope]) found.push(line(tried, plan.positions));
    }
  }
  return distinct(found).slice(0, 2 * triedMax);
}

function scaledLevels(set: ValueSet, units: readonly number[]): readonly Shape[] {
  const scaled = valuesIn(set).flatMap((value) => units.map((unit) => value / unit));
  return distinct([...valuesIn(set), ...scaled].map((value) => level(value))).slice(0, 2 * triedMax);
}

/** Lines from some level that lead into a set. */
function predictions(set: ValueSet, measure: (shape: Shape) => readonly number[], plan: Plan): readonly Shape[] {
  const flat = measure({ ...line(0, 0), base: 0 });
  const units = measure({ ...line(1, 0), base: 0 }).map((value, index) => value - (flat[index] ?? 0));
  const found: Shape[] = [];
  for (const base of [plan.positions * 10, 100, 1_000, 1, 10, 0]) {
    for (const value of valuesIn(set)) {
      for (const unit of units) {
        const slope = (value - base) / unit;
        if (!Number.isFinite(slope)) continue;
        for (const tried of [value < base ? Math.floor(slope) : Math.ceil(slope), slope]) {
          found.push({ base, slope: tried, other: null, baseFixed: false, slopeFixed: true });
        }
      }
    }
  }
  return distinct(found).slice(0, 6 * triedMax);
}

function spreads(set: ValueSet, units: readonly number[], change: (value: number) => number): readonly Shape[] {
  // As with slopes, a whole number is tried first where the set has room above.
  const rounded = (height: number) => (set.high === Number.POSITIVE_INFINITY ? [Math.ceil(height), height] : [height]);
  const found = valuesIn(set).flatMap((value) => units.flatMap((unit) => rounded(change(value / unit))));
  const flat = contains(set, 0) ? [level(1, false)] : [];
  return [...flat, ...found.filter((height) => height > 0).map((height) => alternating(0, height))].slice(0, triedMax);
}

function distinct(shapes: readonly Shape[]): readonly Shape[] {
  return [...new Map(shapes.map((shape) => [`${shape.base} ${shape.slope}`, shape])).values()];
}
