import { z } from 'zod';
import type { PrometheusApi } from '../connectors/metrics/prometheus-api/prometheus-api.ts';
import { PrometheusApiError, type PrometheusApiErrorCode } from '../connectors/metrics/prometheus-api/prometheus-api-error.ts';
import type {
  MetadataView,
  QueryAnswer,
  QueryBounds,
  QueryErrorType,
  QueryList,
  QueryRefusal,
  QuerySpan,
  QueryVerbs,
} from '../interfaces/verbs.ts';
import { labelsOf } from '../model/labels.ts';
import { formatQuery } from './queries.ts';

const timeoutMsMax = 30_000;
/** How clients write "as early as can be" and "as late as can be": servers say so by leaving it out. */
const instantMsMax = 8.64e15;

const valueData = z.object({ resultType: z.enum(['vector', 'matrix', 'scalar', 'string']), result: z.unknown() });
const labelSets = z.array(z.record(z.string(), z.string()));
const texts = z.array(z.string());
const metadata = z.record(z.string(), z.array(z.object({ type: z.string(), help: z.string(), unit: z.string().default('') })));

/**
 * The read API of a remote server as our own: its answers, its numbers and its errors are passed on as they are. Incomplete answers are, too,
 * with the warnings of the server; only rules refuse those.
 */
export function createRemoteQueries(api: PrometheusApi): QueryVerbs {
  return {
    instant: (query, atMs, bounds) => value(api, 'query', { query, ...(atMs === null ? {} : { time: seconds(atMs) }) }, bounds),
    range: (query, startMs, endMs, stepMs, bounds) =>
      value(api, 'query_range', { query, start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs) }, bounds),
    async series(matchers, span) {
      const found = await list(api, 'series', 'POST', labelSets, matchers, span);
      return 'error' in found ? found : { ...found, values: found.values.map((labels) => labelsOf(Object.entries(labels))) };
    },
    labelNames: (matchers, span) => list(api, 'labels', 'POST', texts, matchers, span),
    labelValues: (name, matchers, span) => list(api, `label/${encodeURIComponent(name)}/values`, 'GET', texts, matchers, span),
    format: formatQuery,
    metadata: () => metadataOf(api),
  };
}

async function value(
  api: PrometheusApi,
  endpoint: string,
  parameters: Readonly<Record<string, string>>,
  { timeoutMs, lookbackMs }: QueryBounds = {},
): Promise<QueryAnswer> {
  const asked = new URLSearchParams(parameters);
  if (lookbackMs !== undefined) asked.set('lookback_delta', seconds(lookbackMs));
  const found = await read(api, endpoint, asked, 'POST', valueData, timeoutMs);
  if ('error' in found) return { ok: false, ...found };
  const { data, warnings, infos } = found;
  return { ok: true, resultType: data.resultType, result: data.result, warnings, infos };
}

async function list<T>(
  api: PrometheusApi,
  endpoint: string,
  method: 'GET' | 'POST',
  shape: z.ZodType<readonly T[]>,
  matchers: readonly string[],
  { startMs, endMs }: QuerySpan = {},
): Promise<QueryList<T> | QueryRefusal> {
  const asked = new URLSearchParams(matchers.map((text): [string, string] => ['match[]', text]));
  if (startMs !== undefined && startMs > -instantMsMax) asked.set('start', seconds(startMs));
  if (endMs !== undefined && endMs < instantMsMax) asked.set('end', seconds(endMs));
  const found = await read(api, endpoint, asked, method, shape);
  return 'error' in found ? found : { values: found.data, warnings: found.warnings };
}

async function metadataOf(api: PrometheusApi): Promise<ReadonlyMap<string, readonly MetadataView[]> | QueryRefusal> {
  const found = await read(api, 'metadata', new URLSearchParams(), 'GET', metadata);
  return 'error' in found ? found : new Map(Object.entries(found.data));
}

interface Read<T> {
  readonly data: T;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

async function read<T>(
  api: PrometheusApi,
  endpoint: string,
  asked: URLSearchParams,
  method: 'GET' | 'POST',
  shape: z.ZodType<T>,
  timeoutMs = timeoutMsMax,
): Promise<Read<T> | QueryRefusal> {
  try {
    const answer = await api.read(endpoint, asked, { method, timeoutMs: Math.max(1, Math.min(timeoutMs, timeoutMsMax)) });
    if (!answer.ok) return { errorType: knownErrorType(answer.errorType), error: answer.error };
    const data = shape.safeParse(answer.data ?? []);
    if (data.success) return { data: data.data, warnings: answer.warnings, infos: answer.infos };
    return { errorType: 'internal', error: `the server of metrics.url answers ${endpoint} in a shape that is not that of Prometheus` };
  } catch (error) {
    if (!(error instanceof PrometheusApiError)) throw error;
    return { errorType: errorTypeOf[error.code], error: error.message };
  }
}

/** What went wrong on the way to the server, in the words of Prometheus. */
const errorTypeOf: Readonly<Record<PrometheusApiErrorCode, QueryErrorType>> = {
  timeout: 'timeout',
  unreachable: 'unavailable',
  'bad-header': 'unavailable',
  'http-status': 'unavailable',
  partial: 'unavailable',
  'bad-answer': 'internal',
  unsupported: 'internal',
  'too-large': 'execution',
  'bad-query': 'bad_data',
  stopped: 'canceled',
};

const errorTypes: readonly string[] = [
  'bad_data',
  'execution',
  'timeout',
  'canceled',
  'internal',
  'unavailable',
  'not_found',
  'not_acceptable',
];

/** VictoriaMetrics gives an HTTP status as the type of an error, Mimir some of its own. */
function knownErrorType(given: string): QueryErrorType {
  if (isErrorType(given)) return given;
  if (/^4\d\d$/.test(given)) return given === '422' ? 'execution' : 'bad_data';
  return given === '503' ? 'unavailable' : 'internal';
}

function isErrorType(given: string): given is QueryErrorType {
  return errorTypes.includes(given);
}

function seconds(ms: number): string {
  return String(ms / 1000);
}
