import type { Exposition } from '../../scrape/exposition.ts';
import { type Exporter, Exporters, isIn } from './exporter.ts';

/** Where an exposition of an exporter's version is not what is known of it: one sentence for each metric, label and value. */
export function contradictions(exporter: Exporter, version: string, { series, metadata }: Exposition): readonly string[] {
  const known = new Exporters([exporter], [{ exporter, version }]);
  const found = new Set<string>();
  const isOurs = (metric: string) => exporter.prefixes.some((prefix) => metric.startsWith(prefix));
  for (const [metric, { type }] of metadata) {
    const forms = (exporter.metrics.get(metric) ?? []).filter((form) => isIn(form, version));
    if (isOurs(metric) && !forms.some((form) => form.type === type))
      found.add(`${metric} is a ${type}, known is ${forms.map((form) => form.type).join() || 'nothing'}`);
  }
  for (const { labels } of series) {
    const { __name__: metric = '', ...own } = labels;
    const forms = known.of(metric).map(({ form }) => form);
    for (const [label, value] of isOurs(metric) ? Object.entries(own) : []) {
      if (!forms.some((form) => form.labels.includes(label))) found.add(`${metric} has label ${label}, which is not known`);
      else if (!forms.some((form) => form.values.get(label)?.includes(value) ?? true))
        found.add(`${metric} has ${label}=${value}, which is not known`);
    }
  }
  return [...found];
}
