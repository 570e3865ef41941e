import type { Labels } from '../../../model/labels.ts';
import type { Matching } from '../../promql/ast.ts';
import { allValues, type ValueSet } from './value-set.ts';

/** Which labels a sample must have. null: any value; empty: the label must not be there. */
export interface LabelDemand {
  readonly known: ReadonlyMap<string, string | null>;
  /** The labels that are not listed. */
  readonly others: 'any' | 'none';
}

/** What an expression is asked for: a sample in a set, with certain labels, seen from some time ago. */
export interface Demand {
  readonly set: ValueSet;
  readonly labels: LabelDemand;
  /** How long before the rule's evaluation the expression is evaluated, inside of subqueries. */
  readonly agoMs: number;
}

export const anyLabel: LabelDemand = { known: new Map(), others: 'any' };
export const anything: Demand = { set: allValues, labels: anyLabel, agoMs: 0 };

/** What is asked of one label; null: nothing. */
export function needOf({ known, others }: LabelDemand, name: string): string | null {
  const need = known.get(name);
  return need === undefined ? (others === 'any' ? null : '') : need;
}

/** Whether labels are as asked; the metric name is no matter here. */
export function meets({ known, others }: LabelDemand, labels: Labels): boolean {
  for (const [name, value] of known) if (value !== null && name !== '__name__' && (labels[name] ?? '') !== value) return false;
  return others === 'any' || Object.keys(labels).every((name) => name === '__name__' || known.has(name));
}

export function withNeeds(demand: LabelDemand, needs: Iterable<readonly [string, string | null]>): LabelDemand {
  return { known: new Map([...demand.known, ...needs]), others: demand.others };
}

/** Both demands at once; null when they contradict each other. */
export function both(a: LabelDemand, b: LabelDemand): LabelDemand | null {
  const known = new Map<string, string | null>();
  for (const name of new Set([...a.known.keys(), ...b.known.keys()])) {
    const [one, other] = [needOf(a, name), needOf(b, name)];
    if (one !== null && other !== null && one !== other) return null;
    known.set(name, one ?? other);
  }
  return { known, others: a.others === 'none' || b.others === 'none' ? 'none' : 'any' };
}

/** The demand on the input of `by (names)` or `without (names)`; null when it cannot be met. */
export function throughGrouping(demand: LabelDemand, without: boolean, names: readonly string[]): LabelDemand | null {
  if (without) {
    if (names.some((name) => (needOf(demand, name) ?? '') !== '')) return null;
    return withNeeds(
      demand,
      names.map((name) => [name, null]),
    );
  }
  for (const [name, value] of demand.known) if ((value ?? '') !== '' && !names.includes(name)) return null;
  return { known: new Map(names.map((name) => [name, needOf(demand, name)])), others: 'any' };
}

/** The labels that decide whether two samples match, as demanded of one of them. */
export function matchedLabels(matching: Matching, labels: LabelDemand): LabelDemand {
  if (matching.on) return { known: new Map(matching.labels.map((name) => [name, needOf(labels, name)])), others: 'any' };
  const free = matching.labels.map((name): [string, null] => [name, null]);
  return withNeeds(labels, [...free, ['__name__', null]]);
}

/** Exactly the labels of a sample. */
export function labelsLike(labels: Labels): LabelDemand {
  return { known: new Map(Object.entries(labels)), others: 'none' };
}

/** What a demand on the result of a match asks of one side. */
export function throughMatching(matching: Matching, side: 'left' | 'right', demand: LabelDemand): LabelDemand {
  const grouped = matching.cardinality === 'many-to-one' || matching.cardinality === 'one-to-many';
  const isMany = grouped && (matching.cardinality === 'many-to-one') === (side === 'left');
  const name: [string, null] = ['__name__', null];
  if (!grouped) return matchedLabels(matching, demand);
  if (isMany) return withNeeds(demand, [...matching.include.map((label): [string, null] => [label, null]), name]);
  const included = matching.include.map((label): [string, string | null] => [label, needOf(demand, label)]);
  if (matching.on) return withNeeds(matchedLabels(matching, demand), included);
  return { known: new Map([...matching.labels.map((label): [string, null] => [label, null]), ...included, name]), others: 'any' };
}
