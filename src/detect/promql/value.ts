import type { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from '../series/native-histogram.ts';

/** One element of an instant vector. `dropName`: its name is removed when the query ends (delayed, as in Prometheus 3). */
export interface VectorSample {
  readonly labels: Labels;
  /** NaN for a native histogram. */
  readonly value: number;
  readonly histogram: NativeHistogram | null;
  readonly dropName: boolean;
}

export type Vector = readonly VectorSample[];

/** Takes the samples of a vector one by one, so that no object need be made for each: the parts of a {@link VectorSample}. */
export type SampleVisitor = (labels: Labels, value: number, histogram: NativeHistogram | null, dropName: boolean) => void;

/** A series of results, oldest first; `times` in ms since the epoch, as long as `values`. */
export interface MatrixSeries {
  readonly labels: Labels;
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** Native histograms where there are any, with NaN in `values`. Absent: there are none. */
  readonly histograms?: readonly (NativeHistogram | null)[];
}

export type HistogramColumn = Readonly<ArrayLike<NativeHistogram | null>>;

/** A series of which one function call sees a part: indices from `start` (inclusive) to `end` (exclusive). No staleness markers. */
export interface SeriesWindow {
  readonly labels: Labels;
  readonly times: Readonly<ArrayLike<number>>;
  readonly values: Readonly<ArrayLike<number>>;
  /** Native histograms where there are any; null: all samples are floats. */
  readonly histograms: HistogramColumn | null;
  /** When the counter behind each sample began, ms since the epoch, 0 where not known; null: not known for any. */
  readonly startTimes: Readonly<ArrayLike<number>> | null;
  readonly start: number;
  readonly end: number;
  /** As in {@link VectorSample}; absent: not. */
  readonly dropName?: boolean | undefined;
}

/** What an expression is worth at one instant, range vectors aside. */
export type StepValue = number | string | Vector;

/** One element of a vector that is a result. */
export interface ResultSample {
  readonly labels: Labels;
  /** NaN for a native histogram. */
  readonly value: number;
  /** Absent: a float. */
  readonly histogram?: NativeHistogram;
}

/** The result of a query. */
export type QueryValue =
  | { readonly type: 'scalar'; readonly value: number; readonly atMs: number }
  | { readonly type: 'string'; readonly value: string; readonly atMs: number }
  | { readonly type: 'vector'; readonly atMs: number; readonly samples: readonly ResultSample[] }
  | { readonly type: 'matrix'; readonly series: readonly MatrixSeries[] };

export interface QueryResult {
  readonly value: QueryValue;
  /** Sentences as Prometheus' API gives them, `PromQL warning: …`. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}
