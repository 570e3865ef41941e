import { type Labels, withLabels } from '../../model/labels.ts';
import type { Annotations } from './annotations.ts';
import type { Aggregate } from './ast.ts';
import { EvaluationError } from './evaluation-error.ts';
import { formatFixed } from './go-float.ts';
import { quote } from './go-string.ts';
import { groupingOf, groupingsOf } from './grouping.ts';
import { labelsHash } from './labels-hash.ts';
import { formatNativeHistogram } from './native-text.ts';
import type { Vector, VectorSample } from './value.ts';

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

/**
 * Aggregates a vector by an aggregator that has to see all of it: every one that is no {@link Reduction}. `parameter` is the number or
 * string before the vector. Throws `EvaluationError` for an aggregator that does not exist.
 */
export function aggregate(node: Aggregate, vector: Vector, parameter: number | string, annotations: Annotations): Vector {
  if (node.op === 'count_values') return countValues(node, vector, String(parameter));
  const number = typeof parameter === 'number' ? parameter : Number.NaN;
  if (node.op === 'topk' || node.op === 'bottomk' || node.op === 'limitk') return choose(node, vector, number, annotations);
  if (node.op === 'limit_ratio') return limitRatio(vector, number);
  throw new EvaluationError(`unknown aggregation ${quote(node.op)}`);
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
  const counts = new Map<string, { labels: Labels; value: number; histogram: null; dropName: false }>();
  for (const { labels, value, histogram } of vector) {
    const text = histogram === null ? formatFixed(value) : formatNativeHistogram(histogram);
    const group = groupingOf({ without: node.without, grouping }, withLabels(labels, { [label]: text }));
    const existing = counts.get(group.key);
    // A name that was dropped before comes back where it is grouped by, as upstream.
    if (existing === undefined) counts.set(group.key, { labels: group.labels, value: 1, histogram: null, dropName: false });
    else existing.value++;
  }
  return [...counts.values()];
}
