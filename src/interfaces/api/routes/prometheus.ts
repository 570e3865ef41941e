import { z } from 'zod';
import { parseDuration } from '../../../base/duration.ts';
import type { QueryAnswer, RuleAlertView, RuleView, Verbs } from '../../verbs.ts';
import { instant } from '../json.ts';
import { type Answer, type Route, route } from '../route.ts';

/** Prometheus' JSON: `status` in the body, and its own error types instead of problem details. */
function success(data: unknown, extra: Readonly<Record<string, unknown>> = {}): Answer {
  return { json: { status: 'success', data, ...extra } };
}

function failure(status: number, errorType: string, error: string): Answer {
  return { status, json: { status: 'error', errorType, error } };
}

function answerOf(answer: QueryAnswer): Answer {
  if (!answer.ok)
    return failure(answer.errorType === 'bad_data' ? 400 : answer.errorType === 'timeout' ? 503 : 422, answer.errorType, answer.error);
  const { resultType, result, warnings, infos } = answer;
  return success({ resultType, result }, { ...(warnings.length > 0 ? { warnings } : {}), ...(infos.length > 0 ? { infos } : {}) });
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,20})?([Zz]|[+-]\d\d:\d\d)$/;
const number = /^-?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?$/;

/** Unix seconds or RFC 3339, in ms; null when it is neither. */
function parseTime(text: string): number | null {
  const at = number.test(text) ? Number(text) * 1000 : rfc3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(at) ? at : null;
}

/** Seconds as a number, or a duration of Prometheus; null when it is neither or does not go forward. */
function parseStep(text: string): number | null {
  const stepMs = number.test(text) ? Number(text) * 1000 : durationOf(text);
  return stepMs !== null && stepMs > 0 && Number.isFinite(stepMs) ? stepMs : null;
}

function durationOf(text: string): number | null {
  try {
    return parseDuration(text);
  } catch {
    return null;
  }
}

const pointsMax = 11_000;
const many = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const queryShape = z.looseObject({ query: z.string().max(100_000).default(''), time: z.string().max(100).optional() });
const rangeShape = z.looseObject({
  query: z.string().max(100_000).default(''),
  start: z.string().max(100).default(''),
  end: z.string().max(100).default(''),
  step: z.string().max(100).default(''),
});

async function instantQuery(
  given: z.infer<typeof queryShape>,
  run: (query: string, atMs: number | null) => Promise<QueryAnswer>,
): Promise<Answer> {
  const at = given.time === undefined ? null : parseTime(given.time);
  if (given.time !== undefined && at === null)
    return failure(400, 'bad_data', `invalid parameter "time": cannot parse "${given.time}" to a valid timestamp`);
  return answerOf(await run(given.query, at));
}

