import type { Span } from './ast.ts';
import { formatGeneral, formatShortest } from './go-float.ts';
import { quote } from './go-string.ts';
import type { Combined } from './native-arithmetic.ts';
import { lineAndColumn } from './promql-error.ts';

const counterName = /_(total|sum|count|bucket)$/;

/** Where in the text what a sentence is about stands, and what else there is to say. */
interface Said {
  readonly span: Span;
  readonly speaker: Span;
  readonly detail: () => string;
}

/** By how much counts of classic buckets had to be raised, so that they rise with their bounds. */
export interface MonotonicityFix {
  readonly leastBound: number;
  readonly greatestBound: number;
  readonly greatestDifference: number;
}

interface Fixes extends MonotonicityFix {
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

const nothing = (): string => '';

/** Whether an expression has its value before another one: parts come before the whole, from left to right. */
function isEarlier(a: Span, b: Span): boolean {
  return a.end === b.end ? a.start > b.start : a.end < b.end;
}

/**
 * What the evaluator has to say besides the result. As upstream, each sentence is said once, by the last expression that it was true of.
 * There, an expression is evaluated for all steps before the next one is.
 */
export class Annotations {
  private readonly text: string;
  private readonly saidWarnings = new Map<string, Said>();
  private readonly saidInfos = new Map<string, Said>();
  /** Names that were looked at already: a metric has many series. */
  private readonly judgedNames = new WeakMap<Span, Set<string>>();
  private lastJudged: { readonly metric: string | null; readonly span: Span | null } = { metric: null, span: null };
  private speaker: Span = { start: 0, end: 0 };
  private readonly overlaps = new Map<string, number>();
  private readonly fixes = new Map<string, Fixes>();

  /** @param text The expression's text; empty: places and details are left out. */
  constructor(text: string) {
    this.text = text;
  }

  get warnings(): string[] {
    return this.sentences('PromQL warning', this.saidWarnings);
  }

  get infos(): string[] {
    return this.sentences('PromQL info', this.saidInfos);
  }

  private sentences(kind: string, said: ReadonlyMap<string, Said>): string[] {
    return [...said].map(([message, { span, detail }]) => {
      return this.text === '' ? `${kind}: ${message}` : `${kind}: ${message}${detail()} (${lineAndColumn(this.text, span.start)})`;
    });
  }

  /** Has an expression say what is said until its value is there; what its parts say, they say before. */
  speaking<T>(speaker: Span, evaluate: () => T): T {
    const outer = this.speaker;
    this.speaker = speaker;
    const value = evaluate();
    this.speaker = outer;
    return value;
  }

  warn(message: string, span: Span): void {
    this.say(this.saidWarnings, message, span);
  }

  inform(message: string, span: Span): void {
    this.say(this.saidInfos, message, span);
  }

  private say(said: Map<string, Said>, message: string, span: Span): void {
    const before = said.get(message);
    if (before === undefined || !isEarlier(this.speaker, before.speaker))
      said.set(message, { span, speaker: this.speaker, detail: nothing });
  }

  invalidQuantile(quantile: number, span: Span): void {
    this.warn(`quantile value should be between 0 and 1, got ${formatShortest(quantile)}`, span);
  }

  invalidRatio(ratio: number, capped: number, span: Span): void {
    this.warn(`ratio value should be between -1 and 1, got ${formatShortest(ratio)}, capping to ${capped}`, span);
  }

  badBucketLabel(metric: string, label: string, span: Span): void {
    this.warn(`bucket label "le" is missing or has a malformed value of ${quote(label)}${forMetric(metric)}`, span);
  }

