import type { MetricType } from '../../../model/sample.ts';
import type { Selector } from '../../promql/ast.ts';

/** One form of a metric in some versions of an exporter. */
export interface MetricForm {
  readonly type: MetricType;
  /** The exporter's own labels; those of the target come on top. */
  readonly labels: readonly string[];
  /** All values that a label can have, where they are a closed list. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** First and last version, both included; null: not known, or no limit. */
  readonly since: string | null;
  readonly until: string | null;
  /** The greatest value since the process began: it never falls. */
  readonly highWater: boolean;
  /** A single check or scrape turns it over. */
  readonly flaps: boolean;
  /** Only there, or only meaningful, where a health check is configured. */
  readonly needsHealthCheck: boolean;
  /** Says 1 for ever where no health check is configured. */
  readonly constantWithoutHealthCheck: boolean;
  /** Exposed, but nothing ever changes it. */
  readonly neverMoves: boolean;
  /** What it does not say although its name does, and what to ask instead; null: nothing known. */
  readonly caution: { readonly text: string; readonly instead: string } | null;
}

/** What an exporter exposes. Data: `catalog/exporters`. */
export interface Exporter {
  readonly id: string;
  /** As it stands in a sentence. */
  readonly title: string;
  /** How its metrics begin. */
  readonly prefixes: readonly string[];
  /** Oldest first. */
  readonly versions: readonly string[];
  /** A value of the key is unique only within one value of what it points to: a server within its backend. */
  readonly within: ReadonlyMap<string, string>;
  /** Labels that divide one object's count (code, method) and name no object. */
  readonly parts: readonly string[];
  readonly metrics: ReadonlyMap<string, readonly MetricForm[]>;
}

/** A metric as one exporter has it. */
export interface KnownMetric {
  readonly exporter: Exporter;
  readonly form: MetricForm;
}

/** An exporter, and perhaps a version of it, that the rules are said to be for. */
export interface NamedExporter {
  readonly exporter: Exporter;
  readonly version: string | null;
}

/** What is known of all exporters together. */
export class Exporters {
  readonly all: readonly Exporter[];
  readonly named: readonly NamedExporter[];
  readonly #labels = new Map<Exporter, readonly string[]>();

  constructor(all: readonly Exporter[], named: readonly NamedExporter[] = []) {
    this.all = all;
    this.named = named;
  }

  /** Every form of a metric in every exporter and version. `…_bucket` of a histogram is known, too. */
  anywhere(metric: string): readonly KnownMetric[] {
    return this.all.flatMap((exporter) => formsOf(exporter, metric).map((form) => ({ exporter, form })));
  }

  /** As {@link anywhere}, in the named exporters and versions where there are any that have such metrics. */
  of(metric: string): readonly KnownMetric[] {
    const meant = this.named.filter(({ exporter }) => owns(exporter, metric));
    if (meant.length === 0) return this.anywhere(metric);
    return meant.flatMap(({ exporter, version }) =>
      formsOf(exporter, metric)
        .filter((form) => version === null || isIn(form, version))
        .map((form) => ({ exporter, form })),
    );
  }

  /** The forms that a selector is for: one that demands proxy is not for an exporter that has none. All of them when none fits. */
  meantBy(selector: Selector): readonly KnownMetric[] {
    return selector.metric === null ? [] : fitting(selector, this.of(selector.metric));
  }

  /** The forms that a selector takes in wherever they are scraped, whatever exporter is named. */
  selectedBy(selector: Selector): readonly KnownMetric[] {
    return selector.metric === null ? [] : fitting(selector, this.anywhere(selector.metric));
  }

  /** The exporters whose metrics begin like this one, named ones if there are any. */
  owners(metric: string): readonly Exporter[] {
    const meant = this.named.map(({ exporter }) => exporter).filter((exporter) => owns(exporter, metric));
    return meant.length > 0 ? meant : this.all.filter((exporter) => owns(exporter, metric));
  }

