import type { Clock } from '../base/clock.ts';
import type { Expr } from '../detect/promql/ast.ts';
import { evaluateInstant, evaluateRange, type QueryOptions } from '../detect/promql/evaluate.ts';
import { formatExponent, formatFixed } from '../detect/promql/go-float.ts';
import { isCustom, nativeBuckets } from '../detect/promql/native-buckets.ts';
import { parseSelectorText } from '../detect/promql/parse-selector-text.ts';
import { parseExpr } from '../detect/promql/parser.ts';
import { prettyExpr } from '../detect/promql/pretty.ts';
import { lineAndColumn, PromqlError } from '../detect/promql/promql-error.ts';
import type { MatrixSeries, QueryResult } from '../detect/promql/value.ts';
import type { NativeHistogram } from '../detect/series/native-histogram.ts';
import type { SeriesWindows } from '../detect/series/series-windows.ts';
import type { MetadataView, QueryAnswer, QueryBounds, QueryList, QueryRefusal, QuerySpan, QueryVerbs } from '../interfaces/verbs.ts';
import { type Labels, labelsKey } from '../model/labels.ts';

/** Evaluation keeps everything else waiting, so that nobody may have it for long. */
const timeoutMsMax = 10_000;
/** Asked for more often, the clock would cost more than it saves. */
const everything = Number.MAX_SAFE_INTEGER;

/** PromQL over the windows in memory, in the JSON shapes of Prometheus. */
export function createQueries(windows: SeriesWindows, clock: Clock): QueryVerbs {
  return {
    instant: async (query, at, bounds) => {
      const atMs = at ?? clock.now();
      return answer(query, atMs, (expr) => evaluateInstant(expr, { ...optionsOf(windows, query, bounds), atMs }));
    },
    range: async (query, startMs, endMs, stepMs, bounds) =>
      answer(query, endMs, (expr) => evaluateRange(expr, { ...optionsOf(windows, query, bounds), startMs, endMs, stepMs })),
    series: async (matchers, span) => selected(windows, matchers, span),
    labelNames: async (matchers, span) => {
      if (matchers.length === 0) return listed(windows.labelNames());
      const found = selected(windows, matchers, span);
      return 'error' in found ? found : listed(found.values.flatMap((labels) => Object.keys(labels)));
    },
    labelValues: async (name, matchers, span) => {
      if (matchers.length === 0) return listed(windows.labelValues(name));
      const found = selected(windows, matchers, span);
      return 'error' in found ? found : listed(found.values.flatMap((labels) => labels[name] ?? []));
    },
    format: formatQuery,
    metadata: async () => metadataOf(windows),
  };
}

/** The expression as Prometheus lays it out. */
export function formatQuery(query: string): string | QueryRefusal {
  const expr = parsed(query);
  return 'error' in expr ? expr : prettyExpr(expr);
}

function listed(values: readonly string[]): QueryList<string> {
  return { values: [...new Set(values)].sort(), warnings: [] };
}

function optionsOf(windows: SeriesWindows, text: string, bounds: QueryBounds = {}): QueryOptions {
  const endsAt = performance.now() + Math.min(timeoutMsMax, bounds.timeoutMs ?? timeoutMsMax);
  const limits = { expired: () => performance.now() > endsAt };
  const { lookbackMs } = bounds;
  return { queryable: windows, text, limits, ...(lookbackMs === undefined || lookbackMs <= 0 ? {} : { lookbackMs }) };
}

function parsed(query: string): Expr | QueryRefusal {
  try {
    return parseExpr(query);
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    return {
      errorType: 'bad_data',
      error: `invalid parameter "query": ${lineAndColumn(query, error.start)}: parse error: ${error.message}`,
    };
  }
}

function answer(query: string, atMs: number, run: (expr: Expr) => QueryResult): QueryAnswer {
  const expr = parsed(query);
  if ('error' in expr) return { ok: false, ...expr };
  try {
    const { value, warnings, infos } = run(expr);
    return { ok: true, ...valueJson(value, atMs), warnings: warnings.map(String), infos: infos.map(String) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, errorType: errorTypeOf(message), error: message };
  }
}

