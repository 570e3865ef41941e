/**
 * A label set. Always made by {@link labelsOf}: keys sorted, no prototype (a label may be called
 * `__proto__`), no empty values (Prometheus treats an empty label as absent).
 */
export type Labels = Readonly<Record<string, string>>;

/**
 * Objects without inherited members. A class and not `Object.create(null)`, which makes hash tables: those take several times the
 * memory, and there is one label set for each series.
 */
class LabelSet {
  [name: string]: string;
  /** Its {@link labelsKey} once somebody asked, for the same sets are looked up again and again; null: nobody did. */
  #key: string | null = null;

  static {
    Object.setPrototypeOf(LabelSet.prototype, null);
    Reflect.deleteProperty(LabelSet.prototype, 'constructor');
  }

  static keyOf(labels: Labels): string {
    if (!(#key in labels)) return keyText(labels);
    labels.#key ??= keyText(labels);
    return labels.#key;
  }
}

/** Builds a label set from pairs in any order; a later pair wins, an empty value removes the label. */
export function labelsOf(pairs: Iterable<readonly [string, string]>): Labels {
  const byName = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (value === '') byName.delete(name);
    else byName.set(name, value);
  }
  const names = [...byName.keys()];
  if (names.length > 1) names.sort(byCodeUnit);
  const labels: Record<string, string> = new LabelSet();
  for (const name of names) labels[name] = byName.get(name) as string;
  return labels;
}

/** The same label set with some labels replaced (empty value: removed). */
export function withLabels(labels: Labels, changes: Readonly<Record<string, string>>): Labels {
  return labelsOf([...Object.entries(labels), ...Object.entries(changes)]);
}

/** The same label set without the given names. */
export function withoutLabels(labels: Labels, names: readonly string[]): Labels {
  return labelsOf(Object.entries(labels).filter(([name]) => !names.includes(name)));
}

/**
 * The identity of a label set as text: equal label sets, and only they, give equal keys. Lengths and no separators, because a hostile
 * label may contain any character.
 */
export function labelsKey(labels: Labels): string {
  return LabelSet.keyOf(labels);
}

function keyText(labels: Labels): string {
  const parts: string[] = [];
  // Joined at once: text that is added up piece by piece keeps all its pieces in memory.
  for (const name in labels) {
    const value = labels[name] ?? '';
    parts.push(`${name.length},${value.length};`, name, value);
  }
  return parts.join('');
}

/** `{a="b", c="d"}` as Prometheus prints it, without the metric name. */
export function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).filter(([name]) => name !== '__name__');
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
