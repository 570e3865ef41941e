import { z } from 'zod';
import { formatDuration } from '../../../base/duration.ts';
import { parseSelectorText } from '../../../detect/promql/parse-selector-text.ts';
import { parseExpr } from '../../../detect/promql/parser.ts';
import { printExpr } from '../../../detect/promql/print.ts';
import { PromqlError } from '../../../detect/promql/promql-error.ts';
import type { LabelMatcher } from '../../../detect/series/queryable.ts';
import type {
  QueryAnswer,
  QueryBounds,
  QueryErrorType,
  QueryList,
  QueryRefusal,
  QuerySpan,
  RuleView,
  TargetView,
  Verbs,
} from '../../verbs.ts';
import { instant } from '../json.ts';
import { BadParameter, parameters, QueryParameters } from '../query-parameters.ts';
import { type Answer, type Route, route } from '../route.ts';
import { alertJson, groupsJson, type RuleChoice } from './prometheus-rules.ts';

/** Prometheus' JSON: `status` in the body, and its own error types instead of problem details. */
function success(data: unknown, extra: Readonly<Record<string, unknown>> = {}): Answer {
  return { json: { status: 'success', data, ...extra } };
}

function failure(status: number, errorType: string, error: string): Answer {
  return { status, json: { status: 'error', errorType, error } };
}

function refused({ errorType, error }: QueryRefusal): Answer {
  return failure(statusOf[errorType], errorType, error);
}

const statusOf: Readonly<Record<QueryErrorType, number>> = {
  bad_data: 400,
  not_found: 404,
  not_acceptable: 406,
  execution: 422,
  canceled: 499,
  internal: 500,
  timeout: 503,
  unavailable: 503,
};
const truncated = 'results truncated due to limit';

function answerOf(answer: QueryAnswer, limit: number): Answer {
  if (!answer.ok) return refused(answer);
  const { resultType, result, infos } = answer;
  const cut = limit > 0 && (resultType === 'vector' || resultType === 'matrix') && Array.isArray(result) && result.length > limit;
  const warnings = cut ? [...answer.warnings, truncated] : answer.warnings;
  const shown = cut ? result.slice(0, limit) : result;
  return success({ resultType, result: shown }, { ...(warnings.length > 0 ? { warnings } : {}), ...(infos.length > 0 ? { infos } : {}) });
}

const pointsMax = 11_000;

function boundsOf(given: QueryParameters): QueryBounds {
  const timeoutMs = given.duration('timeout');
  const lookbackMs = given.duration('lookback_delta');
  return { ...(timeoutMs === null ? {} : { timeoutMs }), ...(lookbackMs === null ? {} : { lookbackMs }) };
}

async function instantQuery(given: QueryParameters, { queries }: Verbs): Promise<Answer> {
  const limit = given.limit('limit');
  return answerOf(await queries.instant(given.text('query'), given.instant('time'), boundsOf(given)), limit);
}

async function rangeQuery(given: QueryParameters, { queries }: Verbs): Promise<Answer> {
  const limit = given.limit('limit');
  const [startMs, endMs] = [given.requiredInstant('start'), given.requiredInstant('end')];
  if (endMs < startMs) throw given.bad('end', 'end timestamp must not be before start time');
  const stepMs = given.duration('step');
  if (stepMs === null) throw given.bad('step', 'cannot parse "" to a valid duration');
  if (!(stepMs > 0)) throw given.bad('step', 'zero or negative query resolution step widths are not accepted. Try a positive integer');
  if (Math.floor((endMs - startMs) / stepMs) > pointsMax)
    throw new BadParameter('exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)');
  return answerOf(await queries.range(given.text('query'), startMs, endMs, stepMs, boundsOf(given)), limit);
}

function spanOf(given: QueryParameters): QuerySpan {
  const [startMs, endMs] = [given.instant('start'), given.instant('end')];
  return { ...(startMs === null ? {} : { startMs }), ...(endMs === null ? {} : { endMs }) };
}

/** A list as it was found, or as far as the limit lets it. */
function listOf(found: QueryList<unknown> | QueryRefusal, limit: number): Answer {
  if ('error' in found) return refused(found);
  const { values } = found;
  const cut = limit > 0 && values.length > limit;
  const warnings = cut ? [...found.warnings, truncated] : found.warnings;
  return success(cut ? values.slice(0, limit) : values, warnings.length > 0 ? { warnings } : {});
}

async function seriesQuery(given: QueryParameters, { queries }: Verbs): Promise<Answer> {
  const matchers = given.list('match[]');
  if (matchers.length === 0) throw new BadParameter('no match[] parameter provided');
  const [limit, span] = [given.limit('limit'), spanOf(given)];
  return listOf(await queries.series(matchers, span), limit);
}

