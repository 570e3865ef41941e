import { formatLabels, type Labels, labelsKey } from '../../model/labels.ts';
import { almostEqual, almostEqualHistograms } from './almost-equal.ts';
import type { Expr } from './ast.ts';
import { customBucketSeries } from './custom-bucket-series.ts';
import { evaluateInstant, evaluateRange } from './evaluate.ts';
import { EvaluationError } from './evaluation-error.ts';
import { fixedAt } from './fix-at.ts';
import { formatShortest } from './go-float.ts';
import { unanchoredTest } from './matcher.ts';
import type { Operand } from './native-binary.ts';
import { type DescribedHistogram, formatNativeHistogram } from './native-text.ts';
import { PromqlError } from './promql-error.ts';
import { SampleStore } from './sample-store.ts';
import type { DescribedValue } from './series-description.ts';
import { type AnnotationExpectation, type EvalCommand, parseTestScript, placed } from './test-script.ts';
import type { MatrixSeries, QueryResult } from './value.ts';

/** What came of one `eval`: `problem` is null when everything was as expected. */
export interface TestCase {
  readonly line: number;
  readonly text: string;
  readonly problem: string | null;
}

const tolerance = 1e-6;
const minuteMs = 60_000;

/** Runs a file of Prometheus' PromQL test language. A failing case stops nothing. Throws `TestScriptError` for a text that is none. */
export function runTestScript(text: string): TestCase[] {
  const store = new SampleStore();
  const cases: TestCase[] = [];
  for (const command of parseTestScript(text)) {
    if (command.kind === 'clear') store.clear();
    else if (command.kind === 'load') {
      const { series, stepMs, startOffsets } = command;
      for (const { labels, values } of series) store.addAll(labels, values, 0, stepMs, startOffsets.get(labelsKey(labels)));
      if (command.customBuckets) for (const { labels, values } of customBucketSeries(series)) store.addAll(labels, values, 0, stepMs);
    } else if (command.kind === 'broken') cases.push({ line: command.line, text: command.text, problem: command.problem });
    else cases.push({ line: command.line, text: command.text, problem: judge(command, store) });
  }
  return cases;
}

/** Runs one case in every way in which it must give the same result; the first difference, or null. */
function judge(command: EvalCommand, store: SampleStore): string | null {
  if (command.stepMs > 0) return judgeOnce(command, store, command.expr, command.startMs);
  const { startMs } = command;
  const written = judgeOnce(command, store, command.expr, startMs) ?? judgeAsRange(command, store, command.expr, startMs);
  if (written !== null) return written;
  const fixed = fixedAt(command.expr, startMs);
  if (fixed === null) return null;
  const otherTimes = startMs === 0 ? [-1_000, 0, 1_000] : [-10 * startMs, 0, Math.floor(startMs / 5), startMs, 10 * startMs];
  for (const atMs of otherTimes) {
    const problem = judgeOnce(command, store, fixed, atMs) ?? judgeAsRange(command, store, fixed, atMs);
    if (problem !== null) return `fixed by @ and evaluated at ${atMs} ms: ${problem}`;
  }
  return null;
}

function has(command: EvalCommand, kind: AnnotationExpectation['kind']): boolean {
  return command.annotations.some((annotation) => annotation.kind === kind);
}

function judgeOnce(command: EvalCommand, store: SampleStore, expr: Expr, atMs: number): string | null {
  const asWritten = expr === command.expr;
  const outcome = run(() =>
    command.stepMs > 0
      ? evaluateRange(expr, {
          queryable: store,
          namesReturn: true,
          text: command.text,
          startMs: atMs,
          endMs: command.endMs,
          stepMs: command.stepMs,
        })
      : evaluateInstant(expr, { queryable: store, namesReturn: true, text: command.text, atMs }),
  );
  if (typeof outcome === 'string') return judgeFailure(command, outcome);
  if (has(command, 'fail')) return 'expected an error, got a result';
  return judgeValue(command, outcome, atMs) ?? (asWritten ? judgeAnnotations(command, outcome) : null);
}

/** The result, or the message of the error that a query may end with. */
function run(query: () => QueryResult): QueryResult | string {
  try {
    return query();
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof PromqlError) return error.message;
    throw error;
  }
}

function judgeFailure(command: EvalCommand, message: string): string | null {
  const expected = command.annotations.filter(({ kind }) => kind === 'fail');
  if (expected.length === 0) return `error: ${message}`;
  return expected.every(({ match }) => matches(match, message)) ? null : `another error than expected: ${message}`;
}

function matches(match: AnnotationExpectation['match'], text: string): boolean {
  if (match === null) return true;
  return match.how === 'msg' ? match.text === text : unanchoredTest(match.text)(text);
}

function judgeAnnotations(command: EvalCommand, { warnings, infos }: QueryResult): string | null {
  return judgeMessages(command, 'warn', warnings) ?? judgeMessages(command, 'info', infos);
}

function judgeMessages(command: EvalCommand, kind: 'warn' | 'info', actual: readonly string[]): string | null {
  if (has(command, kind === 'warn' ? 'no_warn' : 'no_info') && actual.length > 0) return `unexpected ${kind}: ${actual[0]}`;
  const expected = command.annotations.filter((annotation) => annotation.kind === kind);
  if (expected.length === 0) return null;
  const missing = expected.find(({ match }) => !actual.some((message) => matches(match, message)));
  if (missing !== undefined)
    return `missing ${kind}${missing.match === null ? '' : `: ${missing.match.text}`}; got ${JSON.stringify(actual)}`;
  const extra = actual.find((message) => !expected.some(({ match }) => matches(match, message)));
  return extra === undefined ? null : `unexpected ${kind}: ${extra}`;
}

