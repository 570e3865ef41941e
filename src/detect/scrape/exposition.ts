import type { Labels } from '../../model/labels.ts';
import type { MetricType } from '../../model/sample.ts';

/** Prometheus' text format, or OpenMetrics 1.0, which the target has to name in its answer. */
export type ExpositionFormat = 'prometheus' | 'openmetrics';

/** A series as the target names it, without the labels of the target. The same text gives the same object from scrape to scrape. */
export interface ExposedSeries {
  readonly labels: Labels;
}

/** What `# TYPE` and `# HELP` say about a metric. */
export interface MetricMetadata {
  readonly type: MetricType;
  readonly help: string;
}

/** One scrape as columns: entry `i` of each belongs together. `values` and `timesMs` are reused by the next parse. */
export interface Exposition {
  /** The same array as long as the target exposes the same series in the same order. */
  readonly series: readonly ExposedSeries[];
  readonly values: Float64Array;
  /** Timestamps given by the target, `NaN` where it gave none; null when it gave none at all. */
  readonly timesMs: Float64Array | null;
  /** By name of the metric. */
  readonly metadata: ReadonlyMap<string, MetricMetadata>;
}

export interface ExpositionLimits {
  /** Samples in one body. */
  readonly samplesMax: number;
  /** Characters of one metric with its labels. */
  readonly metricTextMax: number;
}
