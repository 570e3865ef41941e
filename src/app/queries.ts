import type { Clock } from '../base/clock.ts';
import { evaluateInstant, evaluateRange } from '../detect/promql/evaluate.ts';
import { parseExpr } from '../detect/promql/parser.ts';
import { PromqlError } from '../detect/promql/promql-error.ts';
import type { QueryResult } from '../detect/promql/value.ts';
import type { SeriesWindows } from '../detect/series/series-windows.ts';
import type { QueryAnswer, QueryVerbs } from '../interfaces/verbs.ts';
import type { Labels } from '../model/labels.ts';

/** PromQL over the windows in memory, in the JSON shapes of Prometheus. */
export function createQueries(windows: SeriesWindows, clock: Clock): QueryVerbs {
  return {
    instant: async (query, atMs) =>
      answer(() => evaluateInstant(parseExpr(query), { queryable: windows, atMs: atMs ?? clock.now() }), atMs ?? clock.now()),
    range: async (query, startMs, endMs, stepMs) =>
      answer(() => evaluateRange(parseExpr(query), { queryable: windows, startMs, endMs, stepMs }), endMs),
    series: async (matchers) => findSeries(windows, matchers, clock.now()),
    labelNames: async () => windows.labelNames(),
    labelValues: async (name) => windows.labelValues(name),
    metadata: async () => metadataOf(windows),
  };
}

function answer(run: () => QueryResult, atMs: number): QueryAnswer {
  try {
    const { value, warnings, infos } = run();
    return { ok: true, ...valueJson(value, atMs), warnings: warnings.map(String), infos: infos.map(String) };
  } catch (error) {
    if (error instanceof PromqlError) return { ok: false, errorType: 'bad_data', error: `invalid parameter "query": ${error.message}` };
    return { ok: false, errorType: 'execution', error: error instanceof Error ? error.message : String(error) };
  }
}

function valueJson(
  value: QueryResult['value'],
  atMs: number,
): { readonly resultType: 'vector' | 'matrix' | 'scalar' | 'string'; readonly result: unknown } {
  switch (value.type) {
    case 'vector':
      return {
        resultType: 'vector',
        result: value.samples.map((sample) => ({ metric: sample.labels, value: [atMs / 1000, numberText(sample.value)] })),
      };
    case 'matrix':
      return {
        resultType: 'matrix',
        result: value.series.map((series) => ({
          metric: series.labels,
          values: Array.from(series.times, (time, index) => [time / 1000, numberText(series.values[index] ?? Number.NaN)]),
        })),
      };
    case 'scalar':
      return { resultType: 'scalar', result: [atMs / 1000, numberText(value.value)] };
    case 'string':
      return { resultType: 'string', result: [atMs / 1000, value.value] };
  }
}

/** As Prometheus writes a sample: `+Inf`, `-Inf`, `NaN`, else the shortest digits. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

function findSeries(windows: SeriesWindows, matchers: readonly string[], nowMs: number): readonly Labels[] | { readonly error: string } {
  const found = new Map<string, Labels>();
  for (const text of matchers) {
    try {
      const expr = parseExpr(text);
      if (expr.kind !== 'selector') return { error: `invalid parameter "match[]": ${text} is not a selector` };
      for (const view of windows.select(expr.matchers, 0, nowMs)) found.set(JSON.stringify(view.labels), view.labels);
    } catch (error) {
      return { error: `invalid parameter "match[]": ${error instanceof Error ? error.message : String(error)}` };
    }
  }
  return [...found.values()];
}

async function metadataOf(windows: SeriesWindows) {
  return Object.fromEntries(
    [...windows.allMetadata()].map(([metric, byTarget]) => [
      metric,
      [...byTarget.values()].map(({ type, help }) => ({ type, help: help ?? '', unit: '' })),
    ]),
  );
}
