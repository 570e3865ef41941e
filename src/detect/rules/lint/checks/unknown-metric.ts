import { similarWord } from '../../../../base/similar-word.ts';
import { type Selector, selectorsOf } from '../../../promql/ast.ts';
import { type Exporter, type Exporters, isIn } from '../exporter.ts';
import { inExpr, type Remark, type RuleCheck } from '../rule-check.ts';

/** A metric of Traefik or HAProxy that no exporter has, or not in the version that the rules are for. */
export const unknownMetric: RuleCheck = {
  id: 'unknown-metric',
  run({ rule }, { exporters, recorded }) {
    return selectorsOf(rule.expr).flatMap((selector) => {
      const { metric } = selector;
      if (metric === null || recorded.has(metric) || exporters.of(metric).length > 0) return [];
      const owners = exporters.owners(metric);
      return owners.length === 0 ? [] : [remark(selector, metric, owners, exporters)];
    });
  },
};

/** What nobody knows may be of a program that we do not: only what is known elsewhere, or was looked for in a named exporter, is surely wrong. */
function remark(at: Selector, metric: string, owners: readonly Exporter[], exporters: Exporters): Remark {
  const isNamed = exporters.named.some(({ exporter }) => owners.includes(exporter));
  const severity = isNamed || exporters.anywhere(metric).length > 0 ? 'bug' : 'warning';
  const like = similarWord(metric, [...new Set(owners.flatMap(({ metrics }) => [...metrics.keys()]))]);
  const fix = like === null ? 'Take a metric that is exposed; catalog/exporters lists them' : `Did you mean ${like}?`;
  return { severity, at: inExpr(at), message: whyNot(metric, owners, exporters), fix };
}

function whyNot(metric: string, owners: readonly Exporter[], exporters: Exporters): string {
  const elsewhere = exporters.anywhere(metric);
  const [first] = elsewhere;
  if (first === undefined) return `no version of ${titles(owners)} exposes ${metric}`;
  const named = exporters.named.find(({ exporter }) => owners.includes(exporter));
  const version = named?.version ?? null;
  const same = elsewhere.find(({ exporter }) => exporter === named?.exporter);
  if (version === null || same === undefined || isIn(same.form, version))
    return `${titles(owners)} does not expose ${metric}: ${first.exporter.title} does`;
  const since = same.form.since === null ? '' : `, it is there from ${same.form.since} on`;
  const until = same.form.until === null ? '' : `, it was there until ${same.form.until}`;
  return `${same.exporter.title} ${version} does not expose ${metric}${since}${until}`;
}

function titles(exporters: readonly Exporter[]): string {
  const names = exporters.map(({ title }) => title);
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
