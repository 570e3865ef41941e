import { type Labels, labelsKey, labelsOf, withLabels } from '../../model/labels.ts';
import type { NativeHistogram } from '../series/native-histogram.ts';
import type { Annotations } from './annotations.ts';
import type { Aggregate } from './ast.ts';
import { EvaluationError } from './evaluation-error.ts';
import { formatFixed } from './go-float.ts';
import { quote } from './go-string.ts';
import { meanOf, RunningVariance, sumOf } from './kahan.ts';
import { LabelCache, rememberedFor } from './label-cache.ts';
import { labelsHash } from './labels-hash.ts';
import { meanOfHistograms, sumOfHistograms } from './native-arithmetic.ts';
import { formatNativeHistogram } from './native-text.ts';
import { quantileOf } from './quantile.ts';
import type { Vector, VectorSample } from './value.ts';

interface Grouping {
  readonly key: string;
  readonly labels: Labels;
}

type Grouped = Pick<Aggregate, 'without' | 'grouping'>;

const groupingsOf = rememberedFor((node: Aggregate): ((labels: Labels) => Grouping) => {
  if (!node.without) return groupingsBy(node.grouping);
  const cache = new LabelCache((labels: Labels) => groupingOf(node, labels));
  return (labels) => cache.get(labels);
});

/** `by`: of many series few groups, so that their values are read and what is left of the labels is made once for each group. */
function groupingsBy(grouping: readonly string[]): (labels: Labels) => Grouping {
  const known = new Map<string, Grouping>();
  return (labels) => {
    const values = valuesKey(grouping, labels);
    const found = known.get(values);
    if (found !== undefined) return found;
    if (known.size >= groupingsMax) known.clear();
    const made = groupingOf({ without: false, grouping }, labels);
    known.set(values, made);
    return made;
  };
}

/** Labels come and go with the series; what is remembered must not grow for ever. */
const groupingsMax = 100_000;

/** Different for different values, whatever characters they have. */
function valuesKey(names: readonly string[], labels: Labels): string {
  if (names.length === 1) return labels[names[0] ?? ''] ?? '';
  let key = '';
  for (const name of names) {
    const value = labels[name] ?? '';
    key += `${value.length}:${value}`;
  }
  return key;
}

function groupingOf({ without, grouping }: Grouped, labels: Labels): Grouping {
  const kept = Object.entries(labels).filter(([name]) =>
    without ? name !== '__name__' && !grouping.includes(name) : grouping.includes(name),
  );
  const result = labelsOf(kept);
  return { key: labelsKey(result), labels: result };
}

interface Group {
  readonly labels: Labels;
  readonly members: VectorSample[];
}

/** Puts a vector into groups, in order of first appearance. */
function groups(node: Aggregate, vector: Vector): Group[] {
  const groupingFor = groupingsOf(node);
  const byKey = new Map<string, Group>();
  for (const sample of vector) {
    const { key, labels } = groupingFor(sample.labels);
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, { labels, members: [sample] });
    else group.members.push(sample);
  }
  return [...byKey.values()];
}

/** An aggregation that makes one value of each group. */
type Reducer = (members: readonly VectorSample[], parameter: number) => number;

const reducers: Readonly<Record<string, Reducer>> = {
  sum: (members) => sumOf(valuesOf(members)),
  avg: (members) => meanOf(valuesOf(members)),
  count: (members) => members.length,
  group: () => 1,
  min: (members) => extreme(members, (value, best) => value < best),
  max: (members) => extreme(members, (value, best) => value > best),
  stddev: (members) => Math.sqrt(variance(members)),
  stdvar: variance,
  quantile: (members, q) => quantileOf(q, valuesOf(members)),
};

function valuesOf(members: readonly VectorSample[]): number[] {
  return members.map(({ value }) => value);
}

function variance(members: readonly VectorSample[]): number {
  const running = new RunningVariance();
  for (const { value } of members) running.add(value);
  return running.variance;
}

function extreme(members: readonly VectorSample[], better: (value: number, best: number) => boolean): number {
  let best = Number.NaN;
  for (const { value } of members) if (better(value, best) || Number.isNaN(best)) best = value;
  return best;
}

/**
 * Aggregates a vector. `parameter` is the number or string before the vector, where the aggregator has one.
 * Throws `EvaluationError` for a parameter without meaning.
 */
