import { type Labels, labelsKey, withoutLabels } from '../../model/labels.ts';
import type { Annotations } from './annotations.ts';
import type { Expr } from './ast.ts';
import { parseFloat64 } from './go-float.ts';
import { type Bucket, bucketFraction, bucketQuantile } from './histogram-buckets.ts';
import { LabelCache } from './label-cache.ts';
import type { Vector, VectorSample } from './value.ts';

interface Histogram {
  readonly labels: Labels;
  readonly buckets: Bucket[];
}

/** What of a bucket's labels matters, worked out once per series. */
interface BucketLabels {
  readonly key: string;
  readonly labels: Labels;
  readonly upperBound: number | null;
}

const bucketLabels = new LabelCache((labels: Labels): BucketLabels => {
  const rest = withoutLabels(labels, ['le']);
  return { key: labelsKey(rest), labels: rest, upperBound: parseFloat64(labels['le'] ?? '') };
});

/** Classic histograms in a vector of buckets, one for each label set without `le`. */
function histogramsOf(vector: Vector, annotations: Annotations, place: Expr): Histogram[] {
  const byKey = new Map<string, Histogram>();
  for (const sample of vector) {
    const { key, labels, upperBound } = bucketLabels.get(sample.labels);
    if (upperBound === null) {
      annotations.badBucketLabel(sample.labels['__name__'] ?? '', sample.labels['le'] ?? '', place);
      continue;
    }
    const bucket = { upperBound, count: sample.value };
    const histogram = byKey.get(key);
    if (histogram === undefined) byKey.set(key, { labels, buckets: [bucket] });
    else histogram.buckets.push(bucket);
  }
  return [...byKey.values()];
}

/** `histogram_quantile` over classic buckets. */
export function histogramQuantile(q: number, vector: Vector, args: readonly Expr[], annotations: Annotations): VectorSample[] {
  const [quantileArg, vectorArg] = args;
  if (quantileArg === undefined || vectorArg === undefined) return [];
  if (!(q >= 0 && q <= 1)) annotations.invalidQuantile(q, quantileArg);
  return histogramsOf(vector, annotations, vectorArg).map(({ labels, buckets }) => {
    const { value, forcedMonotonicity } = bucketQuantile(q, buckets);
    if (forcedMonotonicity) annotations.forcedMonotonicity(labels['__name__'] ?? '', vectorArg);
    return { labels, value, dropName: true };
  });
}

/** `histogram_fraction` over classic buckets. */
export function histogramFraction(lower: number, upper: number, vector: Vector, arg: Expr, annotations: Annotations): VectorSample[] {
  return histogramsOf(vector, annotations, arg).map(({ labels, buckets }) => ({
    labels,
    value: bucketFraction(lower, upper, buckets),
    dropName: true,
  }));
}
