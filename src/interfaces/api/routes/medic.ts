import { z } from 'zod';
import { labelsOf } from '../../../model/labels.ts';
import { instant, topologyJson } from '../json.ts';
import { Problem } from '../problem.ts';
import { id, limit, type Route, reason, route } from '../route.ts';

const labels = z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,199}$/), z.string().max(4096));
const title = z.object({ title: z.string().min(1).max(300) });

function list(plural: string, items: readonly unknown[]): Readonly<Record<string, unknown>> {
  return { [plural]: items, next: null, total: items.length, counts: {} };
}

/** Everything under /medic/v1 that is about no single incident or plan. */
export const medicRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/medic/v1/diagnoses',
    summary: 'Run the runbook of an alert now',
    body: z.object({ alert: z.string().min(1).max(300), labels: labels.default({}) }),
    answers: 'the diagnosis',
    async handle({ body }, verbs) {
      const diagnosis = await verbs.diagnose({ name: body.alert, labels: labelsOf(Object.entries(body.labels)) });
      if (diagnosis === 'unknown-alert') throw new Problem('unknown-alert', `no rule and no runbook page is called ${body.alert}`);
      if (diagnosis === 'no-target') throw new Problem('no-target', `no configured target fits ${body.alert} with these labels`);
      return { json: diagnosis };
    },
  }),
  route({
    method: 'GET',
    path: '/medic/v1/targets',
    summary: 'What is watched, and whether it answers',
    answers: 'targets',
    handle: (_, verbs) => ({
      json: list(
        'targets',
        verbs.targets().map((target) => ({ ...target, lastScrapeAt: instant(target.lastScrapeAt) })),
      ),
    }),
  }),
  route({
    method: 'GET',
    path: '/medic/v1/targets/:id/topology',
    summary: 'Entries, routes, backends and servers of a target as last read',
    params: z.object({ id }),
    answers: 'entries, routes, backends',
    async handle({ params }, verbs) {
      const state = await verbs.topology(params.id);
      if (state === null) throw new Problem('not-found', `there is no target ${params.id}`);
      if (state === 'unread') throw new Problem('not-ready', `${params.id} could not be read yet`);
      return { json: topologyJson(state) };
    },
  }),
  route({
    method: 'GET',
    path: '/medic/v1/runbooks',
    summary: 'All runbook pages',
    answers: 'runbooks',
    handle: (_, verbs) => ({ json: list('runbooks', verbs.runbooks()) }),
  }),
  route({
    method: 'GET',
    path: '/medic/v1/runbooks/:title',
    summary: 'One runbook page with its items and what they are bound to',
    params: title,
    answers: 'the page',
    handle({ params }, verbs) {
      const page = verbs.runbook(params.title);
      if (page === null) throw new Problem('not-found', `there is no runbook ${params.title}`);
      return { json: page };
    },
  }),
  route({
    method: 'GET',
    path: '/medic/v1/rules',
    summary: 'All rules with their state and health',
    answers: 'rules',
    handle: (_, verbs) => ({
      json: list(
        'rules',
        verbs.rules().map((rule) => ({ ...rule, evaluatedAt: instant(rule.evaluatedAt) })),
      ),
    }),
  }),
  route({
    method: 'GET',
    path: '/medic/v1/audit',
    summary: 'The audit chain, newest first',
    query: z.object({ actor: z.string().max(200).optional(), incident: id.optional(), before: z.coerce.number().int().optional(), limit }),
    answers: 'entries, chain',
    async handle({ query }, verbs) {
      const found = await verbs.audit({
        limit: query.limit,
        ...(query.actor === undefined ? {} : { actor: query.actor }),
        ...(query.incident === undefined ? {} : { incident: query.incident }),
        ...(query.before === undefined ? {} : { before: query.before }),
      });
      const entries = found.entries.map((entry) => ({ ...entry, at: instant(entry.at) }));
      return { json: { entries, next: null, total: found.total, counts: {}, chain: found.chain } };
    },
  }),
  route({
    method: 'GET',
    path: '/medic/v1/status',
    summary: 'Version, mode, pauses and counts: what every page needs',
    answers: 'the status',
    async handle(_, verbs) {
      const status = await verbs.status();
      return {
        json: {
          ...status,
          now: instant(status.now),
          user: null,
          config: { ...status.config, loadedAt: instant(status.config.loadedAt) },
          pauses: status.pauses.map((pause) => ({ ...pause, at: instant(pause.at), until: instant(pause.until) })),
        },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/medic/v1/pauses',
    summary: 'Pauses in force',
    answers: 'pauses',
    async handle(_, verbs) {
      const pauses = await verbs.pauses.active();
      return {
        json: list(
          'pauses',
          pauses.map((pause) => ({ ...pause, at: instant(pause.at), until: instant(pause.until) })),
        ),
      };
    },
  }),
  route({
    method: 'POST',
    path: '/medic/v1/pauses',
    summary: 'The kill switch: no change in this scope until it is lifted',
    body: z.object({
      scope: z.string().min(1).max(300).default('all'),
      reason,
      until: z.iso.datetime({ offset: true }).nullable().default(null),
    }),
    answers: 'the pause',
    async handle({ body, actor }, verbs) {
      const pause = await verbs.pauses.add(
        { scope: body.scope, reason: body.reason, until: body.until === null ? null : Date.parse(body.until) },
        actor,
      );
      return { status: 201, json: { ...pause, at: instant(pause.at), until: instant(pause.until) } };
    },
  }),
  route({
    method: 'DELETE',
    path: '/medic/v1/pauses/:id',
    summary: 'Lift a pause',
    params: z.object({ id }),
    body: z.object({ reason: z.string().max(2000).default('') }).prefault({}),
    answers: 'nothing',
    async handle({ params, body, actor }, verbs) {
      if ((await verbs.pauses.end(params.id, actor, body.reason)) === 'unknown')
        throw new Problem('not-found', `there is no pause ${params.id} in force`);
      return { json: {} };
    },
  }),
];
