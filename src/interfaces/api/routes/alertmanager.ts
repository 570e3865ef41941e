import { z } from 'zod';
import { fingerprintOf } from '../../../detect/alerts/fingerprint.ts';
import { labelMatcher } from '../../../detect/promql/matcher.ts';
import { parseExpr } from '../../../detect/promql/parser.ts';
import type { LabelMatcher } from '../../../detect/series/queryable.ts';
import type { Alert, AlertSource } from '../../../model/alert.ts';
import { labelsOf } from '../../../model/labels.ts';
import type { SilenceView, Verbs } from '../../verbs.ts';
import { instant } from '../json.ts';
import { Problem } from '../problem.ts';
import { type Route, route } from '../route.ts';

const text = z.string().max(100_000);
const labelSet = z.record(z.string().min(1).max(500), text);
const time = z.iso.datetime({ offset: true }).optional();

const postable = z.looseObject({
  labels: labelSet,
  annotations: labelSet.default({}),
  startsAt: time,
  endsAt: time,
  generatorURL: z.string().max(10_000).default(''),
});

/** An alert without an end is over when nobody repeats it for so long: Alertmanager's resolve_timeout. */
const resolveTimeoutMs = 5 * 60_000;

function inbound(given: z.infer<typeof postable>, source: AlertSource, nowMs: number): Alert {
  const labels = labelsOf(Object.entries(given.labels));
  const name = labels['alertname'];
  if (name === undefined) throw new Problem('bad-request', 'an alert has no alertname label');
  const startsAt = given.startsAt === undefined ? nowMs : Date.parse(given.startsAt);
  // Go's zero time means "not given".
  const given_ = given.endsAt === undefined ? Number.NaN : Date.parse(given.endsAt);
  const endsAt = Number.isNaN(given_) || given_ <= 0 ? null : given_;
  const over = endsAt !== null && endsAt <= nowMs;
  return {
    fingerprint: fingerprintOf(labels),
    name,
    labels,
    annotations: given.annotations,
    state: over ? 'resolved' : 'firing',
    value: null,
    startsAt: startsAt > 0 ? startsAt : nowMs,
    endsAt: endsAt ?? nowMs + resolveTimeoutMs,
    source,
    generatorUrl: given.generatorURL === '' ? null : given.generatorURL,
  };
}

const webhook = z.looseObject({
  version: z.literal('4'),
  alerts: z.array(postable.extend({ status: z.enum(['firing', 'resolved']) })).max(10_000),
});

function gettable(alert: Alert): Readonly<Record<string, unknown>> {
  return {
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: instant(alert.startsAt),
    endsAt: instant(alert.endsAt ?? alert.startsAt),
    updatedAt: instant(alert.startsAt),
    fingerprint: alert.fingerprint,
    generatorURL: alert.generatorUrl ?? '',
    receivers: [{ name: 'proxymedic' }],
    status: { state: alert.state === 'firing' ? 'active' : 'unprocessed', silencedBy: [], inhibitedBy: [], mutedBy: [] },
  };
}

function silenceJson(silence: SilenceView, nowMs: number): Readonly<Record<string, unknown>> {
  const state = silence.endsAt <= nowMs ? 'expired' : silence.startsAt > nowMs ? 'pending' : 'active';
  return {
    ...silence,
    startsAt: instant(silence.startsAt),
    endsAt: instant(silence.endsAt),
    updatedAt: instant(silence.updatedAt),
    status: { state },
  };
}

const silenceBody = z.looseObject({
  id: z.string().max(100).optional(),
  matchers: z
    .array(
      z.object({ name: z.string().min(1).max(500), value: text, isRegex: z.boolean().default(false), isEqual: z.boolean().default(true) }),
    )
    .min(1)
    .max(100),
  startsAt: z.iso.datetime({ offset: true }),
  endsAt: z.iso.datetime({ offset: true }),
  createdBy: z.string().max(500).default(''),
  comment: z.string().max(10_000).default(''),
});

const alertFilter = z.looseObject({
  active: z.stringbool().default(true),
  filter: z
    .union([z.string().max(10_000), z.array(z.string().max(10_000)).max(100)])
    .transform((value) => [value].flat())
    .default([]),
});

/** Firing alerts that pass every filter, as amtool asks for them. */
async function firing(query: z.infer<typeof alertFilter>, verbs: Verbs): Promise<readonly Alert[]> {
  const matchers = query.filter.flatMap(matchersOf);
  const alerts = query.active ? await verbs.alerts.list() : [];
  return alerts.filter((alert) => alert.state === 'firing' && matchers.every(({ name, matches }) => matches(alert.labels[name] ?? '')));
}

/** What is not asked about any alert: with it, a selector of only negative matchers is a selector too. */
const anchor = '__filter__';

