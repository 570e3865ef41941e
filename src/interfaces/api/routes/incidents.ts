import { z } from 'zod';
import type { Incident } from '../../../model/incident.ts';
import type { PlanState } from '../../../model/plan.ts';
import type { StepView } from '../../verbs.ts';
import { diagnosisJson, entryJson, incidentJson, instant, planJson } from '../json.ts';
import { Problem } from '../problem.ts';
import { id, limit, type Route, reason, route } from '../route.ts';

const states: Readonly<Record<string, readonly Incident['state'][]>> = {
  open: ['open', 'mitigating', 'verifying'],
  mitigating: ['mitigating'],
  verifying: ['verifying'],
  resolved: ['resolved'],
};

const byId = z.object({ id });
const byStep = z.object({ id, section: z.string().max(100), number: z.string().max(20) });
const note = z.object({ note: z.string().max(2000).default('') }).prefault({});

function missing(what: string): Problem {
  return new Problem('not-found', `there is no incident ${what}`);
}

function stepJson({ checks, actions, outcome, manual, tick, plans = [], when = {}, ...step }: StepView, version: number) {
  return {
    ...step,
    bound: [
      ...checks.map((check) => ({ kind: 'check', id: check, when: null, why: null })),
      ...actions.map((action) => ({ kind: 'action', id: action, when: when[action]?.join(', ') ?? null, why: null })),
      ...(manual === null ? [] : [{ kind: 'manual', id: null, when: null, why: manual }]),
    ],
    state: tick?.done ? 'done' : outcome === 'offered' ? stateOfOffer(plans, step.evidence) : outcome,
    plans: plans.map((plan) => plan.id),
    tick: tick?.done ? { actor: tick.actor, at: instant(tick.at), note: tick.note } : null,
    version,
  };
}

const stateOfPlan: Readonly<Partial<Record<PlanState, string>>> = {
  proposed: 'proposed',
  approved: 'running',
  running: 'running',
  done: 'done',
  failed: 'failed',
  unknown: 'unknown',
};

/** What a step offers has become what its latest plan has become; without a plan it has what its checks found. */
function stateOfOffer(plans: NonNullable<StepView['plans']>, evidence: readonly string[]): string {
  const latest = plans.findLast((plan) => plan.state in stateOfPlan);
  const found = evidence.length > 0 ? 'finding' : 'waiting';
  return latest === undefined ? found : (stateOfPlan[latest.state] ?? found);
}

function tickRoute<P extends z.ZodType<{ readonly id: string }>>(path: string, params: P, stepOf: (params: z.infer<P>) => string): Route {
  return route({
    method: 'PUT',
    path,
    summary: 'Tick a manual step',
    params,
    body: z.object({ done: z.boolean(), note: z.string().max(2000).default(''), version: z.number().int().optional() }),
    answers: 'the incident',
    async handle({ params: given, body, actor }, verbs) {
      const step = stepOf(given);
      const now = await verbs.incidents.get(given.id);
      const other = now?.ticks.find((tick) => tick.step === step);
      if (
        now !== null &&
        body.version !== undefined &&
        body.version < now.version &&
        other !== undefined &&
        other.done !== body.done &&
        other.actor !== actor
      ) {
        throw new Problem('conflict', `${step} was ticked by ${other.actor} meanwhile`, { tick: other });
      }
      const ticked = await verbs.incidents.tick(given.id, { step, done: body.done, note: body.note }, actor);
      if (ticked === 'unknown-step') throw new Problem('not-found', `the runbook of incident ${given.id} has no step ${step}`);
      if (ticked === null) throw missing(given.id);
      return { json: { id: ticked.id, version: ticked.version } };
    },
  });
}

