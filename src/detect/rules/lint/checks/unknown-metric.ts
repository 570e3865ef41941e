import { similarWord } from '../../../../base/similar-word.ts';
import { selectorsOf } from '../../../promql/ast.ts';
import { type Exporter, type Exporters, isIn } from '../exporter.ts';
import { inExpr, type RuleCheck } from '../rule-check.ts';

/** A metric of Traefik or HAProxy that no exporter has, or not in the version that the rules are for. */
export const unknownMetric: RuleCheck = {
  id: 'unknown-metric',
  run({ rule }, { exporters, recorded }) {
    return selectorsOf(rule.expr).flatMap((selector) => {
      const { metric } = selector;
      if (metric === null || recorded.has(metric) || exporters.of(metric).length > 0) return [];
      const owners = exporters.owners(metric);
      const said = owners.length === 0 ? null : sayWhy(metric, owners, exporters);
      return said === null ? [] : [{ severity: 'bug' as const, at: inExpr(selector), ...said }];
    });
  },
};

function sayWhy(metric: string, owners: readonly Exporter[], exporters: Exporters): { readonly message: string; readonly fix: string } {
  const like = similarWord(metric, [...new Set(owners.flatMap(({ metrics }) => [...metrics.keys()]))]);
  const fix = like === null ? 'Take a metric that is exposed; catalog/exporters lists them' : `Did you mean ${like}?`;
  const elsewhere = exporters.anywhere(metric);
  const [first] = elsewhere;
  if (first === undefined) return { message: `no version of ${titles(owners)} exposes ${metric}`, fix };
  const named = exporters.named.find(({ exporter }) => owners.includes(exporter));
  const version = named?.version ?? null;
  const same = elsewhere.find(({ exporter }) => exporter === named?.exporter);
  if (version !== null && same !== undefined && !isIn(same.form, version)) {
    const since = same.form.since === null ? '' : `, it is there from ${same.form.since} on`;
    const until = same.form.until === null ? '' : `, it was there until ${same.form.until}`;
    return { message: `${same.exporter.title} ${version} does not expose ${metric}${since}${until}`, fix };
  }
  return { message: `${titles(owners)} does not expose ${metric}: ${first.exporter.title} does`, fix };
}

function titles(exporters: readonly Exporter[]): string {
  const names = exporters.map(({ title }) => title);
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