export function aggregate(node: Aggregate, vector: Vector, parameter: number | string, annotations: Annotations): Vector {
  if (node.op === 'count_values') return countValues(node, vector, String(parameter));
  const number = typeof parameter === 'number' ? parameter : Number.NaN;
  if (node.op === 'topk' || node.op === 'bottomk' || node.op === 'limitk') return choose(node, vector, number, annotations);
  if (node.op === 'limit_ratio') return limitRatio(vector, number);
  const reduce = reducers[node.op];
  if (reduce === undefined) throw new EvaluationError(`unknown aggregation ${quote(node.op)}`);
  if (vector.some(({ histogram }) => histogram !== null)) return reduceWithHistograms(node, vector, number, annotations);
  return groups(node, vector).map(({ labels, members }) => ({
    labels,
    value: reduce(members, number),
    histogram: null,
    dropName: members.some(({ dropName }) => dropName),
  }));
}

/** What a vector with native histograms in it comes to: sum and avg put them together, count and group count them, others ignore them. */
function reduceWithHistograms(node: Aggregate, vector: Vector, parameter: number, annotations: Annotations): Vector {
  const { op } = node;
  const reduce = reducers[op];
  const result: VectorSample[] = [];
  for (const { labels, members } of groups(node, vector)) {
    const dropName = members.some((member) => member.dropName);
    const histograms = members.flatMap(({ histogram }) => histogram ?? []);
    if (histograms.length > 0 && (op === 'sum' || op === 'avg')) {
      const histogram = combinedOf(node, members, histograms, annotations);
      if (histogram !== null) result.push({ labels, value: Number.NaN, histogram, dropName });
      continue;
    }
    const eligible = op === 'count' || op === 'group' ? members : members.filter(({ histogram }) => histogram === null);
    if (eligible.length < members.length) annotations.ignoredInAggregation(op, node.expr);
    if (eligible.length > 0 && reduce !== undefined) result.push({ labels, value: reduce(eligible, parameter), histogram: null, dropName });
  }
  return result;
}

/** Sum or mean of a group's histograms; null when they cannot be put together. */
function combinedOf(
  { op, expr }: Aggregate,
  members: readonly VectorSample[],
  histograms: readonly NativeHistogram[],
  annotations: Annotations,
): NativeHistogram | null {
  if (histograms.length < members.length) {
    annotations.mixedSamplesInAggregation(expr);
    return null;
  }
  const combined = op === 'sum' ? sumOfHistograms(histograms) : meanOfHistograms(histograms);
  if (combined === null) annotations.mixedBuckets(members[0]?.labels['__name__'] ?? '', expr);
  else annotations.combined(combined, 'aggregation', expr);
  return combined?.histogram ?? null;
}

/** topk, bottomk and limitk: some members of each group as they are, best first. */
function choose(node: Aggregate, vector: Vector, wanted: number, annotations: Annotations): Vector {
  const limit = Math.trunc(wanted);
  if (limit < 1) return [];
  const eligible = node.op === 'limitk' ? vector : vector.filter(({ histogram }) => histogram === null);
  if (eligible.length < vector.length) annotations.ignoredInAggregation(node.op, node);
  return groups(node, eligible).flatMap(({ members }) => ranked(node.op, members).slice(0, limit));
}

function ranked(op: string, members: readonly VectorSample[]): readonly VectorSample[] {
  if (op === 'limitk') return members;
  const direction = op === 'topk' ? -1 : 1;
  return [...members].sort((a, b) => {
    if (Number.isNaN(a.value) || Number.isNaN(b.value)) return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
    return a.value === b.value ? 0 : a.value < b.value ? -direction : direction;
  });
}

/** A share of all series, chosen by their labels, so that `limit_ratio(r)` and `limit_ratio(r - 1)` are complements. */
function limitRatio(vector: Vector, wanted: number): Vector {
  const ratio = Math.max(-1, Math.min(1, wanted));
  return vector.filter(({ labels }) => {
    const share = Number(labelsHash(labels)) / 2 ** 64;
    return ratio >= 0 ? share < ratio : share >= 1 + ratio;
  });
}

/** How often each value occurs. The label is set before the groups are made: `without` takes it away again where it names it. */
function countValues(node: Aggregate, vector: Vector, label: string): Vector {
  const grouping = node.without ? node.grouping : [...node.grouping, label];
  const counts = new Map<string, { labels: Labels; value: number; histogram: null; dropName: boolean }>();
  for (const { labels, value, histogram, dropName } of vector) {
    const text = histogram === null ? formatFixed(value) : formatNativeHistogram(histogram);
    const group = groupingOf({ without: node.without, grouping }, withLabels(labels, { [label]: text }));
    const existing = counts.get(group.key);
    if (existing === undefined) counts.set(group.key, { labels: group.labels, value: 1, histogram: null, dropName });
    else existing.value++;
  }
  return [...counts.values()];
}
