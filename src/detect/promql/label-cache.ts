import type { Labels } from '../../model/labels.ts';

/**
 * What was worked out for a label set, remembered as long as somebody holds the label set. Series keep their label
 * object from scrape to scrape, so grouping and matching cost their string work only once per series.
 */
export class LabelCache<T> {
  private readonly known = new WeakMap<Labels, T>();
  private readonly make: (labels: Labels) => T;

  constructor(make: (labels: Labels) => T) {
    this.make = make;
  }

  get(labels: Labels): T {
    const known = this.known.get(labels);
    if (known !== undefined) return known;
    const made = this.make(labels);
    this.known.set(labels, made);
    return made;
  }
}
