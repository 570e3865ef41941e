import { type Aggregate, type Selector, selectorsOf, walk } from '../../../promql/ast.ts';
import type { Exporters, KnownMetric } from '../exporter.ts';
import { inExpr, type LintWorld, type Remark, type RuleCheck } from '../rule-check.ts';

/** A matcher or a grouping on a label that belongs to another exporter, or to another version. */
export const unknownLabel: RuleCheck = {
  id: 'unknown-label',
  run({ rule }, world) {
    return [...walk(rule.expr)].flatMap((node) => {
      if (node.kind === 'selector') return demanded(node, world);
      return node.kind === 'aggregate' ? grouped(node, world) : [];
    });
  },
};

function demanded(selector: Selector, { exporters, recorded }: LintWorld): readonly Remark[] {
  const { metric, matchers } = selector;
  const known = exporters.meantBy(selector);
  if (metric === null || recorded.has(metric) || known.length === 0) return [];
  const foreign = exporters.labelsLike(metric);
  return matchers.flatMap(({ name, matches }) => {
    if (name === '__name__' || matches('') || has(known, name) || !foreign.includes(name)) return [];
    const message = `${metric} of ${titleOf(known, exporters)} has no label ${name}, so this selects nothing; it has ${ownLabels(known)}`;
    return [{ severity: 'bug' as const, at: inExpr(selector), message, fix: 'Match one of those' }];
  });
}

/** A label that none of the selectors inside can have makes one group of everything. */
function grouped(node: Aggregate, { exporters, recorded }: LintWorld): readonly Remark[] {
  if (node.without) return [];
  const selectors = selectorsOf(node.expr);
  const known = selectors.map((selector) => exporters.meantBy(selector));
  const makesLabels = [...walk(node.expr)].some((inner) => inner.kind === 'call' && /^(label_|info$)/.test(inner.name));
  if (makesLabels || known.some((forms) => forms.length === 0) || selectors.some(({ metric }) => recorded.has(metric ?? ''))) return [];
  const [first] = known;
  const metric = selectors[0]?.metric ?? '';
  if (first === undefined) return [];
  return node.grouping.flatMap((name) => {
    if (known.some((forms) => has(forms, name)) || !exporters.labelsLike(metric).includes(name)) return [];
    const message = `by (${node.grouping.join(', ')}) groups by ${name}, which ${metric} of ${titleOf(first, exporters)} does not have: everything falls into one group; it has ${ownLabels(first)}`;
    return [{ severity: 'warning' as const, at: inExpr(node), message, fix: 'Group by one of those' }];
  });
}

function has(known: readonly KnownMetric[], label: string): boolean {
  return known.some(({ form }) => form.labels.includes(label));
}

function titleOf([first]: readonly KnownMetric[], exporters: Exporters): string {
  return first === undefined ? '' : exporters.called(first.exporter);
}

function ownLabels(known: readonly KnownMetric[]): string {
  const labels = [...new Set(known.flatMap(({ form }) => form.labels))].join(', ');
  return labels === '' ? 'none of its own' : labels;
}