export const incidentRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/medic/v1/incidents',
    summary: 'Incidents, newest first',
    query: z.object({
      state: z.enum(['open', 'mitigating', 'verifying', 'resolved', 'waits']).optional(),
      q: z.string().max(200).optional(),
      cursor: z.string().max(500).optional(),
      limit,
    }),
    answers: 'incidents, next, total, counts',
    async handle({ query }, verbs) {
      const wanted = query.state === undefined || query.state === 'waits' ? undefined : states[query.state];
      const page = await verbs.incidents.list({
        ...(wanted === undefined ? {} : { states: wanted }),
        ...(query.state === 'waits' ? { waits: true } : {}),
        ...(query.q === undefined ? {} : { text: query.q }),
        cursor: query.cursor ?? null,
        limit: query.limit,
      });
      return { json: { ...page, incidents: page.incidents.map(incidentJson) } };
    },
  }),
  route({
    method: 'GET',
    path: '/medic/v1/incidents/:id',
    summary: 'One incident with its diagnosis, plans and timeline',
    params: byId,
    answers: 'the incident',
    async handle({ params }, verbs) {
      const incident = await verbs.incidents.get(params.id);
      if (incident === null) throw missing(params.id);
      const [plans, timeline] = await Promise.all([verbs.incidents.plans(params.id), verbs.incidents.timeline(params.id)]);
      return {
        json: {
          ...incidentJson(incident),
          diagnosis: diagnosisJson(incident),
          ticks: incident.ticks,
          plans: (plans ?? []).map(planJson),
          timeline: timeline.map(entryJson),
        },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/medic/v1/incidents/:id/report',
    summary: 'The report as Markdown',
    params: byId,
    answers: 'text/markdown',
    async handle({ params }, verbs) {
      const report = await verbs.incidents.report(params.id);
      if (report === null) throw missing(params.id);
      return { text: report, type: 'text/markdown; charset=utf-8' };
    },
  }),
  route({
    method: 'GET',
    path: '/medic/v1/incidents/:id/plans',
    summary: 'The plans of an incident',
    params: byId,
    answers: 'plans',
    async handle({ params }, verbs) {
      const plans = await verbs.incidents.plans(params.id);
      if (plans === null) throw missing(params.id);
      return { json: { plans: plans.map(planJson), next: null, total: plans.length, counts: {} } };
    },
  }),
  route({
    method: 'GET',
    path: '/medic/v1/incidents/:id/steps',
    summary: 'The steps of its runbook and what came of them',
    params: byId,
    answers: 'runbook, steps',
    async handle({ params }, verbs) {
      const found = await verbs.incidents.steps(params.id);
      const incident = await verbs.incidents.get(params.id);
      if (found === null || incident === null) throw missing(params.id);
      const steps = found.steps.map((step) => stepJson(step, incident.version));
      return { json: { runbook: found.runbook, steps } };
    },
  }),
  tickRoute('/medic/v1/incidents/:id/steps/:step/tick', z.object({ id, step: z.string().max(120) }), ({ step }) => step),
  // The id of a step has a slash in it: both spellings of the path lead here.
  tickRoute('/medic/v1/incidents/:id/steps/:section/:number/tick', byStep, ({ section, number }) => `${section}/${number}`),
  route({
    method: 'GET',
    path: '/medic/v1/incidents/:id/evidence/:eid/series',
    summary: 'The samples behind a piece of evidence',
    params: z.object({ id, eid: id }),
    answers: 'the series',
    async handle({ params }, verbs) {
      const series = await verbs.incidents.series(params.id, params.eid);
      if (series === null) throw new Problem('not-found', `there are no samples behind ${params.eid} of incident ${params.id}`);
      return {
        json: { ...series, startAt: instant(series.startAt), marks: series.marks.map((mark) => ({ ...mark, at: instant(mark.at) })) },
      };
    },
  }),
  route({
    method: 'POST',
    path: '/medic/v1/incidents/:id/acknowledgement',
    summary: 'Say that somebody works on it',
    params: byId,
    body: note,
    answers: 'the incident',
    async handle({ params, body, actor }, verbs) {
      const incident = await verbs.incidents.acknowledge(params.id, actor, body.note);
      if (incident === null) throw missing(params.id);
      return { json: { id: incident.id, version: incident.version, ackBy: incident.acknowledgedBy } };
    },
  }),
  route({
    method: 'POST',
    path: '/medic/v1/incidents/:id/notes',
    summary: 'Write a note into the timeline',
    params: byId,
    body: z.object({ text: z.string().trim().min(1).max(2000) }),
    answers: 'nothing',
    async handle({ params, body, actor }, verbs) {
      if (!(await verbs.incidents.note(params.id, actor, body.text))) throw missing(params.id);
      return { status: 201, json: {} };
    },
  }),
  route({
    method: 'POST',
    path: '/medic/v1/incidents/:id/diagnosis',
    summary: 'Look again now',
    params: byId,
    body: z.object({}).prefault({}),
    answers: 'the incident',
    async handle({ params }, verbs) {
      const incident = await verbs.incidents.lookAgain(params.id);
      if (incident === null) throw missing(params.id);
      return { json: { id: incident.id, version: incident.version, verdict: incident.verdict } };
    },
  }),
  route({
    method: 'POST',
    path: '/medic/v1/incidents/:id/resolution',
    summary: 'Resolve it by hand',
    params: byId,
    body: z.object({ reason, evenIfFiring: z.boolean().default(false) }),
    answers: 'the incident',
    async handle({ params, body, actor }, verbs) {
      const incident = await verbs.incidents.resolve(params.id, actor, body.reason, body.evenIfFiring);
      if (incident === 'still-firing')
        throw new Problem('still-firing', 'an alert of this incident still fires; say evenIfFiring to resolve it all the same');
      if (incident === null) throw missing(params.id);
      return { json: { id: incident.id, state: incident.state, version: incident.version } };
    },
  }),
];