function errorTypeOf(message: string): 'bad_data' | 'execution' | 'timeout' {
  if (message.startsWith('query timed out')) return 'timeout';
  // Upstream says this while it reads the query.
  return message.startsWith('invalid expression type') ? 'bad_data' : 'execution';
}

function valueJson(
  value: QueryResult['value'],
  atMs: number,
): { readonly resultType: 'vector' | 'matrix' | 'scalar' | 'string'; readonly result: unknown } {
  switch (value.type) {
    case 'vector':
      return {
        resultType: 'vector',
        result: value.samples.map(({ labels, value: float, histogram }) =>
          histogram === undefined
            ? { metric: labels, value: [atMs / 1000, numberText(float)] }
            : { metric: labels, histogram: [atMs / 1000, histogramJson(histogram)] },
        ),
      };
    case 'matrix':
      return {
        resultType: 'matrix',
        result: value.series.map(seriesJson),
      };
    case 'scalar':
      return { resultType: 'scalar', result: [atMs / 1000, numberText(value.value)] };
    case 'string':
      return { resultType: 'string', result: [atMs / 1000, value.value] };
  }
}

/** Floats and histograms in lists of their own; a list that is empty is left out. */
function seriesJson({ labels, times, values, histograms }: MatrixSeries) {
  const floats: unknown[] = [];
  const natives: unknown[] = [];
  for (const [index, time] of times.entries()) {
    const histogram = histograms?.[index] ?? null;
    if (histogram === null) floats.push([time / 1000, numberText(values[index] ?? Number.NaN)]);
    else natives.push([time / 1000, histogramJson(histogram)]);
  }
  return { metric: labels, ...(floats.length > 0 ? { values: floats } : {}), ...(natives.length > 0 ? { histograms: natives } : {}) };
}

/** Which bounds belong to a bucket, as the API numbers it: the upper one, the lower one, both. */
const boundaries = { upper: 0, lower: 1, both: 3 } as const;

function histogramJson(histogram: NativeHistogram) {
  const buckets = nativeBuckets(histogram).map(({ kind, index, lower, upper, count }) => {
    const isLowest = isCustom(histogram) && index === 0;
    const bounds = kind === 'negative' ? 'lower' : kind === 'zero' || isLowest ? 'both' : 'upper';
    return [boundaries[bounds], numberText(lower), numberText(upper), numberText(count)];
  });
  const { count, sum } = histogram;
  return { count: numberText(count), sum: numberText(sum), ...(buckets.length > 0 ? { buckets } : {}) };
}

/** As Prometheus writes a sample: digits as far as they go, an exponent only for the very small and the very large. */
function numberText(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-6 || size >= 1e21) ? formatExponent(value) : formatFixed(value);
}

function selected(windows: SeriesWindows, matchers: readonly string[], span: QuerySpan = {}): QueryList<Labels> | QueryRefusal {
  const found = new Map<string, Labels>();
  for (const text of matchers) {
    const selector = parseSelectorText(text);
    if (typeof selector === 'string') return { errorType: 'bad_data', error: `invalid parameter "match[]": ${selector}` };
    const views = windows.select(selector, (span.startMs ?? 0) - 1, span.endMs ?? everything);
    for (const { labels } of views) found.set(labelsKey(labels), labels);
  }
  return { values: [...found.values()], warnings: [] };
}

async function metadataOf(windows: SeriesWindows): Promise<ReadonlyMap<string, readonly MetadataView[]>> {
  const found = new Map<string, MetadataView[]>();
  for (const byMetric of windows.allMetadata().values()) {
    for (const [metric, { type, help }] of byMetric) {
      const known = found.get(metric) ?? [];
      // Targets that say the same are told once.
      if (!known.some((one) => one.type === type && one.help === help)) found.set(metric, [...known, { type, help, unit: '' }]);
    }
  }
  return found;
}