async function labelsQuery(given: QueryParameters, { queries }: Verbs): Promise<Answer> {
  const [limit, span] = [given.limit('limit'), spanOf(given)];
  return listOf(await queries.labelNames(given.list('match[]'), span), limit);
}

async function formatQuery(given: QueryParameters, { queries }: Verbs): Promise<Answer> {
  const formatted = queries.format(given.text('query'));
  return typeof formatted === 'string' ? success(formatted) : refused(formatted);
}

async function metadataQuery(given: QueryParameters, { queries }: Verbs): Promise<Answer> {
  const whole = (name: 'limit' | 'limit_per_metric') => {
    const text = given.text(name);
    if (!/^(?:-?\d{1,15})?$/.test(text)) throw new BadParameter(`${name} must be a number`);
    return text === '' ? -1 : Number(text);
  };
  const [limit, limitPerMetric, metric] = [whole('limit'), whole('limit_per_metric'), given.text('metric')];
  const known = await queries.metadata();
  if ('error' in known) return refused(known);
  const found = [...known].filter(([name]) => metric === '' || name === metric);
  const shown = limit >= 0 ? found.slice(0, limit) : found;
  return success(Object.fromEntries(shown.map(([name, all]) => [name, limitPerMetric > 0 ? all.slice(0, limitPerMetric) : all])));
}

/** Selectors of which one has to speak of the labels of a rule. */
function selectorsOf(given: QueryParameters): readonly (readonly LabelMatcher[])[] {
  return given.list('match[]').map((text) => {
    const matchers = parseSelectorText(text);
    if (typeof matchers === 'string') throw given.bad('match[]', matchers);
    return matchers;
  });
}

function choiceOf(given: QueryParameters): RuleChoice {
  const type = given.text('type').toLowerCase();
  if (!['', 'alert', 'record'].includes(type)) throw given.bad('type', `not supported value ${JSON.stringify(type)}`);
  const exclude = given.text('exclude_alerts');
  if (!/^(?:|1|t|true|0|f|false)$/i.test(exclude))
    throw given.bad(
      'exclude_alerts',
      `error converting exclude_alerts: strconv.ParseBool: parsing ${JSON.stringify(exclude)}: invalid syntax`,
    );
  const groupLimit = given.text('group_limit');
  const token = given.text('group_next_token');
  if (groupLimit === '' && token !== '')
    throw given.bad('group_limit', 'group_limit needs to be present in order to paginate over the groups');
  if (!/^\d{0,9}$/.test(groupLimit) || (groupLimit !== '' && Number(groupLimit) === 0))
    throw given.bad('group_limit', 'group_limit needs to be a valid number and greater than 0');
  return {
    type: type === 'alert' || type === 'record' ? type : null,
    names: given.list('rule_name[]'),
    groups: given.list('rule_group[]'),
    files: given.list('file[]'),
    selectors: selectorsOf(given),
    withAlerts: !/^(?:1|t|true)$/i.test(exclude),
    groupLimit: groupLimit === '' ? 0 : Number(groupLimit),
    token,
  };
}

async function rulesQuery(given: QueryParameters, verbs: Verbs): Promise<Answer> {
  const choice = choiceOf(given);
  const shortestMs = Math.min(minuteMs, ...verbs.targets().map(({ intervalMs }) => intervalMs));
  const found = groupsJson(verbs.rules().map(withPrintedExpr), choice, shortestMs);
  if (found === null) throw given.bad('group_next_token', `invalid group_next_token '${choice.token}'. were rule groups changed?`);
  return success(found);
}

const minuteMs = 60_000;

/** Prometheus tells an expression as it prints it. */
function withPrintedExpr(rule: RuleView): RuleView {
  try {
    return { ...rule, expr: printExpr(parseExpr(rule.expr)) };
  } catch (error) {
    if (error instanceof PromqlError) return rule;
    throw error;
  }
}

async function alertsQuery(_: QueryParameters, verbs: Verbs): Promise<Answer> {
  return success({ alerts: verbs.rules().flatMap((rule) => rule.alerts.map(alertJson)) });
}

async function targetsQuery(given: QueryParameters, verbs: Verbs): Promise<Answer> {
  const state = given.text('state').toLowerCase();
  const pool = given.text('scrapePool');
  const targets = verbs.targets().filter(({ name }) => pool === '' || name === pool);
  return success({
    activeTargets: state === 'dropped' ? [] : targets.map(targetJson),
    droppedTargets: [],
    droppedTargetCounts: state === 'active' ? null : {},
  });
}

