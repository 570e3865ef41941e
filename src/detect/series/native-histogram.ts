/** What is known about a reset of the counters between a histogram and the one before it. `gauge`: they are no counters. */
export type ResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

/** Populated buckets of one sign: indices ascending, and how many observations each holds (never 0). */
export interface SparseBuckets {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
}

/**
 * A native histogram, immutable. With `schema` -4 to 8, bucket `i` reaches up to 2^(i·2^-schema), negative buckets likewise downwards,
 * and the zero bucket reaches `zeroThreshold` to both sides. With schema -53, bucket `i` reaches up to `customValues[i]`, the last to +Inf.
 */
export interface NativeHistogram {
  readonly schema: number;
  readonly hint: ResetHint;
  readonly count: number;
  readonly sum: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: SparseBuckets;
  readonly negative: SparseBuckets;
  readonly customValues: readonly number[];
}
