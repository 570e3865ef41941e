import type { Selector } from '../../promql/ast.ts';
import type { Exporters } from './exporter.ts';
import type { Exposed } from './exposed.ts';

/** Whether a metric only grows, and who says so: as it stands in a sentence. */
export interface MetricKind {
  readonly kind: 'counter' | 'gauge';
  readonly says: string;
  /** Somebody declared it; else only the name suggests it. */
  readonly declared: boolean;
}

/** What is known of a selector's metric: what the exposition says, then what its exporters do, then its name. null: nothing. */
export function kindOf(selector: Selector, exporters: Exporters, exposed: Exposed | null): MetricKind | null {
  const { metric } = selector;
  if (metric === null) return null;
  const type = exposed?.typeOf(metric) ?? null;
  if (type !== null) return { kind: type, says: `# TYPE in ${exposed?.from ?? ''} says ${type}`, declared: true };
  const known = exporters.meantBy(selector);
  const kinds = new Set(known.map(({ form }) => form.type));
  const [first] = known;
  if (first !== undefined && (kinds.has('counter') || kinds.has('gauge'))) {
    const kind = first.form.type;
    return kinds.size === 1 && (kind === 'counter' || kind === 'gauge')
      ? { kind, says: `${first.exporter.title} has it as a ${kind}`, declared: true }
      : null;
  }
  return byName(metric);
}

/** Endings that the naming conventions give to counters, and units that no counter counts. */
function byName(metric: string): MetricKind | null {
  if (/_(total|bucket)$/.test(metric)) return { kind: 'counter', says: `its name ends in _${metric.split('_').at(-1)}`, declared: false };
  if (/_(ratio|celsius|percent|timestamp_seconds)$/.test(metric))
    return {
      kind: 'gauge',
      says: `its name ends in _${/_timestamp_seconds$/.test(metric) ? 'timestamp_seconds' : metric.split('_').at(-1)}`,
      declared: false,
    };
  return null;
}
