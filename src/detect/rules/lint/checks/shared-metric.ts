import { type Selector, selectorsOf } from '../../../promql/ast.ts';
import type { KnownMetric } from '../exporter.ts';
import { inExpr, type LintWorld, type Remark, type RuleCheck } from '../rule-check.ts';

/** Two exporters call different things by one name: where both are scraped, the rule takes in the other's series as well. */
export const sharedMetric: RuleCheck = {
  id: 'shared-metric',
  run({ rule }, world) {
    const seen = new Set<string>();
    return selectorsOf(rule.expr).flatMap((selector) => {
      const said = seen.has(selector.metric ?? '') ? [] : judge(selector, world);
      if (said.length > 0) seen.add(selector.metric ?? '');
      return said;
    });
  },
};

function judge(selector: Selector, { exporters, exportersInUse }: LintWorld): readonly Remark[] {
  const known = exporters.selectedBy(selector);
  const own = known.map(({ form }) => form.labels);
  const ids = [...new Set(known.map(({ exporter }) => exporter.id))];
  const [one, other] = [known[0], known.find(({ exporter }) => exporter !== known[0]?.exporter)];
  if (one === undefined || other === undefined || !differ(own)) return [];
  if (selector.matchers.some(({ name, matches }) => (name === 'job' || name === 'instance') && !matches(''))) return [];
  const both = ids.every((id) => exportersInUse.has(id));
  const message = `${selector.metric} is exposed by ${title(one)} with ${labels(one)} and by ${title(other)} with ${labels(other)}: where both are scraped, this rule takes in the series of both`;
  return [
    {
      severity: both ? 'warning' : 'information',
      at: inExpr(selector),
      message,
      fix: `Select by a label that only one has: ${only(one, other)}`,
    },
  ];
}

function differ(lists: readonly (readonly string[])[]): boolean {
  return new Set(lists.map((list) => [...list].sort().join(','))).size > 1;
}

function title({ exporter }: KnownMetric): string {
  return exporter.title;
}

function labels({ form }: KnownMetric): string {
  return form.labels.length === 0 ? 'no labels' : form.labels.join(', ');
}

function only(one: KnownMetric, other: KnownMetric): string {
  const demands = (a: KnownMetric, b: KnownMetric) =>
    a.form.labels.filter((label) => !b.form.labels.includes(label)).map((label) => `{${label}!=""}`);
  return [...demands(one, other).slice(0, 1), ...demands(other, one).slice(0, 1)].join(' or ');
}
