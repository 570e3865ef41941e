import type { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from './native-histogram.ts';

/** One condition on one label, as in a PromQL selector. A missing label counts as the empty string. */
export interface LabelMatcher {
  readonly name: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
  /** Whether a label value satisfies the matcher. Regular expressions are anchored and run in linear time. */
  matches(value: string): boolean;
}

/**
 * The part of one series that lies in the asked interval, as columns. Nothing is copied: the arrays belong
 * to the store and only the indices `start` (inclusive) to `end` (exclusive) may be read, before the next append.
 */
export interface SeriesView {
  /** Includes `__name__`. */
  readonly labels: Labels;
  /** Milliseconds since the epoch, ascending. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** 1 where the sample is a staleness marker (its value is then meaningless), 0 elsewhere; null: there is no marker between the indices. */
  readonly stale: Uint8Array | null;
  /** Native histograms where there are any, null where the sample is the float in `values`; null: all are floats. */
  readonly histograms: readonly (NativeHistogram | null)[] | null;
  /** When the counter behind each sample began, in ms since the epoch; 0: not known. null: not known for any. */
  readonly startTimes: Float64Array | null;
  readonly start: number;
  readonly end: number;
}

/** Goes through series, and is the view of the one it stands at: only until it advances. Before the first it stands at none. */
export interface SeriesCursor extends SeriesView {
  /** Goes to the next series. False: there is none left. */
  advance(): boolean;
}

/** What the PromQL evaluator needs of a store of samples. Implemented by the windows in memory. */
export interface Queryable {
  /** Every series that satisfies all matchers and has a sample or marker with `afterMs < t <= throughMs`. */
  select(matchers: readonly LabelMatcher[], afterMs: number, throughMs: number): SeriesView[];
  /** The same, one by one. A store of many series has this, because a list of them costs more than reading them. */
  open?(matchers: readonly LabelMatcher[], afterMs: number, throughMs: number): SeriesCursor;
}
