import { labelsKey } from '../../model/labels.ts';
import type { LabelMatcher } from './queryable.ts';
import type { StoredSeries } from './stored-series.ts';

interface Selection {
  readonly epoch: number;
  readonly series: readonly StoredSeries[];
}

/** The series that have one value of one label. An array: a set would take several times the memory. */
class Posting {
  #members: StoredSeries[] = [];
  #removedCount = 0;

  get size(): number {
    return this.#members.length - this.#removedCount;
  }

  add(series: StoredSeries): void {
    this.#members.push(series);
  }

  /** Those that are not in `removed`; most often that is known without a look at each. */
  present(removed: WeakSet<StoredSeries>): readonly StoredSeries[] {
    return this.#removedCount === 0 ? this.#members : this.#members.filter((series) => !removed.has(series));
  }

  /** One more of the members is in `removed`. */
  countRemoved(removed: WeakSet<StoredSeries>): void {
    this.#removedCount += 1;
    if (this.#removedCount * 2 < this.#members.length) return;
    this.#members = this.#members.filter((series) => !removed.has(series));
    this.#removedCount = 0;
  }
}

/** Finds series by their labels. */
export class LabelIndex {
  readonly #byKey = new Map<string, StoredSeries>();
  readonly #byLabel = new Map<string, Map<string, Posting>>();
  /** A rule asks with the same matchers again and again; its answer only changes when series come or go. */
  readonly #selections = new WeakMap<readonly LabelMatcher[], Selection>();
  /** Members of postings that are gone; the postings drop them when enough have come together. */
  readonly #removed = new WeakSet<StoredSeries>();
  #epoch = 0;

  /** Counts up whenever a series comes or goes. */
  get epoch(): number {
    return this.#epoch;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): StoredSeries | undefined {
    return this.#byKey.get(key);
  }

  add(series: StoredSeries): void {
    this.#epoch += 1;
    this.#byKey.set(labelsKey(series.labels), series);
    for (const [name, value] of Object.entries(series.labels)) {
      const values = entryOf(this.#byLabel, name, () => new Map<string, Posting>());
      entryOf(values, value, () => new Posting()).add(series);
    }
  }

  remove(series: StoredSeries): void {
    const key = labelsKey(series.labels);
    if (this.#byKey.get(key) !== series) return;
    this.#epoch += 1;
    this.#byKey.delete(key);
    this.#removed.add(series);
    for (const [name, value] of Object.entries(series.labels)) {
      const values = this.#byLabel.get(name);
      const posting = values?.get(value);
      posting?.countRemoved(this.#removed);
      if (posting?.size === 0) values?.delete(value);
      if (values?.size === 0) this.#byLabel.delete(name);
    }
  }

  /** Every series whose labels satisfy all matchers. */
  select(matchers: readonly LabelMatcher[]): readonly StoredSeries[] {
    const cached = this.#selections.get(matchers);
    if (cached?.epoch === this.#epoch) return cached.series;
    const series = this.#search(matchers);
    this.#selections.set(matchers, { epoch: this.#epoch, series });
    return series;
  }

  labelNames(): string[] {
    return [...this.#byLabel.keys()];
  }

  labelValues(name: string): string[] {
    return [...(this.#byLabel.get(name)?.keys() ?? [])];
  }

  #search(matchers: readonly LabelMatcher[]): readonly StoredSeries[] {
    const start = this.#narrowest(matchers);
    const others = matchers.filter((matcher) => matcher !== start?.matcher);
    const groups = start === null ? [[...this.#byKey.values()]] : start.postings.map((posting) => posting.present(this.#removed));
    const [only] = groups;
    // Not a copy: should the posting change, then the epoch does, too, and this answer is given to nobody any more.
    if (groups.length === 1 && only !== undefined && others.length === 0) return only;
    // Matcher by matcher: one after the other leaves fewer series for the next one to look at.
    return others.map(rememberingTest).reduce((left, test) => left.filter(test), groups.flat());
  }

  /** The matcher that leaves the fewest series to look at; none when every matcher also fits a missing label. */
  #narrowest(matchers: readonly LabelMatcher[]): { readonly matcher: LabelMatcher; readonly postings: readonly Posting[] } | null {
    let best: { matcher: LabelMatcher; postings: readonly Posting[]; size: number } | null = null;
    for (const matcher of matchers) {
      if (matcher.matches('')) continue;
      const postings = this.#postingsOf(matcher);
      const size = postings.reduce((sum, posting) => sum + posting.size, 0);
      if (best === null || size < best.size) best = { matcher, postings, size };
      if (size === 0) break;
    }
    return best;
  }

  #postingsOf(matcher: LabelMatcher): Posting[] {
    const values = this.#byLabel.get(matcher.name);
    if (values === undefined) return [];
    const exact = matcher.op === '=' ? values.get(matcher.value) : undefined;
    if (matcher.op === '=') return exact === undefined ? [] : [exact];
    return [...values].filter(([value]) => matcher.matches(value)).map(([, posting]) => posting);
  }
}

/** Asks a matcher once for each different value: regular expressions cost more than a lookup. */
function rememberingTest(matcher: LabelMatcher): (series: StoredSeries) => boolean {
  const verdicts = new Map<string, boolean>();
  return (series) => {
    const value = series.labels[matcher.name] ?? '';
    let verdict = verdicts.get(value);
    if (verdict === undefined) {
      verdict = matcher.matches(value);
      verdicts.set(value, verdict);
    }
    return verdict;
  };
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
