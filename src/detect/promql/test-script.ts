import { labelsKey } from '../../model/labels.ts';
import type { Expr } from './ast.ts';
import { readDuration } from './go-duration.ts';
import { parseFloat64, parseNumber } from './go-float.ts';
import { unquote } from './go-string.ts';
import { parseExpr } from './parser.ts';
import { type DescribedValue, parseMetric, parseSeriesDescription, type SeriesDescription } from './series-description.ts';

/** What an evaluation must say besides its value. */
export interface AnnotationExpectation {
  readonly kind: 'fail' | 'warn' | 'no_warn' | 'info' | 'no_info' | 'ordered';
  readonly match: { readonly how: 'msg' | 'regex'; readonly text: string } | null;
}

export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly text: string;
  readonly expr: Expr;
  /** Instant, or start of the range, in ms. */
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant. */
  readonly stepMs: number;
  readonly annotations: readonly AnnotationExpectation[];
  readonly series: readonly SeriesDescription[];
  readonly scalar: number | null;
  readonly string: string | null;
  /** The instant query gives a range vector with these times. */
  readonly matrix: { readonly startMs: number; readonly endMs: number; readonly stepMs: number } | null;
}

export interface LoadCommand {
  readonly kind: 'load';
  readonly line: number;
  readonly stepMs: number;
  /** Classic buckets are to be read as native histograms too. */
  readonly customBuckets: boolean;
  readonly series: readonly SeriesDescription[];
  /** Where from each sample the counter of a series began, in ms, by the key of its labels; null where that is not known. */
  readonly startOffsets: ReadonlyMap<string, readonly (number | null)[]>;
}

/** An eval whose expression or expectations cannot be read. */
export interface BrokenCommand {
  readonly kind: 'broken';
  readonly line: number;
  readonly text: string;
  readonly problem: string;
}

export type TestCommand = EvalCommand | LoadCommand | BrokenCommand | { readonly kind: 'clear'; readonly line: number };

/** A line that is not in the test language. `line` counts from 1. */
export class TestScriptError extends Error {
  override readonly name = 'TestScriptError';
  readonly line: number;

  constructor(line: number, problem: string, options?: ErrorOptions) {
    super(`line ${line}: ${problem}`, options);
    this.line = line;
  }
}

/** Prometheus' `.test` files as commands. Throws `TestScriptError`. */
export function parseTestScript(text: string): TestCommand[] {
  const lines = text.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()));
  const commands: TestCommand[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? '';
    let end = at + 1;
    if (line === '') {
      at = end;
      continue;
    }
    const word = line.split(/[\s_]/, 1)[0]?.toLowerCase();
    if (word !== 'clear') while (end < lines.length && lines[end] !== '' && !(word === 'eval' && endsEval(lines[end - 1] ?? ''))) end++;
    const block = { line: at + 1, head: line, body: lines.slice(at + 1, end) };
    commands.push(parseCommand(word ?? '', block));
    at = end;
  }
  return commands;
}

/** After a number, and after what an old way of writing says of an error, the next command may follow at once. */
function endsEval(text: string): boolean {
  return numberOf(text) !== null || /^expected_fail_(?:message|regexp)/.test(text);
}

function numberOf(text: string): number | null {
  return parseFloat64(text) ?? parseNumber(text);
}

interface Block {
  readonly line: number;
  readonly head: string;
  readonly body: readonly string[];
}

function parseCommand(word: string, block: Block): TestCommand {
  try {
    if (word === 'clear') return { kind: 'clear', line: block.line };
    if (word === 'load') return parseLoad(block);
    if (word === 'eval') return parseEval(block);
  } catch (error) {
    if (error instanceof TestScriptError || !(error instanceof Error)) throw error;
    if (word === 'eval') return { kind: 'broken', line: block.line, text: block.head, problem: error.message };
    throw new TestScriptError(block.line, error.message, { cause: error });
  }
  throw new TestScriptError(block.line, `unknown command ${JSON.stringify(word)}, expected clear, load or eval`);
}