/** `alertname="X"`, `alertname=X` as amtool sends it, or `{a="b",c=~"d"}`; a bare word is the name of an alert. */
function matchersOf(filter: string): readonly LabelMatcher[] {
  const trimmed = filter.trim();
  const [, name, op, value] = /^([a-zA-Z_]\w*)\s*(?:(=~|!~|!=|=)\s*([^"]*))?$/.exec(trimmed) ?? [];
  try {
    if (name === undefined) return selectorMatchers(trimmed);
    return op === '=' || op === '!=' || op === '=~' || op === '!~'
      ? [labelMatcher(name, op, (value ?? '').trim())]
      : [labelMatcher('alertname', '=', name)];
  } catch {
    throw new Problem(
      'bad-request',
      `filter ${JSON.stringify(filter.slice(0, 200))} is not a matcher such as alertname="HaproxyBackendDown"`,
    );
  }
}

/** Quoted matchers, in braces or not, in the grammar of PromQL. Throws for everything else. */
function selectorMatchers(text: string): readonly LabelMatcher[] {
  const inner = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  const expr = parseExpr(`{${anchor}="x",${inner}}`);
  if (expr.kind !== 'selector') throw new RangeError('more than a selector');
  return expr.matchers.filter((matcher) => matcher.name !== anchor);
}

function assertCompiles({ name, value, isRegex }: { readonly name: string; readonly value: string; readonly isRegex: boolean }): void {
  try {
    if (isRegex) labelMatcher(name, '=~', value);
  } catch (error) {
    throw new Problem('bad-request', `the matcher of ${name} does not compile: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Enough of Alertmanager's API v2 that Prometheus can send to us and amtool can look; and its webhook. */
export const alertmanagerRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/api/v2/alerts',
    summary: 'Alerts from a Prometheus, as to an Alertmanager',
    body: z.array(postable).max(10_000),
    answers: 'nothing; the alerts are durable',
    async handle({ body }, verbs) {
      const now = Date.now();
      await verbs.alerts.receive(body.map((alert) => inbound(alert, 'prometheus', now)));
      return { json: {} };
    },
  }),
  route({
    method: 'GET',
    path: '/api/v2/alerts',
    summary: 'Alerts, ours and inbound',
    query: alertFilter,
    answers: 'alerts',
    async handle({ query }, verbs) {
      return { json: (await firing(query, verbs)).map(gettable) };
    },
  }),
  route({
    method: 'GET',
    path: '/api/v2/alerts/groups',
    summary: 'The same alerts in one group',
    query: alertFilter,
    answers: 'groups',
    async handle({ query }, verbs) {
      const alerts = (await firing(query, verbs)).map(gettable);
      return { json: alerts.length === 0 ? [] : [{ labels: {}, receiver: { name: 'proxymedic' }, alerts }] };
    },
  }),
  route({
    method: 'POST',
    path: '/webhooks/alertmanager',
    summary: "Alertmanager's webhook, version 4",
    body: webhook,
    answers: 'nothing; the alerts are durable',
    async handle({ body }, verbs) {
      const now = Date.now();
      // A firing alert of a webhook has no end, a resolved one has.
      const alerts = body.alerts.map(({ status, ...alert }) =>
        inbound(
          status === 'firing' ? { ...alert, endsAt: undefined } : { ...alert, endsAt: alert.endsAt ?? new Date(now).toISOString() },
          'alertmanager',
          now,
        ),
      );
      // Alertmanager repeats a firing alert after hours, not minutes: it ends when it says so.
      await verbs.alerts.receive(alerts.map((alert) => (alert.state === 'firing' ? { ...alert, endsAt: null } : alert)));
      return { json: {} };
    },
  }),
  route({
    method: 'GET',
    path: '/api/v2/status',
    summary: 'Status as Alertmanager gives it',
    answers: 'status',
    async handle(_, verbs) {
      const status = await verbs.status();
      return {
        json: {
          cluster: { status: 'disabled', peers: [] },
          versionInfo: { version: status.version, branch: '', buildDate: '', buildUser: '', goVersion: '', revision: '' },
          config: { original: '' },
          uptime: instant(status.config.loadedAt),
        },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/api/v2/receivers',
    summary: 'The one receiver',
    answers: 'receivers',
    handle: () => ({ json: [{ name: 'proxymedic' }] }),
  }),
  route({
    method: 'GET',
    path: '/api/v2/silences',
    summary: 'Silences',
    answers: 'silences',
    async handle(_, verbs) {
      const now = Date.now();
      return { json: (await verbs.alerts.silences()).map((silence) => silenceJson(silence, now)) };
    },
  }),
  route({
    method: 'POST',
    path: '/api/v2/silences',
    summary: 'Create or replace a silence; automation stops for what it covers',
    body: silenceBody,
    answers: 'silenceID',
    async handle({ body }, verbs) {
      const [startsAt, endsAt] = [Date.parse(body.startsAt), Date.parse(body.endsAt)];
      for (const matcher of body.matchers) assertCompiles(matcher);
      if (endsAt <= startsAt) throw new Problem('bad-request', 'endsAt must be after startsAt');
      const { id, matchers, createdBy, comment } = body;
      return {
        json: {
          silenceID: await verbs.alerts.addSilence({
            ...(id === undefined || id === '' ? {} : { id }),
            matchers,
            createdBy,
            comment,
            startsAt,
            endsAt,
          }),
        },
      };
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/v2/silence/:id',
    summary: 'Expire a silence',
    params: z.object({ id: z.string().max(100) }),
    answers: 'nothing',
    async handle({ params }, verbs) {
      if (!(await verbs.alerts.expireSilence(params.id))) throw new Problem('not-found', `there is no silence ${params.id} in force`);
      return { json: {} };
    },
  }),
];
