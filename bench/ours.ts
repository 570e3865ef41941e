import { evaluateInstant } from '../src/detect/promql/evaluate.ts';
import { parseExpr } from '../src/detect/promql/parser.ts';
import { ExpositionParser } from '../src/detect/scrape/exposition-parser.ts';
import { SeriesWindows } from '../src/detect/series/series-windows.ts';
import { labelsOf } from '../src/model/labels.ts';
import { type BenchSeries, intervalMs, metric, ratioRule, scrapes } from './data.ts';

/** Windows as the daemon fills them: one target, scrape after scrape. */
export function filledWindows(series: readonly BenchSeries[], startMs: number): SeriesWindows {
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
  }
  return windows;
}

/** One evaluation of the rule, its text parsed, too: its time in ms and the number of services it finds. */
export function evaluateOnce(windows: SeriesWindows, atMs: number): { readonly tookMs: number; readonly found: number } {
  const startedAt = performance.now();
  const { value } = evaluateInstant(parseExpr(ratioRule), { queryable: windows, atMs });
  const tookMs = performance.now() - startedAt;
  if (value.type !== 'vector') throw new Error('the rule gives no vector');
  return { tookMs, found: value.samples.length };
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