function parseLoad({ line, head, body }: Block): LoadCommand {
  const match = /^load(_with_nhcb)?\s+(.+)$/.exec(head);
  if (match === null) throw new TestScriptError(line, 'invalid load command (load[_with_nhcb] <step:duration>)');
  const series = new Map<string, SeriesDescription>();
  const startOffsets = new Map<string, readonly (number | null)[]>();
  for (let at = 0; at < body.length; at++) {
    const starts = parseStartLine(body[at] ?? '');
    if (starts !== null) at++;
    if (at === body.length) throw new Error('@st line has no following sample line');
    if (starts !== null && parseStartLine(body[at] ?? '') !== null) throw new Error('@st line has no following sample line');
    const described = parseSeriesDescription(body[at] ?? '');
    const key = labelsKey(described.labels);
    // What is loaded last under a name is all there is of it.
    series.delete(key);
    series.set(key, described);
    startOffsets.delete(key);
    if (starts !== null) startOffsets.set(key, offsetsFor(described, starts));
  }
  return {
    kind: 'load',
    line,
    stepMs: duration(match[2] ?? ''),
    customBuckets: match[1] !== undefined,
    series: [...series.values()],
    startOffsets,
  };
}

interface StartLine {
  readonly key: string;
  readonly offsetsMs: readonly (number | null)[];
}

/** `metric@st _ -30s-1mx2`: one signed duration for each sample of the line that follows. null: it is no such line. */
function parseStartLine(text: string): StartLine | null {
  const [, metric, offsets = ''] = /^(\S*)@st\s+(.*)$/.exec(text) ?? [];
  if (metric === undefined) return null;
  const items = offsets.split(/\s+/).filter((item) => item !== '');
  return { key: labelsKey(parseMetric(metric)), offsetsMs: items.flatMap(startOffsets) };
}

function offsetsFor({ labels, values }: SeriesDescription, { key, offsetsMs }: StartLine): readonly (number | null)[] {
  if (key !== labelsKey(labels)) throw new Error('@st metric does not match the following sample line metric');
  if (offsetsMs.length !== values.length) throw new Error(`@st line has ${offsetsMs.length} values but sample line has ${values.length}`);
  return offsetsMs;
}

function startOffsets(item: string): (number | null)[] {
  const blanks = /^_(?:x0*([1-9]\d{0,5}))?$/.exec(item);
  if (blanks !== null) return new Array<null>(Number(blanks[1] ?? 1)).fill(null);
  const [whole, first = '', change, times] = /^([+-]?[0-9a-w]+)([+-][0-9a-w]+)?(?:x(\d{1,6}))?$/.exec(item) ?? [];
  if (whole === undefined || (change !== undefined && times === undefined)) throw new Error(`invalid start time ${JSON.stringify(item)}`);
  return Array.from({ length: Number(times ?? 0) + 1 }, (_, index) => milliseconds(first) + index * milliseconds(change ?? '0'));
}

/** A duration that says when: never before the beginning. */
function duration(text: string): number {
  if (!/^\d/.test(text)) throw new Error(`not a valid duration: ${JSON.stringify(text)}`);
  return milliseconds(text);
}

function milliseconds(text: string): number {
  const negative = text.startsWith('-');
  const duration = readDuration(text.replace(/^[+-]/, ''));
  if ('problem' in duration) throw new Error(duration.problem);
  return negative ? -duration.ms : duration.ms;
}

function parseEval({ line, head, body }: Block): EvalCommand {
  const instant = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(\S+)\s+)?(.+)$/.exec(head);
  const range = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(\S+)\s+(.+)$/.exec(head);
  const match = instant ?? range;
  if (match === null) throw new TestScriptError(line, 'invalid eval command');
  const text = match.at(-1) ?? '';
  const startMs = duration(match[2] ?? '');
  const times = range === null ? { startMs, endMs: startMs, stepMs: 0 } : spanOf(match[2] ?? '', match[3] ?? '', match[4] ?? '');
  const expectations = parseExpectations(body, match[1] === 'fail');
  if (range === null && expectations.matrix === null && expectations.series.some(({ values }) => values.length > 1))
    throw new Error('several values of a series are expected of one instant; "expect range vector" says when they are');
  const annotations = match[1] === undefined ? expectations.annotations : [...expectations.annotations, suffix(match[1])];
  return { kind: 'eval', line, text, expr: parseExpr(text), ...times, ...expectations, annotations };
}

