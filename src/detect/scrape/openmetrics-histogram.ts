import type { Labels } from '../../model/labels.ts';

/** A sample of a family. `atS` in seconds as written; null: none is given. */
export interface FamilySample {
  readonly labels: Labels;
  readonly value: number;
  readonly atS: number | null;
  readonly hasExemplar: boolean;
}

/** What is seen of one histogram at one instant. */
interface Seen {
  bound: number | null;
  bucketCount: number;
  count: number | null;
  hasSum: boolean;
  hasNegativeSum: boolean;
  hasNegativeBound: boolean;
}

/** Whether the samples of a family make whole histograms; says what is wrong, null when nothing is. */
export function checkHistogram(name: string, samples: readonly FamilySample[], groupOf: (sample: FamilySample) => string): string | null {
  let key = '';
  let seen: Seen | null = null;
  for (const sample of samples) {
    const nextKey = `${groupOf(sample)}@${sample.atS}`;
    if (seen === null || nextKey !== key) {
      const problem = seen === null ? null : incomplete(seen);
      if (problem !== null) return problem;
      seen = { bound: null, bucketCount: 0, count: null, hasSum: false, hasNegativeSum: false, hasNegativeBound: false };
      key = nextKey;
    }
    const problem = see(seen, sample, (sample.labels['__name__'] ?? '').slice(name.length));
    if (problem !== null) return problem;
  }
  return seen === null ? null : incomplete(seen);
}

function see(seen: Seen, { labels, value }: FamilySample, suffix: string): string | null {
  switch (suffix) {
    case '_bucket': {
      const bound = labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le']);
      if (seen.bound !== null && bound <= seen.bound) return 'buckets must stand in the order of le';
      if (value < seen.bucketCount) return 'a bucket must not hold less than the one before it';
      seen.bound = bound;
      seen.bucketCount = value;
      seen.hasNegativeBound ||= bound < 0;
      return null;
    }
    case '_count':
    case '_gcount':
      seen.count = value;
      return null;
    case '_sum':
    case '_gsum':
      seen.hasSum = true;
      seen.hasNegativeSum ||= value < 0;
      return null;
    default:
      return null;
  }
}

function incomplete(seen: Seen): string | null {
  if (seen.bound !== Number.POSITIVE_INFINITY) return 'the bucket +Inf is missing';
  if (seen.count !== null && seen.count !== seen.bucketCount) return 'the count is not that of the bucket +Inf';
  if (seen.hasSum && seen.count === null) return 'has a sum and no count';
  if (!seen.hasSum && seen.count !== null) return 'has a count and no sum';
  // The specification forbids any sum beside negative buckets. Prometheus' own client library writes one, so that refusing it would lose
  // targets that are well.
  if (!seen.hasNegativeBound && seen.hasNegativeSum) return 'must not have a negative sum without negative buckets';
  return null;
}
