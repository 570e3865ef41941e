import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { evaluateInstant } from '../src/detect/promql/evaluate.ts';
import { parseExpr } from '../src/detect/promql/parser.ts';
import { ExpositionParser } from '../src/detect/scrape/exposition-parser.ts';
import { SeriesWindows } from '../src/detect/series/series-windows.ts';
import { labelsOf } from '../src/model/labels.ts';
import { type BenchSeries, benchSeries, intervalMs, metric, ratioRule, scrapes } from './data.ts';

/** One evaluation of the rule: its time in ms, that of parsing its text included, and the number of services it finds. */
export interface Evaluation {
  readonly tookMs: number;
  readonly found: number;
}

/** Windows as the daemon fills them: one target, scrape after scrape. `afterScrape`: what the daemon does then. */
export function filledWindows(series: readonly BenchSeries[], startMs: number, afterScrape: () => void = () => {}): SeriesWindows {
  const windows = new SeriesWindows();
  windows.setTarget('front', labelsOf([]));
  const parser = new ExpositionParser();
  for (let scrape = 0; scrape < scrapes; scrape += 1) {
    const lines = series.map(
      ({ labels, step }) => `${metric}{${labels.map(([name, value]) => `${name}="${value}"`).join(',')}} ${scrape * step}`,
    );
    const exposition = parser.parse(Buffer.from(`${lines.join('\n')}\n`));
    const outcome = windows.commitScrape({ target: 'front', atMs: startMs + scrape * intervalMs, durationMs: 1, exposition });
    if (outcome.kind !== 'committed') throw new Error(`the windows refuse the data: ${outcome.reason}`);
    afterScrape();
  }
  return windows;
}

/** The instant of the last scrape of windows that begin at `startMs`. */
export function endOf(startMs: number): number {
  return startMs + (scrapes - 1) * intervalMs;
}

/** Reads the rule's text and evaluates it at an instant. */
export function evaluateOnce(windows: SeriesWindows, atMs: number): Evaluation {
  const startedAt = performance.now();
  const { value } = evaluateInstant(parseExpr(ratioRule), { queryable: windows, atMs });
  const tookMs = performance.now() - startedAt;
  if (value.type !== 'vector') throw new Error('the rule gives no vector');
  return { tookMs, found: value.samples.length };
}

/**
 * A process that evaluates rules as a daemon does, scrape after scrape: over a small target of its own, so that the code is in use while
 * nobody has looked at the data of the other targets.
 */
export class RunningProcess {
  readonly #startMs: number;
  readonly #small: SeriesWindows;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#small = filledWindows(benchSeries(3_000), startMs);
    this.#work();
  }

  #work(): void {
    for (let turn = 0; turn < 100; turn += 1) this.turn();
  }

  /** What the daemon does after a scrape. */
  turn(): void {
    evaluateOnce(this.#small, endOf(this.#startMs));
  }

  /** The rule over windows that were just filled, twice: as fresh as they are, and once more. */
  firstAndAgain(series: readonly BenchSeries[]): readonly [first: Evaluation, again: Evaluation] {
    const windows = filledWindows(series, this.#startMs, () => this.turn());
    // What the loading left behind is no part of the evaluation. To be asked for it makes V8 throw away compiled code, too.
    globalThis.gc?.();
    this.#work();
    return [evaluateOnce(windows, endOf(this.#startMs)), evaluateOnce(windows, endOf(this.#startMs))];
  }
}

const newProcess = fileURLToPath(new URL('new-process.ts', import.meta.url));

/** The first evaluation of a process that did nothing but fill the windows: its code is compiled on the way. */
export function firstInNewProcess(series: number, startMs: number): Evaluation {
  const said = execFileSync(process.execPath, ['--expose-gc', newProcess, String(series), String(startMs)], { encoding: 'utf8' });
  return JSON.parse(said) as Evaluation;
}

/** Expressions per second that the parser reads, over these texts again and again for two seconds, after two to get warm. */
export function parserRate(texts: readonly string[]): number {
  parsedIn(2_000, texts);
  return parsedIn(2_000, texts) / 2;
}

function parsedIn(forMs: number, texts: readonly string[]): number {
  let parsed = 0;
  for (const startedAt = performance.now(); performance.now() - startedAt < forMs; parsed += texts.length) {
    for (const text of texts) parseExpr(text);
  }
  return parsed;
}
