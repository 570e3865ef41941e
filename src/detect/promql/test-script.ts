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
  readonly matrix: { readonly startMs: number; readonly stepMs: number } | null;
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
    if (word !== 'clear') while (end < lines.length && lines[end] !== '') end++;
    const block = { line: at + 1, head: line, body: lines.slice(at + 1, end) };
    commands.push(parseCommand(word ?? '', block));
    at = end;
  }
  return commands;
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
  const series = body.filter((text) => !startLine.test(text)).map(parseSeriesDescription);
  const startOffsets = new Map(body.filter((text) => startLine.test(text)).map(parseStartLine));
  return { kind: 'load', line, stepMs: milliseconds(match[2] ?? ''), customBuckets: match[1] !== undefined, series, startOffsets };
}

const startLine = /@st(?:\s|$)/;

/** `metric@st _ -30s-1mx2`: one signed duration for each sample. */
function parseStartLine(text: string): [key: string, offsetsMs: readonly (number | null)[]] {
  const at = text.search(startLine);
  const offsets = text
    .slice(at + 3)
    .trim()
    .split(/\s+/)
    .filter((item) => item !== '')
    .flatMap(startOffsets);
  return [labelsKey(parseMetric(text.slice(0, at))), offsets];
}

function startOffsets(item: string): (number | null)[] {
  const blanks = /^_(?:x(\d{1,6}))?$/.exec(item);
  if (blanks !== null) return new Array<null>(Number(blanks[1] ?? 1)).fill(null);
  const [whole, first = '', change = '0', times = '0'] = /^([+-]?[0-9a-w]+)([+-][0-9a-w]+)?(?:x(\d{1,6}))?$/.exec(item) ?? [];
  if (whole === undefined) throw new Error(`invalid start time ${JSON.stringify(item)}`);
  return Array.from({ length: Number(times) + 1 }, (_, index) => milliseconds(first) + index * milliseconds(change));
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
  const startMs = milliseconds(match[2] ?? '0');
  const times = range === null ? { startMs, endMs: startMs, stepMs: 0 } : rangeTimes(range);
  const expectations = parseExpectations(body);
  const annotations = match[1] === undefined ? expectations.annotations : [...expectations.annotations, suffix(match[1])];
  return { kind: 'eval', line, text, expr: parseExpr(text), ...times, ...expectations, annotations };
}

function rangeTimes(range: RegExpExecArray): { startMs: number; endMs: number; stepMs: number } {
  const [, , start = '', end = '', step = ''] = range;
  return { startMs: milliseconds(start), endMs: milliseconds(end), stepMs: milliseconds(step) };
}

function suffix(kind: string): AnnotationExpectation {
  return { kind: kind === 'fail' || kind === 'warn' || kind === 'info' ? kind : 'ordered', match: null };
}

type Expectations = Pick<EvalCommand, 'annotations' | 'series' | 'scalar' | 'string' | 'matrix'>;

function parseExpectations(body: readonly string[]): Expectations {
  const annotations: AnnotationExpectation[] = [];
  const series: SeriesDescription[] = [];
  let rest: Omit<Expectations, 'annotations' | 'series'> = { scalar: null, string: null, matrix: null };
  for (const text of body) {
    const annotation = parseAnnotation(text);
    const number = parseFloat64(text) ?? parseNumber(text);
    if (annotation !== null) annotations.push(annotation);
    else if (text.startsWith('expect string')) rest = { ...rest, string: unquote(text.slice('expect string'.length).trim()) ?? text };
    else if (text.startsWith('expect range vector')) rest = { ...rest, matrix: matrixTimes(text) };
    else if (number !== null) rest = { ...rest, scalar: number };
    else series.push(parseSeriesDescription(text));
  }
  return { annotations, series, ...rest };
}

function parseAnnotation(text: string): AnnotationExpectation | null {
  const old = /^expected_fail_(message|regexp)\s+(.+)$/.exec(text);
  if (old !== null) return { kind: 'fail', match: { how: old[1] === 'message' ? 'msg' : 'regex', text: old[2] ?? '' } };
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
      return null;
  }
}

function matrixTimes(text: string): { startMs: number; stepMs: number } {
  const match = /^expect range vector from (\S+) to (\S+) step (\S+)$/.exec(text);
  if (match === null) throw new Error(`invalid expectation ${JSON.stringify(text)}`);
  return { startMs: milliseconds(match[1] ?? ''), stepMs: milliseconds(match[3] ?? '') };
}

/** The values of a described series at its times, without the positions that hold nothing. */
export function placed(values: readonly DescribedValue[], startMs: number, stepMs: number): Map<number, DescribedValue> {
  const byTime = new Map<number, DescribedValue>();
  for (const [index, value] of values.entries()) if (value !== null) byTime.set(startMs + index * stepMs, value);
  return byTime;
}