interface ActualSeries {
  readonly labels: Labels;
  readonly points: ReadonlyMap<number, Operand>;
}

function judgeValue(command: EvalCommand, { value }: QueryResult, atMs: number): string | null {
  if (value.type === 'scalar') {
    if (command.scalar === null) return `expected series, got the scalar ${formatShortest(value.value)}`;
    return almostEqual(command.scalar, value.value, tolerance) ? null : `expected ${command.scalar}, got ${formatShortest(value.value)}`;
  }
  if (value.type === 'string')
    return command.string === value.value ? null : `expected ${command.string}, got ${JSON.stringify(value.value)}`;
  if (command.scalar !== null) return `expected the scalar ${command.scalar}, got a ${value.type}`;
  if (value.type === 'vector') {
    const series = value.samples.map((sample) => ({ labels: sample.labels, points: new Map([[atMs, sample.histogram ?? sample.value]]) }));
    return judgeSeries(command, series, atMs, 1);
  }
  const { startMs, stepMs } = command.matrix ?? command;
  if (command.stepMs === 0 && command.matrix === null) return 'got a range vector without being told to expect one';
  return judgeSeries(
    command,
    value.series.map((series) => ({ labels: series.labels, points: pair(series) })),
    startMs,
    stepMs,
  );
}

function pair({ times, values, histograms }: MatrixSeries): Map<number, Operand> {
  return new Map(times.map((atMs, index) => [atMs, histograms?.[index] ?? values[index] ?? Number.NaN]));
}

function judgeSeries(command: EvalCommand, actual: readonly ActualSeries[], startMs: number, stepMs: number): string | null {
  const expected = new Map(
    command.series.map(({ labels, values }) => [labelsKey(labels), { labels, points: placed(values, startMs, stepMs) }]),
  );
  const order = [...expected.keys()];
  for (const [index, { labels, points }] of actual.entries()) {
    const key = labelsKey(labels);
    const wanted = expected.get(key);
    if (wanted === undefined) return `unexpected series ${formatLabels(labels)} with ${[...points.values()].slice(0, 5).map(describe)}`;
    if (has(command, 'ordered') && order[index] !== key) return `${formatLabels(labels)} is at position ${index}`;
    expected.delete(key);
    const problem = judgePoints(wanted.points, points);
    if (problem !== null) return `${formatLabels(labels)}: ${problem}`;
  }
  for (const { labels, points } of expected.values()) if (points.size > 0) return `missing series ${formatLabels(labels)}`;
  return null;
}

function judgePoints(expected: ReadonlyMap<number, DescribedValue>, actual: ReadonlyMap<number, Operand>): string | null {
  for (const [atMs, value] of expected) {
    const got = actual.get(atMs);
    if (value === null || value === 'stale') return `expected ${value}, which no result can hold`;
    const wanted = typeof value === 'number' ? value : value.histogram;
    if (got === undefined) return `nothing at ${atMs} ms, expected ${describe(wanted)}`;
    if (!alike(value, got)) return `expected ${describe(wanted)} at ${atMs} ms, got ${describe(got)}`;
  }
  const extra = [...actual.keys()].find((atMs) => !expected.has(atMs));
  return extra === undefined ? null : `unexpected value ${describe(actual.get(extra) ?? Number.NaN)} at ${extra} ms`;
}

function describe(value: Operand): string {
  return typeof value === 'number' ? formatShortest(value) : `${formatNativeHistogram(value)} (schema ${value.schema}, ${value.hint})`;
}

function alike(expected: number | DescribedHistogram, got: Operand): boolean {
  if (typeof expected === 'number') return typeof got === 'number' && almostEqual(expected, got, tolerance);
  if (typeof got === 'number') return false;
  const { histogram, hintGiven } = expected;
  if (hintGiven && histogram.hint !== got.hint) return false;
  return almostEqualHistograms(histogram, got, tolerance);
}

/** The middle of a range query must be what the instant query gave. */
function judgeAsRange(command: EvalCommand, store: SampleStore, expr: Expr, atMs: number): string | null {
  if (command.matrix !== null || command.string !== null || has(command, 'ordered') || has(command, 'fail')) return null;
  if (/(start|end|range|step)\(\)/i.test(command.text)) return null;
  const range = { startMs: atMs - minuteMs, endMs: atMs + minuteMs, stepMs: minuteMs };
  const outcome = run(() => evaluateRange(expr, { queryable: store, namesReturn: true, ...range }));
  if (typeof outcome === 'string') return `as a range query: ${outcome}`;
  if (outcome.value.type !== 'matrix') return 'as a range query: not a matrix';
  const middle = outcome.value.series.flatMap((series) => {
    const value = pair(series).get(atMs);
    if (value === undefined) return [];
    return typeof value === 'number'
      ? [{ labels: series.labels, value }]
      : [{ labels: series.labels, value: Number.NaN, histogram: value }];
  });
  const scalar = middle[0]?.value;
  const asInstant: QueryResult['value'] =
    command.scalar !== null && scalar !== undefined ? { type: 'scalar', value: scalar, atMs } : { type: 'vector', atMs, samples: middle };
  const problem = judgeValue(command, { value: asInstant, warnings: [], infos: [] }, atMs);
  return problem === null ? null : `as a range query: ${problem}`;
}
