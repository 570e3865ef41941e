import type { Labels } from './labels.ts';

/** One value of one series at one instant. `labels` includes `__name__`; `atMs` is milliseconds since the epoch. */
export interface Sample {
  readonly labels: Labels;
  readonly atMs: number;
  readonly value: number;
}

/** What `# TYPE` said about a metric; `unknown` when it said nothing. */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown';