function targetJson(target: TargetView): Readonly<Record<string, unknown>> {
  return {
    discoveredLabels: {},
    labels: target.labels,
    scrapePool: target.name,
    scrapeUrl: target.url,
    globalUrl: target.url,
    lastError: target.lastError ?? '',
    lastScrape: target.lastScrapeAt === null ? never : instant(target.lastScrapeAt),
    lastScrapeDuration: (target.lastDurationMs ?? 0) / 1000,
    health: target.health,
    scrapeInterval: formatDuration(target.intervalMs),
    scrapeTimeout: formatDuration(target.intervalMs),
  };
}

/** Go's zero time. */
const never = '0001-01-01T00:00:00Z';

type Handler = (given: QueryParameters, verbs: Verbs) => Promise<Answer>;
type ParameterNames = readonly (keyof typeof parameters)[];

/** A bad parameter is an answer, as Prometheus words it. */
async function answered(handler: Handler, given: QueryParameters, verbs: Verbs): Promise<Answer> {
  try {
    return await handler(given, verbs);
  } catch (error) {
    if (error instanceof BadParameter) return failure(400, 'bad_data', error.message);
    throw error;
  }
}

function get(path: string, summary: string, names: ParameterNames, handler: Handler): Route {
  const query = z.looseObject(pick(names));
  return route({
    method: 'GET',
    path,
    summary,
    query,
    answers: 'data',
    handle: (call, verbs) => answered(handler, new QueryParameters(call.query, {}), verbs),
  });
}

/** The same as a form, which may be longer than a URL; parameters may be in either. */
function getOrPost(path: string, summary: string, names: ParameterNames, handler: Handler): Route[] {
  const body = z.looseObject(pick(names)).prefault({});
  const post = route({
    method: 'POST',
    path,
    summary,
    query: z.looseObject({}),
    body,
    answers: 'data',
    handle: (call, verbs) => answered(handler, new QueryParameters(call.query, call.body), verbs),
  });
  return [get(path, summary, names, handler), post];
}

function pick(names: ParameterNames) {
  return Object.fromEntries(names.map((name) => [name, parameters[name]]));
}

const spanned = ['match[]', 'start', 'end', 'limit'] as const;
const asked = ['timeout', 'limit', 'lookback_delta'] as const;

/** Prometheus' read API, so that Grafana and promtool can be pointed here. */
export const prometheusRoutes: readonly Route[] = [
  ...getOrPost('/api/v1/query', 'Instant query', ['query', 'time', ...asked], instantQuery),
  ...getOrPost('/api/v1/query_range', 'Range query', ['query', 'start', 'end', 'step', ...asked], rangeQuery),
  ...getOrPost('/api/v1/format_query', 'An expression as Prometheus lays it out', ['query'], formatQuery),
  ...getOrPost('/api/v1/series', 'Series that match', spanned, seriesQuery),
  ...getOrPost('/api/v1/labels', 'Label names', spanned, labelsQuery),
  route({
    method: 'GET',
    path: '/api/v1/label/:name/values',
    summary: 'Values of a label',
    params: z.object({ name: z.string().min(1).max(500) }),
    query: z.looseObject(pick(spanned)),
    answers: 'data',
    handle: ({ params, query }, verbs) =>
      answered(
        async (given, { queries }) => {
          const [limit, span] = [given.limit('limit'), spanOf(given)];
          return listOf(await queries.labelValues(labelName(params.name), given.list('match[]'), span), limit);
        },
        new QueryParameters(query, {}),
        verbs,
      ),
  }),
  get('/api/v1/metadata', 'Types and help of metrics', ['metric', 'limit', 'limit_per_metric'], metadataQuery),
  get(
    '/api/v1/rules',
    'Rules in their groups',
    ['type', 'rule_name[]', 'rule_group[]', 'file[]', 'match[]', 'exclude_alerts', 'group_limit', 'group_next_token'],
    rulesQuery,
  ),
  get('/api/v1/alerts', 'Pending and firing alerts of our own rules', [], alertsQuery),
  get('/api/v1/targets', 'Targets', ['state', 'scrapePool'], targetsQuery),
  get('/api/v1/status/buildinfo', 'Version', [], async (_, verbs) =>
    success({ version: (await verbs.status()).version, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' }),
  ),
];

/** A name that is no identifier may be written so that it is one: `U__a_2e_b` is `a.b`. */
function labelName(written: string): string {
  if (!written.startsWith('U__')) return written;
  return written.slice(3).replace(/_(?:_|([0-9a-fA-F]{1,6})_)/g, (whole, code: string | undefined) => {
    if (code === undefined) return '_';
    const point = Number.parseInt(code, 16);
    return point > 0x10_ff_ff ? whole : String.fromCodePoint(point);
  });
}
