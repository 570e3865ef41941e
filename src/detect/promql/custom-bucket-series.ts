import { type Labels, labelsKey, labelsOf } from '../../model/labels.ts';
import type { NativeHistogram } from '../series/native-histogram.ts';
import { parseFloat64 } from './go-float.ts';
import { customSchema, noBuckets, sparseBuckets } from './native-buckets.ts';
import type { DescribedValue, SeriesDescription } from './series-description.ts';

/** What classic series say about one histogram at one position. */
interface Collected {
  readonly cumulative: Map<number, number>;
  count: number | null;
  sum: number;
}

interface Family {
  readonly labels: Labels;
  readonly positions: Map<number, Collected>;
}

/** The classic histograms among described series (`x_bucket`, `x_count`, `x_sum`) once more, as native ones with custom bounds, named `x`. */
export function customBucketSeries(series: readonly SeriesDescription[]): SeriesDescription[] {
  const families = new Map<string, Family>();
  for (const { labels, values } of series) {
    const part = /^(.+)_(bucket|count|sum)$/s.exec(labels['__name__'] ?? '');
    const [, name = '', suffix = ''] = part ?? [];
    const upperBound = parseFloat64(labels['le'] ?? '');
    if (part === null || (suffix === 'bucket' && (upperBound === null || Number.isNaN(upperBound)))) continue;
    const family = familyOf(families, name, labels);
    for (const [position, value] of values.entries()) if (typeof value === 'number') collect(family, position, suffix, upperBound, value);
  }
  return [...families.values()].filter(hasBuckets).map(({ labels, positions }) => ({ labels, values: valuesOf(positions) }));
}

function familyOf(families: Map<string, Family>, name: string, labels: Labels): Family {
  const own = labelsOf([...Object.entries(labels).filter(([label]) => label !== 'le'), ['__name__', name]]);
  const key = labelsKey(own);
  const known = families.get(key) ?? { labels: own, positions: new Map() };
  families.set(key, known);
  return known;
}

function collect({ positions }: Family, position: number, suffix: string, upperBound: number | null, value: number): void {
  const collected = positions.get(position) ?? { cumulative: new Map(), count: null, sum: 0 };
  positions.set(position, collected);
  if (suffix === 'count') collected.count = value;
  else if (suffix === 'sum') collected.sum = value;
  else if (upperBound !== null) collected.cumulative.set(upperBound, value);
}

function hasBuckets({ positions }: Family): boolean {
  return [...positions.values()].some(({ cumulative }) => cumulative.size > 0);
}

function valuesOf(positions: ReadonlyMap<number, Collected>): DescribedValue[] {
  const values: DescribedValue[] = new Array<DescribedValue>(Math.max(...positions.keys()) + 1).fill(null);
  for (const [position, collected] of positions) {
    if (collected.cumulative.size > 0) values[position] = { histogram: customHistogram(collected), hintGiven: false };
  }
  return values;
}

function customHistogram({ cumulative, count, sum }: Collected): NativeHistogram {
  const bounds = [...cumulative.keys()].sort((a, b) => a - b);
  const customValues = bounds.filter((bound) => bound !== Number.POSITIVE_INFINITY);
  const total = count ?? cumulative.get(bounds.at(-1) ?? Number.NaN) ?? 0;
  const heights = [...customValues.map((bound) => cumulative.get(bound) ?? 0), cumulative.get(Number.POSITIVE_INFINITY) ?? total];
  const positive = sparseBuckets(heights.map((height, index) => [index, height - (heights[index - 1] ?? 0)] as const));
  return {
    schema: customSchema,
    hint: 'unknown',
    count: total,
    sum,
    zeroThreshold: 0,
    zeroCount: 0,
    positive,
    negative: noBuckets,
    customValues,
  };
}
