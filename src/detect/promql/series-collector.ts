import { type Labels, labelsKey } from '../../model/labels.ts';
import { EvaluationError } from './evaluation-error.ts';
import { LabelCache } from './label-cache.ts';
import type { Budget } from './limits.ts';
import type { MatrixSeries, SeriesWindow, Vector } from './value.ts';

interface Collected {
  readonly labels: Labels;
  readonly times: number[];
  readonly values: number[];
  dropName: boolean;
}

export const keyOf = new LabelCache(labelsKey);

/** Puts the vectors of many steps together into series. */
export class SeriesCollector {
  private readonly byKey = new Map<string, Collected>();
  private readonly budget: Budget;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  /** Adds one step; steps come in order. Throws `EvaluationError` when two elements have the same labels. */
  add(vector: Vector, atMs: number): void {
    this.budget.spend(vector.length);
    for (const { labels, value, dropName } of vector) {
      const key = keyOf.get(labels);
      const series = this.byKey.get(key);
      if (series === undefined) {
        this.byKey.set(key, { labels, times: [atMs], values: [value], dropName });
        continue;
      }
      if (series.times.at(-1) === atMs) throw duplicateLabels();
      series.times.push(atMs);
      series.values.push(value);
      series.dropName ||= dropName;
    }
  }

  windows(): SeriesWindow[] {
    return [...this.byKey.values()].map((series) => ({ ...series, start: 0, end: series.times.length }));
  }

  /** The series in the order of their labels. */
  matrix(): MatrixSeries[] {
    const sorted = [...this.byKey].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([, { labels, times, values }]) => ({ labels, times, values }));
  }
}

export function duplicateLabels(): EvaluationError {
  return new EvaluationError('vector cannot contain metrics with the same labelset');
}
