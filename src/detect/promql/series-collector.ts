import { type Labels, labelsKey } from '../../model/labels.ts';
import type { NativeHistogram } from '../series/native-histogram.ts';
import { EvaluationError } from './evaluation-error.ts';
import { inLabelOrder } from './label-order.ts';
import type { Budget } from './limits.ts';
import type { MatrixSeries, SeriesWindow, Vector } from './value.ts';

interface Collected {
  readonly labels: Labels;
  readonly times: number[];
  readonly values: number[];
  /** null until there is a native histogram. */
  histograms: (NativeHistogram | null)[] | null;
  dropName: boolean;
}

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
    for (const { labels, value, histogram, dropName } of vector) {
      const key = labelsKey(labels);
      const series = this.byKey.get(key);
      if (series === undefined) {
        this.byKey.set(key, { labels, times: [atMs], values: [value], histograms: histogram === null ? null : [histogram], dropName });
        continue;
      }
      if (series.times.at(-1) === atMs) throw duplicateLabels();
      series.times.push(atMs);
      if (histogram !== null) series.histograms ??= series.values.map(() => null);
      series.values.push(value);
      series.histograms?.push(histogram);
      series.dropName ||= dropName;
    }
  }

  /** The series as a range function over a subquery sees them. */
  windows(): SeriesWindow[] {
    return [...this.byKey.values()].map(({ histograms, ...series }) => ({
      ...series,
      histograms: histograms?.map(withoutResetHint) ?? null,
      startTimes: null,
      start: 0,
      end: series.times.length,
    }));
  }

  /** The series in the order of their labels. */
  matrix(): MatrixSeries[] {
    return inLabelOrder([...this.byKey.values()]).map(({ labels, times, values, histograms }) => {
      return histograms === null ? { labels, times, values } : { labels, times, values, histograms };
    });
  }
}

/** What was known about a reset since the sample before is not known about one since the step before. */
function withoutResetHint(histogram: NativeHistogram | null): NativeHistogram | null {
  return histogram === null || histogram.hint === 'gauge' ? histogram : { ...histogram, hint: 'unknown' };
}

export function duplicateLabels(): EvaluationError {
  return new EvaluationError('vector cannot contain metrics with the same labelset');
}
