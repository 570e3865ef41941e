import { rememberedFor } from '../../base/remembered.ts';
import { type Labels, labelsKey, labelsOf } from '../../model/labels.ts';
import type { Aggregate } from './ast.ts';
import { LabelCache } from './label-cache.ts';

/** What an aggregation keeps of a label set. */
export interface Grouping {
  readonly key: string;
  readonly labels: Labels;
}

type Grouped = Pick<Aggregate, 'without' | 'grouping'>;

/** Puts label sets into the groups of an aggregation; remembered, for the same series come at each evaluation. */
export const groupingsOf = rememberedFor((node: Aggregate): ((labels: Labels) => Grouping) => {
  if (!node.without) return groupingsBy(node.grouping);
  const cache = new LabelCache((labels: Labels) => groupingOf(node, labels));
  return (labels) => cache.get(labels);
});

/** `by`: of many series few groups, so that their values are read and what is left of the labels is made once for each group. */
function groupingsBy(grouping: readonly string[]): (labels: Labels) => Grouping {
  const known = new Map<string, Grouping>();
  const find = (labels: Labels): Grouping => {
    const values = valuesKey(grouping, labels);
    const found = known.get(values);
    if (found !== undefined) return found;
    if (known.size >= groupingsMax) known.clear();
    const made = groupingOf({ without: false, grouping }, labels);
    known.set(values, made);
    return made;
  };
  let last: { readonly labels: Labels; readonly grouping: Grouping } | null = null;
  return (labels) => {
    // Series of one group mostly come one after the other.
    if (last === null || !isSameGroup(grouping, labels, last.labels)) last = { labels, grouping: find(labels) };
    return last.grouping;
  };
}

function isSameGroup(names: readonly string[], labels: Labels, others: Labels): boolean {
  for (const name of names) if (labels[name] !== others[name]) return false;
  return true;
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

/** The labels that are left of a label set. */
export function groupingOf({ without, grouping }: Grouped, labels: Labels): Grouping {
  const kept = without
    ? Object.entries(labels).filter(([name]) => name !== '__name__' && !grouping.includes(name))
    : grouping.map((name) => [name, labels[name] ?? ''] as const);
  const result = labelsOf(kept);
  return { key: labelsKey(result), labels: result };
}