function spanOf(start: string, end: string, step: string): { startMs: number; endMs: number; stepMs: number } {
  const [startMs, endMs, stepMs] = [duration(start), duration(end), duration(step)];
  if (endMs < startMs) throw new Error(`end timestamp (${end}) is before start timestamp (${start})`);
  return { startMs, endMs, stepMs };
}

function suffix(kind: string): AnnotationExpectation {
  return { kind: kind === 'fail' || kind === 'warn' || kind === 'info' ? kind : 'ordered', match: null };
}

type Expectations = Pick<EvalCommand, 'annotations' | 'series' | 'scalar' | 'string' | 'matrix'>;

/** `mayFail`: the command says so itself, so that the old words for the error count. */
function parseExpectations(body: readonly string[], mayFail: boolean): Expectations {
  const annotations: AnnotationExpectation[] = [];
  const series: SeriesDescription[] = [];
  let rest: Omit<Expectations, 'annotations' | 'series'> = { scalar: null, string: null, matrix: null };
  for (const text of body) {
    const old = mayFail ? oldFailure(text) : null;
    const number = numberOf(text);
    if (old !== null) annotations.push(old);
    else if (text.startsWith('expect string')) rest = { ...rest, string: expectedString(text) };
    else if (text.startsWith('expect range vector')) rest = { ...rest, matrix: matrixTimes(text) };
    else if (text.split(' ', 1)[0] === 'expect') annotations.push(parseAnnotation(text));
    else if (number !== null) rest = { ...rest, scalar: number };
    else series.push(parseSeriesDescription(text));
  }
  checkAnnotations(annotations);
  return { annotations, series, ...rest };
}

function checkAnnotations(annotations: readonly AnnotationExpectation[]): void {
  const count = (wanted: AnnotationExpectation['kind']) => annotations.filter(({ kind }) => kind === wanted).length;
  for (const kind of ['info', 'warn'] as const)
    if (count(kind) > 0 && count(`no_${kind}`) > 0) throw new Error(`invalid expect lines, ${kind} and no_${kind} cannot be used together`);
  if (count('fail') > 1) throw new Error('invalid expect lines, multiple expect fail lines are not allowed');
}

function expectedString(text: string): string {
  const string = unquote(text.slice('expect string '.length));
  if (string === null) throw new Error('expected string literal not valid - a quoted string literal is required');
  return string;
}

function oldFailure(text: string): AnnotationExpectation | null {
  const [, how, words = ''] = /^expected_fail_(message|regexp)(.*)$/.exec(text) ?? [];
  if (how === undefined) return null;
  return { kind: 'fail', match: { how: how === 'message' ? 'msg' : 'regex', text: words.trim() } };
}

function parseAnnotation(text: string): AnnotationExpectation {
  const match = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/.exec(text);
  const kind = match?.[1];
  switch (kind) {
    case 'ordered':
    case 'fail':
    case 'warn':
    case 'no_warn':
    case 'info':
    case 'no_info':
      return { kind, match: match?.[3] === undefined ? null : { how: match[2] === 'regex' ? 'regex' : 'msg', text: match[3].trim() } };
    default:
      throw new Error('invalid expect statement, must match `expect <type> <match_type>: <string>` format');
  }
}

function matrixTimes(text: string): { startMs: number; endMs: number; stepMs: number } {
  const [, from, to, step] = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined || step === undefined)
    throw new Error(`invalid range vector definition ${JSON.stringify(text)}`);
  return spanOf(from, to, step);
}

/** The values of a described series at its times, without the positions that hold nothing. */
export function placed(values: readonly DescribedValue[], startMs: number, stepMs: number): Map<number, DescribedValue> {
  const byTime = new Map<number, DescribedValue>();
  for (const [index, value] of values.entries()) if (value !== null) byTime.set(startMs + index * stepMs, value);
  return byTime;
}
