import type { Labels } from '../../model/labels.ts';

/** Sorts as Prometheus sorts the series of a matrix: label by label, first by name and then by value; what ends first comes first. */
export function inLabelOrder<T extends { readonly labels: Labels }>(series: readonly T[]): T[] {
  const keyed = series.map((one) => ({ one, words: Object.entries(one.labels).flat() }));
  return keyed.sort((a, b) => compareWords(a.words, b.words)).map(({ one }) => one);
}

function compareWords(a: readonly string[], b: readonly string[]): number {
  for (const [index, word] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (word !== other) return word < other ? -1 : 1;
  }
  return a.length - b.length;
}
