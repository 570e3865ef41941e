import type { Labels } from '../../../model/labels.ts';
import type { Exposition } from '../../scrape/exposition.ts';
import type { LabelMatcher } from '../../series/queryable.ts';

/** What one or more targets exposed at one moment: what selectors can be held against. */
export class Exposed {
  /** Where it is from, as it stands in a sentence. */
  readonly from: string;
  readonly #series = new Map<string, Labels[]>();
  readonly #types = new Map<string, 'counter' | 'gauge'>();
  readonly #families = new Set<string>();

  constructor(from: string, expositions: readonly Exposition[]) {
    this.from = from;
    for (const { series, metadata } of expositions) {
      for (const { labels } of series) {
        const name = labels['__name__'] ?? '';
        const known = this.#series.get(name);
        if (known === undefined) this.#series.set(name, [labels]);
        else known.push(labels);
        this.#families.add(familyOf(name));
      }
      for (const [name, { type }] of metadata) {
        if (type === 'counter' || type === 'gauge') this.#types.set(name, type);
        else if (type === 'histogram' || type === 'summary')
          for (const part of ['_bucket', '_count', '_sum']) this.#types.set(name + part, 'counter');
      }
    }
  }

  typeOf(metric: string): 'counter' | 'gauge' | null {
    return this.#types.get(metric) ?? null;
  }

  /** Whether metrics with the same first word were exposed: only then does it mean something that one was not. */
  knowsFamilyOf(metric: string): boolean {
    return this.#families.has(familyOf(metric));
  }

  metrics(): readonly string[] {
    return [...this.#series.keys()];
  }

  /** The series of a metric that satisfy matchers on labels which the target itself sets. */
  select(metric: string, matchers: readonly LabelMatcher[]): readonly Labels[] {
    return (this.#series.get(metric) ?? []).filter((labels) => matchers.every(({ name, matches }) => matches(labels[name] ?? '')));
  }

  /** The labels that series of a metric have, and the values of one of them. */
  labelsOf(metric: string): readonly string[] {
    const names = new Set((this.#series.get(metric) ?? []).flatMap((labels) => Object.keys(labels)));
    names.delete('__name__');
    return [...names].sort();
  }

  valuesOf(metric: string, label: string): readonly string[] {
    const values = (this.#series.get(metric) ?? []).map((labels) => labels[label] ?? '');
    return [...new Set(values)].filter((value) => value !== '').sort();
  }
}

/** `haproxy` of `haproxy_backend_status`: exporters name their metrics by it. Metrics of the process itself are everybody's. */
function familyOf(metric: string): string {
  return metric.split(/[_:]/, 1)[0] ?? metric;
}