  forcedMonotonicity(metric: string, fix: MonotonicityFix, atMs: number, span: Span): void {
    const see = 'see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile';
    const message = `input to histogram_quantile needed to be fixed for monotonicity (${see})${forMetric(metric)}`;
    const before = this.fixes.get(message);
    this.fixes.set(message, {
      leastBound: Math.min(before?.leastBound ?? Number.POSITIVE_INFINITY, fix.leastBound),
      greatestBound: Math.max(before?.greatestBound ?? Number.NEGATIVE_INFINITY, fix.greatestBound),
      greatestDifference: Math.max(before?.greatestDifference ?? 0, fix.greatestDifference),
      count: (before?.count ?? 0) + 1,
      firstMs: Math.min(before?.firstMs ?? atMs, atMs),
      lastMs: Math.max(before?.lastMs ?? atMs, atMs),
    });
    if (before === undefined)
      this.saidInfos.set(message, { span, speaker: this.speaker, detail: () => describeFixes(this.fixes.get(message)) });
  }

  sortInRange(span: Span): void {
    this.warn('sort is ineffective for range queries since results are always ordered by labels', span);
  }

  mixedSamples(metric: string, span: Span): void {
    this.warn(`encountered a mix of histograms and floats for metric name ${quote(metric)}`, span);
  }

  mixedSamplesInAggregation(span: Span): void {
    this.warn('encountered a mix of histograms and floats for aggregation', span);
  }

  mixedBuckets(metric: string, span: Span): void {
    this.warn(`vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quote(metric)}`, span);
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
    this.inform(`ignored histograms in a range containing both floats and histograms for metric name ${quote(metric)}`, span);
  }

  ignoredInAggregation(aggregation: string, span: Span): void {
    this.inform(`ignored histogram in ${aggregation} aggregation`, span);
  }

  incompatibleBuckets(op: string, span: Span): void {
    this.warn(`incompatible bucket layout encountered for binary operator ${op}`, span);
  }

  incompatibleTypes(left: string, op: string, right: string, span: Span): void {
    this.inform(`incompatible sample types encountered for binary operator ${quote(op)}: ${left} ${op} ${right}`, span);
  }

  nanObservations(effect: string, functionName: string, metric: string, span: Span): void {
    this.inform(`input to ${functionName} has NaN observations, ${effect}${forMetric(metric)}`, span);
  }

  overlappingStart(metric: string, span: Span): void {
    const message = `sample has start time that overlaps with previous sample timestamp for metric ${quote(metric)}`;
    const count = (this.overlaps.get(message) ?? 0) + 1;
    this.overlaps.set(message, count);
    const detail = () => ((this.overlaps.get(message) ?? 0) > 1 ? ` (${this.overlaps.get(message)} occurrences)` : '');
    if (count === 1) this.saidWarnings.set(message, { span, speaker: this.speaker, detail });
  }

  /** A rate of floats whose name does not end like a counter's. */
  possibleNonCounter(metric: string | undefined, span: Span): void {
    // Asked for each series in turn, of which most have the name of the one before.
    if (metric === undefined || (metric === this.lastJudged.metric && span === this.lastJudged.span)) return;
    this.lastJudged = { metric, span };
    const judged = this.judgedNames.get(span) ?? new Set();
    if (judged.has(metric)) return;
    this.judgedNames.set(span, judged.add(metric));
    if (counterName.test(metric)) return;
    this.inform(`metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(metric)}`, span);
  }
}

function forMetric(metric: string): string {
  return metric === '' ? '' : ` for metric name ${quote(metric)}`;
}

function describeFixes(fixes: Fixes | undefined): string {
  if (fixes === undefined) return '';
  const bounds = `from buckets ${formatShortest(fixes.leastBound)} to ${formatShortest(fixes.greatestBound)}`;
  const difference = `with a max diff of ${formatGeneral(fixes.greatestDifference, 2)}`;
  return `, ${bounds}, ${difference}, over ${fixes.count} samples from ${second(fixes.firstMs)} to ${second(fixes.lastMs)}`;
}

/** The instant as RFC 3339 without fractions of a second. */
function second(atMs: number): string {
  return new Date(Math.trunc(atMs / 1_000) * 1_000).toISOString().replace('.000', '');
}
