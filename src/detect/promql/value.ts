import type { Labels } from '../../model/labels.ts';

/** One element of an instant vector. `dropName`: its name is removed when the query ends (delayed, as in Prometheus 3). */
export interface VectorSample {
  readonly labels: Labels;
  readonly value: number;
  readonly dropName: boolean;
}

export type Vector = readonly VectorSample[];

/** A series of results, oldest first; `times` in ms since the epoch, as long as `values`. */
export interface MatrixSeries {
  readonly labels: Labels;
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/** A series of which one function call sees a part: indices from `start` (inclusive) to `end` (exclusive). No staleness markers. */
export interface SeriesWindow {
  readonly labels: Labels;
  readonly times: Readonly<ArrayLike<number>>;
  readonly values: Readonly<ArrayLike<number>>;
  readonly start: number;
  readonly end: number;
  readonly dropName: boolean;
}

/** What an expression is worth at one instant, range vectors aside. */
export type StepValue = number | string | Vector;

/** The result of a query. */
export type QueryValue =
  | { readonly type: 'scalar'; readonly value: number; readonly atMs: number }
  | { readonly type: 'string'; readonly value: string; readonly atMs: number }
  | { readonly type: 'vector'; readonly atMs: number; readonly samples: readonly { readonly labels: Labels; readonly value: number }[] }
  | { readonly type: 'matrix'; readonly series: readonly MatrixSeries[] };

export interface QueryResult {
  readonly value: QueryValue;
  /** Sentences as Prometheus' API gives them, `PromQL warning: …`. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}