  /** Labels that some exporter with metrics like this one has, without those that service discovery likes to put on a target. */
  labelsLike(metric: string): readonly string[] {
    const labels = this.all.filter((exporter) => owns(exporter, metric)).flatMap((exporter) => this.#labelsOf(exporter));
    return [...new Set(labels)].filter((label) => !targetLabels.has(label));
  }

  #labelsOf(exporter: Exporter): readonly string[] {
    const known = this.#labels.get(exporter);
    if (known !== undefined) return known;
    const made = [...new Set([...exporter.metrics.values()].flatMap((forms) => forms.flatMap((form) => form.labels)))];
    this.#labels.set(exporter, made);
    return made;
  }

  /** An exporter in a sentence, with its version when one is named. */
  called(exporter: Exporter): string {
    const version = this.named.find((named) => named.exporter === exporter)?.version ?? null;
    return version === null ? exporter.title : `${exporter.title} ${version}`;
  }
}

/** What Kubernetes' and other discoveries name targets by: a series may have these whatever its exporter says. */
const targetLabels: ReadonlySet<string> = new Set(['service', 'name', 'node', 'type', 'version', 'desc', 'branch', 'revision', 'cn']);

function fitting({ matchers }: Selector, known: readonly KnownMetric[]): readonly KnownMetric[] {
  const own = matchers.filter(({ name }) => known.some(({ form }) => form.labels.includes(name)));
  const fits = known.filter(({ form }) =>
    own.every(({ name, matches }) => (form.labels.includes(name) ? !isEmptyOnly(matches, form, name) : matches(''))),
  );
  return fits.length === 0 ? known : fits;
}

/** Whether a matcher asks for the empty value alone, which a label of the exporter never has. */
function isEmptyOnly(matches: (value: string) => boolean, { values }: MetricForm, label: string): boolean {
  return matches('') && ![...(values.get(label) ?? ['x'])].some(matches);
}

function owns({ prefixes }: Exporter, metric: string): boolean {
  return prefixes.some((prefix) => metric.startsWith(prefix));
}

const histogramParts = ['_bucket', '_count', '_sum'];

function formsOf({ metrics }: Exporter, metric: string): readonly MetricForm[] {
  const own = metrics.get(metric);
  if (own !== undefined) return own;
  const part = histogramParts.find((ending) => metric.endsWith(ending));
  if (part === undefined) return [];
  const whole = metrics.get(metric.slice(0, -part.length)) ?? [];
  const labels = part === '_bucket' ? ['le'] : [];
  return whole
    .filter(({ type }) => type === 'histogram')
    .map((form) => ({ ...form, type: 'counter' as const, labels: [...form.labels, ...labels] }));
}

/** Whether a version has a form of a metric; what is not known counts as having it. */
export function isIn({ since, until }: MetricForm, version: string): boolean {
  return (since === null || compareVersions(since, version) <= 0) && (until === null || compareVersions(version, until) <= 0);
}

/** `2.10` is later than `2.9`; what one of them leaves open is equal: `2.6.12` is `2.6`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')];
  for (let part = 0; part < Math.min(left.length, right.length); part += 1) {
    const difference = Number(left[part]) - Number(right[part]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * The exporter that a text names: an id (`haproxy-exporter`), or the program when a version tells which (`traefik@3.6`). A text that
 * names none or several is answered with a sentence.
 */
export function nameExporter(all: readonly Exporter[], text: string): NamedExporter | string {
  const [name = '', version = null] = text.split('@');
  const exact = all.filter(({ id }) => id === name);
  const candidates = exact.length > 0 ? exact : all.filter(({ id }) => id.startsWith(`${name}-`));
  const fitting =
    version === null ? candidates : candidates.filter(({ versions }) => versions.some((own) => compareVersions(own, version) === 0));
  const [exporter] = fitting;
  if (exporter !== undefined && fitting.length === 1) return { exporter, version };
  const choices = (candidates.length > 0 ? candidates : all).map(({ id, versions }) => `${id}@${versions[0]} to ${versions.at(-1)}`);
  return `exporter ${JSON.stringify(text)} ${fitting.length > 1 ? 'may be several' : 'is not known'}: there is ${choices.join(', ')}`;
}
