import { type Aggregate, selectorsOf, walk } from '../../../promql/ast.ts';
import type { KnownMetric } from '../exporter.ts';
import { type LabelFlow, lossOf } from '../label-flow.ts';
import { inExpr, type LintWorld, type Remark, type RuleCheck } from '../rule-check.ts';

const choosing: ReadonlySet<string> = new Set(['topk', 'bottomk', 'limitk', 'limit_ratio']);

/** An aggregation that keeps a name and drops what the name is unique in: servers called s1 of all backends become one. */
export const mergedObjects: RuleCheck = {
  id: 'merged-objects',
  run({ rule, flow }, world) {
    const aggregates = [...walk(rule.expr)].filter((node) => node.kind === 'aggregate' && !choosing.has(node.op));
    // The two sides of a ratio are grouped alike: one finding says it.
    return aggregates.flatMap((node) => (node.kind === 'aggregate' ? judge(node, flow, world) : [])).slice(0, 1);
  },
};

function judge(node: Aggregate, flow: LabelFlow, { exporters }: LintWorld): readonly Remark[] {
  const keeps = (label: string) => node.grouping.includes(label) !== node.without;
  for (const selector of selectorsOf(node.expr)) {
    for (const [name, parents] of nesting(exporters.meantBy(selector))) {
      if (!keeps(name) || parents.some(keeps) || parents.some((parent) => isFixed(selector.matchers, parent))) continue;
      if (flow.of(node.expr).every((branch) => parents.every((parent) => lossOf(branch, parent) !== null))) continue;
      return [remark(node, name, parents)];
    }
  }
  return [];
}

/** Labels whose values are unique within another's only, each with that other of every exporter that may be meant. */
function nesting(known: readonly KnownMetric[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { exporter, form } of known) {
    for (const [name, parent] of exporter.within) {
      if (!form.labels.includes(name) || !form.labels.includes(parent)) continue;
      const parents = found.get(name) ?? [];
      if (!parents.includes(parent)) found.set(name, [...parents, parent]);
    }
  }
  return found;
}

function remark(node: Aggregate, name: string, parents: readonly string[]): Remark {
  const list = `${node.without ? 'without' : 'by'} (${node.grouping.join(', ')})`;
  const dropped = parents.join(' or ');
  const message = `${list} keeps ${name} but no ${dropped}: a ${name} of the same name in another ${dropped} is thrown in with it, so that a healthy one hides a broken one`;
  const lists = parents.map((parent) => `by (${[parent, ...node.grouping].join(', ')})`);
  const fix = node.without ? `Leave ${dropped} out of the list` : `Write ${lists.join(', or with the other exporter ')}`;
  return { severity: 'bug', at: inExpr(node), message, fix };
}

/** A selector for one parent only merges nothing. */
function isFixed(matchers: readonly { readonly name: string; readonly op: string; readonly value: string }[], label: string): boolean {
  return matchers.some(({ name, op, value }) => name === label && op === '=' && value !== '');
}
