import type { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from './native-histogram.ts';

/** What was stored in the windows during some time: to be kept elsewhere, and to be taken in again after a restart. */
export interface WindowPart {
  readonly scrapes: readonly ScrapePart[];
  readonly loose: LoosePart;
}

/**
 * Some scrapes of a target as a matrix, one after the other: series `row` of the scrape `column` is entry `column * labels.length + row`.
 * Where `present` is 0 there was no sample.
 */
export interface ScrapePart {
  readonly target: string;
  readonly times: Float64Array;
  readonly labels: readonly Labels[];
  readonly values: Float64Array;
  readonly present: Uint8Array;
}

/** Samples of series that have instants of their own, entry by entry; 1 in `stale` marks the end of a series. */
export interface LoosePart {
  readonly labels: readonly Labels[];
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly stale: Uint8Array;
  /** The native histograms among them, by their place; their values say nothing. */
  readonly histograms: ReadonlyMap<number, NativeHistogram>;
}

/** Up to where everything was given away. */
export class WindowMarks {
  /** By target: the instant of the last scrape. */
  readonly targets = new Map<string, number>();
  /** By loose series, which its label set stands for: the instant of its last sample. */
  readonly loose = new WeakMap<Labels, number>();
}

export function isEmptyPart({ scrapes, loose }: WindowPart): boolean {
  return scrapes.length === 0 && loose.labels.length === 0;
}
