import { type Labels, labelsKey, withoutLabels } from '../../model/labels.ts';
import type { NativeHistogram } from '../series/native-histogram.ts';
import type { Annotations } from './annotations.ts';
import type { Expr } from './ast.ts';
import { parseFloat64 } from './go-float.ts';
import { type Bucket, bucketFraction, bucketQuantile } from './histogram-buckets.ts';
import { LabelCache } from './label-cache.ts';
import { type NanEffect, nativeFraction, nativeQuantile } from './native-statistics.ts';
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

/** The native and the classic histograms of a vector. */
interface Histograms {
  readonly native: readonly NativeSample[];
  readonly classic: readonly Histogram[];
}

interface NativeSample {
  readonly labels: Labels;
  readonly histogram: NativeHistogram;
}

/** Classic histograms, one for each label set without `le`, and native ones. Where both have the same labels, neither counts. */
function histogramsOf(vector: Vector, annotations: Annotations, place: Expr): Histograms {
  const byKey = new Map<string, Histogram>();
  const natives: NativeSample[] = [];
  for (const sample of vector) {
    if (sample.histogram !== null) {
      natives.push({ labels: sample.labels, histogram: sample.histogram });
      continue;
    }
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
  const doubled = new Set(natives.map(({ labels }) => bucketLabels.get(labels).key).filter((key) => byKey.has(key)));
  const native = natives.filter(({ labels }) => {
    const isDoubled = doubled.has(bucketLabels.get(labels).key);
    if (isDoubled) annotations.mixedClassicAndNative(labels['__name__'] ?? '', place);
    return !isDoubled;
  });
  for (const key of doubled) byKey.delete(key);
  return { native, classic: [...byKey.values()] };
}

const nanSentences: Readonly<Record<Exclude<NanEffect, 'none'>, string>> = { result: 'result is NaN', skew: 'result is skewed higher' };

/** When and where a quantile is asked for. */
export interface QuantileCall {
  readonly quantileArg: Expr;
  readonly vectorArg: Expr;
  readonly atMs: number;
  readonly annotations: Annotations;
}

/** `histogram_quantile` over native histograms and classic buckets. */
export function histogramQuantile(q: number, vector: Vector, { quantileArg, vectorArg, atMs, annotations }: QuantileCall): VectorSample[] {
  if (!(q >= 0 && q <= 1)) annotations.invalidQuantile(q, quantileArg);
  const { native, classic } = histogramsOf(vector, annotations, vectorArg);
  const ofNative = native.map(({ labels, histogram }) => {
    const { value, nan } = nativeQuantile(q, histogram);
    if (nan !== 'none') annotations.nanObservations(nanSentences[nan], 'histogram_quantile', labels['__name__'] ?? '', vectorArg);
    return plainSample(labels, value);
  });
  const ofClassic = classic.map(({ labels, buckets }) => {
    const { value, fix } = bucketQuantile(q, buckets);
    if (fix !== null) annotations.forcedMonotonicity(labels['__name__'] ?? '', fix, atMs, vectorArg);
    return plainSample(labels, value);
  });
  return [...ofNative, ...ofClassic];
}

function plainSample(labels: Labels, value: number): VectorSample {
  return { labels, value, histogram: null, dropName: true };
}

/** `histogram_fraction` over native histograms and classic buckets. */
export function histogramFraction(lower: number, upper: number, vector: Vector, arg: Expr, annotations: Annotations): VectorSample[] {
  const { native, classic } = histogramsOf(vector, annotations, arg);
  const ofNative = native.map(({ labels, histogram }) => {
    const { value, lacksNan } = nativeFraction(lower, upper, histogram);
    const effect = 'which are excluded from all fractions';
    if (lacksNan) annotations.nanObservations(effect, 'histogram_fraction', labels['__name__'] ?? '', arg);
    return plainSample(labels, value);
  });
  return [...ofNative, ...classic.map(({ labels, buckets }) => plainSample(labels, bucketFraction(lower, upper, buckets)))];
}
