import type { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from '../series/native-histogram.ts';
import type { Annotations } from './annotations.ts';
import type { Aggregate } from './ast.ts';
import { type Grouping, groupingsOf } from './grouping.ts';
import { KahanSum, RunningMean } from './kahan.ts';
import { meanOfHistograms, sumOfHistograms } from './native-arithmetic.ts';
import { quantileOf } from './quantile.ts';
import type { Vector, VectorSample } from './value.ts';

/** One value made of many that come one by one. */
interface Running {
  add(value: number): void;
  /** What they come to; `parameter` is the number before the vector, where the aggregator has one. */
  result(parameter: number): number;
}

class Sum implements Running {
  readonly #sum = new KahanSum();

  add(value: number): void {
    this.#sum.add(value);
  }

  result(): number {
    return this.#sum.total;
  }
}

class Mean implements Running {
  readonly #mean = new RunningMean();

  add(value: number): void {
    this.#mean.add(value);
  }

  result(): number {
    return this.#mean.mean;
  }
}

class Count implements Running {
  #count = 0;

  add(): void {
    this.#count += 1;
  }

  result(): number {
    return this.#count;
  }
}

class One implements Running {
  add(): void {}

  result(): number {
    return 1;
  }
}

class Least implements Running {
  #least = Number.NaN;

  add(value: number): void {
    if (value < this.#least || Number.isNaN(this.#least)) this.#least = value;
  }

  result(): number {
    return this.#least;
  }
}

class Most implements Running {
  #most = Number.NaN;

  add(value: number): void {
    if (value > this.#most || Number.isNaN(this.#most)) this.#most = value;
  }

  result(): number {
    return this.#most;
  }
}

/** Population variance (Welford), here without correction of rounding errors, as upstream. */
class Variance implements Running {
  #count = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    this.#count += 1;
    const difference = value - this.#mean;
    this.#mean += difference / this.#count;
    this.#squares += difference * (value - this.#mean);
  }

  result(): number {
    return this.#squares / this.#count;
  }
}

class Deviation extends Variance {
  override result(): number {
    return Math.sqrt(super.result());
  }
}

class Quantile implements Running {
  readonly #values: number[] = [];

  add(value: number): void {
    this.#values.push(value);
  }

  result(q: number): number {
    return quantileOf(q, this.#values);
  }
}

const reducers: Readonly<Record<string, () => Running>> = {
  sum: () => new Sum(),
  avg: () => new Mean(),
  count: () => new Count(),
  group: () => new One(),
  min: () => new Least(),
  max: () => new Most(),
  stddev: () => new Deviation(),
  stdvar: () => new Variance(),
  quantile: () => new Quantile(),
};

/** Those of `reducers` that count native histograms like floats. */
const countsAnything: ReadonlySet<string> = new Set(['count', 'group']);

/** Those that put native histograms together. */
const combines: ReadonlySet<string> = new Set(['sum', 'avg']);

interface Group {
  readonly labels: Labels;
  /** The metric of its first member, for annotations. */
  readonly metric: string;
  readonly floats: Running;
  floatCount: number;
  histograms: NativeHistogram[] | null;
  dropName: boolean;
}

/** An aggregation that makes one value of each group, whose samples come one by one and are not kept. */
export class Reduction {
  readonly #node: Aggregate;
  readonly #groupingOf: (labels: Labels) => Grouping;
  readonly #running: () => Running;
  readonly #countsAnything: boolean;
  readonly #groups = new Map<string, Group>();
  /** Series of one group mostly come one after the other: then the group need not be looked up. */
  #lastGrouping: Grouping | null = null;
  #lastGroup: Group | null = null;

  private constructor(node: Aggregate, running: () => Running) {
    this.#node = node;
    this.#groupingOf = groupingsOf(node);
    this.#running = running;
    this.#countsAnything = countsAnything.has(node.op);
  }

  /** The reduction of an aggregation; null where it is none. */
  static of(node: Aggregate): Reduction | null {
    const running = Object.hasOwn(reducers, node.op) ? reducers[node.op] : undefined;
    return running === undefined ? null : new Reduction(node, running);
  }

  /** Takes in one sample; the arguments are those of a `VectorSample`. */
  readonly add = (labels: Labels, value: number, histogram: NativeHistogram | null, dropName: boolean): void => {
    const grouping = this.#groupingOf(labels);
    const last = grouping === this.#lastGrouping ? this.#lastGroup : null;
    const group = last ?? this.#groups.get(grouping.key) ?? this.#newGroup(grouping, labels);
    this.#lastGrouping = grouping;
    this.#lastGroup = group;
    if (dropName) group.dropName = true;
    if (histogram !== null && !this.#countsAnything) {
      group.histograms ??= [];
      group.histograms.push(histogram);
      return;
    }
    group.floatCount += 1;
    group.floats.add(value);
  };

  /** What every group came to, in order of first appearance. */
  vector(parameter: number, annotations: Annotations): Vector {
    const result: VectorSample[] = [];
    for (const group of this.#groups.values()) {
      const sample =
        group.histograms === null ? this.#float(group, parameter) : this.#mixed(group, group.histograms, parameter, annotations);
      if (sample !== null) result.push(sample);
    }
    return result;
  }

  #newGroup({ key, labels }: Grouping, { __name__: metric = '' }: Labels): Group {
    const group = { labels, metric, floats: this.#running(), floatCount: 0, histograms: null, dropName: false };
    this.#groups.set(key, group);
    return group;
  }

  #float({ labels, floats, dropName }: Group, parameter: number): VectorSample {
    return { labels, value: floats.result(parameter), histogram: null, dropName };
  }

  /** A group with native histograms in it: sum and avg put them together, the others leave them out. */
  #mixed(group: Group, histograms: readonly NativeHistogram[], parameter: number, annotations: Annotations): VectorSample | null {
    const { op, expr } = this.#node;
    if (combines.has(op)) return this.#combined(group, histograms, annotations);
    annotations.ignoredInAggregation(op, expr);
    return group.floatCount === 0 ? null : this.#float(group, parameter);
  }

  /** Sum or mean of a group's histograms; null when they cannot be put together. */
  #combined({ labels, metric, floatCount, dropName }: Group, histograms: readonly NativeHistogram[], annotations: Annotations) {
    const { op, expr } = this.#node;
    if (floatCount > 0) {
      annotations.mixedSamplesInAggregation(expr);
      return null;
    }
    const combined = op === 'sum' ? sumOfHistograms(histograms) : meanOfHistograms(histograms);
    if (combined === null) annotations.mixedBuckets(metric, expr);
    else annotations.combined(combined, 'aggregation', expr);
    return combined === null ? null : { labels, value: Number.NaN, histogram: combined.histogram, dropName };
  }
}
