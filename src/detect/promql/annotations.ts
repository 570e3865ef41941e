import type { Span } from './ast.ts';
import { formatShortest } from './go-float.ts';
import { quote } from './go-string.ts';
import type { Combined } from './native-arithmetic.ts';
import { lineAndColumn } from './promql-error.ts';

const counterName = /_(total|sum|count|bucket)$/;

/** What the evaluator has to say besides the result. Each sentence once, with its place in the text. */
export class Annotations {
  private readonly text: string;
  readonly warnings = new Set<string>();
  readonly infos = new Set<string>();
  /** Names that were looked at already: a metric has many series. */
  private readonly judgedNames = new WeakMap<Span, Set<string>>();

  /** @param text The expression's text; empty: places are left out. */
  constructor(text: string) {
    this.text = text;
  }

  private place({ start }: Span): string {
    return this.text === '' ? '' : ` (${lineAndColumn(this.text, start)})`;
  }

  warn(message: string, span: Span): void {
    this.warnings.add(`PromQL warning: ${message}${this.place(span)}`);
  }

  inform(message: string, span: Span): void {
    this.infos.add(`PromQL info: ${message}${this.place(span)}`);
  }

  invalidQuantile(quantile: number, span: Span): void {
    this.warn(`quantile value should be between 0 and 1, got ${formatShortest(quantile)}`, span);
  }

  badBucketLabel(metric: string, label: string, span: Span): void {
    this.warn(`bucket label "le" is missing or has a malformed value of ${quote(label)}${forMetric(metric)}`, span);
  }

  forcedMonotonicity(metric: string, span: Span): void {
    const see = 'see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile';
    this.inform(`input to histogram_quantile needed to be fixed for monotonicity (${see})${forMetric(metric)}`, span);
  }

  sortInRange(span: Span): void {
    this.warn('sort is ineffective for range queries since results are always ordered by labels', span);
  }

  mixedSamples(metric: string, span: Span): void {
    this.warn(`encountered a mix of histograms and floats${forMetric(metric)}`, span);
  }

  mixedSamplesInAggregation(span: Span): void {
    this.warn('encountered a mix of histograms and floats for aggregation', span);
  }

  mixedBuckets(metric: string, span: Span): void {
    this.warn(`vector contains a mix of histograms with exponential and custom buckets schemas${forMetric(metric)}`, span);
  }

  mixedClassicAndNative(metric: string, span: Span): void {
    this.warn(`vector contains a mix of classic and native histograms${forMetric(metric)}`, span);
  }

  notCounter(metric: string, span: Span): void {
    this.warn(`this native histogram metric is not a counter: ${quote(metric)}`, span);
  }

  notGauge(metric: string, span: Span): void {
    this.warn(`this native histogram metric is not a gauge: ${quote(metric)}`, span);
  }

  /** What came of putting histograms together, beyond the histogram. */
  combined(
    { conflictingResets, boundsReconciled }: Pick<Combined, 'conflictingResets' | 'boundsReconciled'>,
    operation: 'addition' | 'subtraction' | 'aggregation',
    span: Span,
  ): void {
    if (conflictingResets) this.warn(`conflicting counter resets during histogram ${operation}`, span);
    if (boundsReconciled) this.inform(`mismatched custom buckets were reconciled during ${operation}`, span);
  }

  ignoredInRange(metric: string, span: Span): void {
    this.inform(`ignored histograms in a range containing both floats and histograms${forMetric(metric)}`, span);
  }

  ignoredInAggregation(aggregation: string, span: Span): void {
    this.inform(`ignored histogram in ${aggregation} aggregation`, span);
  }

  incompatibleTypes(left: string, op: string, right: string, span: Span): void {
    this.inform(`incompatible sample types encountered for binary operator ${quote(op)}: ${left} ${op} ${right}`, span);
  }

  nanObservations(effect: string, functionName: string, metric: string, span: Span): void {
    this.inform(`input to ${functionName} has NaN observations, ${effect}${forMetric(metric)}`, span);
  }

  overlappingStart(metric: string, span: Span): void {
    this.warn(`sample has start time that overlaps with previous sample timestamp for metric ${quote(metric)}`, span);
  }

  /** A rate of something whose name does not end like a counter's. */
  possibleNonCounter(metric: string | undefined, span: Span): void {
    const judged = this.judgedNames.get(span) ?? new Set();
    if (metric === undefined || judged.has(metric)) return;
    this.judgedNames.set(span, judged.add(metric));
    if (counterName.test(metric)) return;
    this.inform(`metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(metric)}`, span);
  }
}

function forMetric(metric: string): string {
  return metric === '' ? '' : ` for metric name ${quote(metric)}`;
}