async function rangeQuery(
  given: z.infer<typeof rangeShape>,
  run: (query: string, startMs: number, endMs: number, stepMs: number) => Promise<QueryAnswer>,
): Promise<Answer> {
  const [start, end, step] = [parseTime(given.start), parseTime(given.end), parseStep(given.step)];
  if (start === null) return failure(400, 'bad_data', `invalid parameter "start": cannot parse "${given.start}" to a valid timestamp`);
  if (end === null) return failure(400, 'bad_data', `invalid parameter "end": cannot parse "${given.end}" to a valid timestamp`);
  if (step === null) return failure(400, 'bad_data', `invalid parameter "step": cannot parse "${given.step}" to a valid duration`);
  if (end < start) return failure(400, 'bad_data', 'invalid parameter "end": end timestamp must not be before start time');
  if ((end - start) / step > pointsMax)
    return failure(
      400,
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  return answerOf(await run(given.query, start, end, step));
}

const seriesShape = z.looseObject({ 'match[]': many.default([]) });

async function seriesQuery(given: z.infer<typeof seriesShape>, verbs: Verbs): Promise<Answer> {
  if (given['match[]'].length === 0) return failure(400, 'bad_data', 'no match[] parameter provided');
  const found = await verbs.queries.series(given['match[]']);
  return isError(found) ? failure(400, 'bad_data', found.error) : success(found);
}

function isError(found: Awaited<ReturnType<Verbs['queries']['series']>>): found is { readonly error: string } {
  return !Array.isArray(found);
}

function alertJson(alert: RuleAlertView): Readonly<Record<string, unknown>> {
  return {
    labels: alert.labels,
    annotations: alert.annotations,
    state: alert.state,
    activeAt: instant(alert.activeAt),
    keepFiringSince: alert.keptSinceAt === null ? undefined : instant(alert.keptSinceAt),
    value: alert.value === null ? '' : exponential(alert.value),
  };
}

/** Go's `%e` as Prometheus prints the value of an alert: at least two digits in the exponent. */
function exponential(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

function ruleJson(rule: RuleView): Readonly<Record<string, unknown>> {
  const health = rule.error !== null ? 'err' : rule.evaluatedAt === null ? 'unknown' : 'ok';
  const base = {
    name: rule.name,
    query: rule.expr,
    labels: rule.labels,
    health,
    lastError: rule.error ?? undefined,
    evaluationTime: (rule.durationMs ?? 0) / 1000,
    lastEvaluation: instant(rule.evaluatedAt ?? 0),
  };
  if (rule.kind === 'record') return { ...base, type: 'recording' };
  const state = rule.state === 'firing' || rule.state === 'pending' ? rule.state : 'inactive';
  return {
    ...base,
    type: 'alerting',
    state,
    duration: rule.forMs / 1000,
    keepFiringFor: rule.keepFiringForMs / 1000,
    annotations: rule.annotations,
    alerts: rule.alerts.filter((alert) => alert.state === 'firing' || alert.state === 'pending').map(alertJson),
  };
}

function groupsJson(rules: readonly RuleView[]): readonly unknown[] {
  const groups = new Map<string, RuleView[]>();
  for (const rule of rules) groups.set(`${rule.file};${rule.group}`, [...(groups.get(`${rule.file};${rule.group}`) ?? []), rule]);
  return [...groups.values()].map((members) => ({
    name: members[0]?.group,
    file: members[0]?.file,
    interval: (members[0]?.intervalMs ?? 0) / 1000,
    limit: 0,
    evaluationTime: members.reduce((sum, rule) => sum + (rule.durationMs ?? 0), 0) / 1000,
    lastEvaluation: instant(Math.max(0, ...members.map((rule) => rule.evaluatedAt ?? 0))),
    rules: members.map(ruleJson),
  }));
}

function both(path: string, make: (method: 'GET' | 'POST') => Route): Route[] {
  return path === '' ? [] : [make('GET'), make('POST')];
}

/** Prometheus' read API, so that Grafana and promtool can be pointed here. */
export const prometheusRoutes: readonly Route[] = [
  ...both('query', (method) =>
    method === 'GET'
      ? route({
          method,
          path: '/api/v1/query',
          summary: 'Instant query',
          query: queryShape,
          answers: 'data',
          handle: ({ query }, verbs) => instantQuery(query, verbs.queries.instant),
        })
      : route({
          method,
          path: '/api/v1/query',
          summary: 'Instant query',
          query: z.looseObject({}),
          body: queryShape.prefault({}),
          answers: 'data',
          handle: ({ body, query }, verbs) =>
            instantQuery({ ...body, ...(query as object) } as z.infer<typeof queryShape>, verbs.queries.instant),
        }),
  ),
  ...both('query_range', (method) =>
    method === 'GET'
      ? route({
          method,
          path: '/api/v1/query_range',
          summary: 'Range query',
          query: rangeShape,
          answers: 'data',
          handle: ({ query }, verbs) => rangeQuery(query, verbs.queries.range),
        })
      : route({
          method,
          path: '/api/v1/query_range',
          summary: 'Range query',
          body: rangeShape.prefault({}),
          answers: 'data',
          handle: ({ body }, verbs) => rangeQuery(body, verbs.queries.range),
        }),
  ),
  route({
    method: 'GET',
    path: '/api/v1/series',
    summary: 'Series that match',
    query: seriesShape,
    answers: 'data',
    handle: ({ query }, verbs) => seriesQuery(query, verbs),
  }),
  route({
    method: 'POST',
    path: '/api/v1/series',
    summary: 'Series that match',
    body: seriesShape.prefault({}),
    answers: 'data',
    handle: ({ body }, verbs) => seriesQuery(body, verbs),
  }),
  route({
    method: 'GET',
    path: '/api/v1/labels',
    summary: 'Label names',
    answers: 'data',
    handle: async (_, verbs) => success(await verbs.queries.labelNames()),
  }),
  route({
    method: 'POST',
    path: '/api/v1/labels',
    summary: 'Label names',
    body: z.looseObject({}).prefault({}),
    answers: 'data',
    handle: async (_, verbs) => success(await verbs.queries.labelNames()),
  }),
  route({
    method: 'GET',
    path: '/api/v1/label/:name/values',
    summary: 'Values of a label',
    params: z.object({ name: z.string().min(1).max(500) }),
    answers: 'data',
    handle: async ({ params }, verbs) => success(await verbs.queries.labelValues(params.name)),
  }),
  route({
    method: 'GET',
    path: '/api/v1/metadata',
    summary: 'Types and help of metrics',
    answers: 'data',
    handle: async (_, verbs) => success(await verbs.queries.metadata()),
  }),
  route({
    method: 'GET',
    path: '/api/v1/rules',
    summary: 'Rules in their groups',
    answers: 'data',
    handle: (_, verbs) => success({ groups: groupsJson(verbs.rules()) }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/alerts',
    summary: 'Pending and firing alerts of our own rules',
    answers: 'data',
    handle: (_, verbs) =>
      success({
        alerts: verbs
          .rules()
          .flatMap((rule) => rule.alerts.filter((alert) => alert.state === 'firing' || alert.state === 'pending').map(alertJson)),
      }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/targets',
    summary: 'Targets',
    answers: 'data',
    handle: (_, verbs) =>
      success({
        activeTargets: verbs.targets().map((target) => ({
          discoveredLabels: {},
          labels: target.labels,
          scrapePool: target.name,
          scrapeUrl: target.url,
          globalUrl: target.url,
          lastError: target.lastError ?? '',
          lastScrape: instant(target.lastScrapeAt ?? 0),
          lastScrapeDuration: (target.lastDurationMs ?? 0) / 1000,
          health: target.health,
          scrapeInterval: `${target.intervalMs / 1000}s`,
          scrapeTimeout: `${target.intervalMs / 1000}s`,
        })),
        droppedTargets: [],
        droppedTargetCounts: {},
      }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/status/buildinfo',
    summary: 'Version',
    answers: 'data',
    handle: async (_, verbs) =>
      success({ version: (await verbs.status()).version, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' }),
  }),
];
