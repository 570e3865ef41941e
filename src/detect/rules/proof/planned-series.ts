import { type Labels, labelsKey } from '../../../model/labels.ts';
import type { LabelMatcher, Queryable, SeriesView } from '../../series/queryable.ts';

/**
 * How a series runs: on a line from `base` at its first sample, `slope` higher at each; or between `base` and `other` by turns.
 * `fixed` says which of them something already relies on.
 */
export interface Shape {
  readonly base: number;
  readonly slope: number;
  /** null: a line. */
  readonly other: number | null;
  readonly baseFixed: boolean;
  readonly slopeFixed: boolean;
}

/** A series of a plan: one shape for each stretch of time, youngest first; `fromAgoMs` is how long ago the stretch ends. */
export interface PlannedSeries {
  readonly labels: Labels;
  readonly stretches: readonly { readonly endAgoMs: number; readonly shape: Shape }[];
  /** How long before the end the last sample is. */
  readonly silentMs: number;
}

/** When samples come and when rules are evaluated, in ms since the start of the test. */
export interface Timeline {
  /** Between samples. */
  readonly intervalMs: number;
  /** Between evaluations of the rules. */
  readonly evaluationIntervalMs: number;
  /** Before this, series have no samples. */
  readonly startMs: number;
  /** From here on the expression has to hold. */
  readonly heldFromMs: number;
  /** The alert has to fire here. */
  readonly endMs: number;
}

/** A constant series. */
export function level(value: number, fixed = true): Shape {
  return { base: value, slope: 0, other: null, baseFixed: fixed, slopeFixed: false };
}

/** Series that a search laid out, as a store: samples are computed when they are asked for. */
export class Plan implements Queryable {
  readonly timeline: Timeline;
  readonly series: readonly PlannedSeries[];
  private readonly stretchEnds = new Map<PlannedSeries, readonly number[]>();

  constructor(timeline: Timeline, series: readonly PlannedSeries[] = []) {
    this.timeline = timeline;
    this.series = series;
  }

  /** The same plan with only some of its series. */
  only(series: readonly PlannedSeries[]): Plan {
    return new Plan(this.timeline, series);
  }

  /** The same plan with a series added, or replaced when it has the same labels. */
  with(added: PlannedSeries): Plan {
    const key = labelsKey(added.labels);
    const others = this.series.filter(({ labels }) => labelsKey(labels) !== key);
    return this.only(others.length === this.series.length ? [...others, added] : this.replaced(key, added));
  }

  private replaced(key: string, added: PlannedSeries): PlannedSeries[] {
    return this.series.map((series) => (labelsKey(series.labels) === key ? added : series));
  }

  find(labels: Labels): PlannedSeries | undefined {
    const key = labelsKey(labels);
    return this.series.find((series) => labelsKey(series.labels) === key);
  }

  /** The number of sample positions from the start of the test through its end. */
  get positions(): number {
    return Math.floor(this.timeline.endMs / this.timeline.intervalMs) + 1;
  }

  /** The value at a position; null where there is no sample. */
  valueAt(series: PlannedSeries, position: number): number | null {
    const { intervalMs, startMs, endMs } = this.timeline;
    const atMs = position * intervalMs;
    if (atMs < startMs || atMs > endMs - series.silentMs) return null;
    const ends = this.endsOf(series);
    const index = ends.findIndex((end, at) => position <= end && (at === ends.length - 1 || position > (ends[at + 1] ?? -1)));
    const shape = series.stretches[index]?.shape;
    if (shape === undefined) return null;
    const first = Math.max(Math.ceil(startMs / intervalMs), (ends[index + 1] ?? -1) + 1);
    if (shape.other !== null) return (position - first) % 2 === 0 ? shape.base : shape.other;
    return shape.base + shape.slope * (position - first);
  }

  /** The last position of each stretch, youngest first. */
  private endsOf(series: PlannedSeries): readonly number[] {
    const known = this.stretchEnds.get(series);
    if (known !== undefined) return known;
    const { endMs, intervalMs } = this.timeline;
    const ends = series.stretches.map(({ endAgoMs }) => Math.floor((endMs - endAgoMs) / intervalMs));
    this.stretchEnds.set(series, ends);
    return ends;
  }

  select(matchers: readonly LabelMatcher[], afterMs: number, throughMs: number): SeriesView[] {
    const { intervalMs } = this.timeline;
    const first = Math.max(0, Math.floor(afterMs / intervalMs) + 1);
    const last = Math.min(this.positions - 1, Math.floor(throughMs / intervalMs));
    const views: SeriesView[] = [];
    for (const series of this.series) {
      if (!matchers.every((matcher) => matcher.matches(series.labels[matcher.name] ?? ''))) continue;
      const view = this.viewOf(series, first, last);
      if (view !== null) views.push(view);
    }
    return views;
  }

  private viewOf(series: PlannedSeries, first: number, last: number): SeriesView | null {
    const times: number[] = [];
    const values: number[] = [];
    for (let position = first; position <= last; position++) {
      const value = this.valueAt(series, position);
      if (value === null) continue;
      times.push(position * this.timeline.intervalMs);
      values.push(value);
    }
    if (times.length === 0) return null;
    return {
      labels: series.labels,
      times: Float64Array.from(times),
      values: Float64Array.from(values),
      stale: null,
      histograms: null,
      startTimes: null,
      start: 0,
      end: times.length,
    };
  }
}
