import { z } from 'zod';
import type { Plan } from '../../../model/plan.ts';
import { instant, planJson } from '../json.ts';
import { Problem, type ProblemCode } from '../problem.ts';
import { id, type Route, reason, route } from '../route.ts';

const byId = z.object({ id });

const codes: Readonly<Record<number, ProblemCode>> = {
  400: 'bad-request',
  403: 'forbidden',
  404: 'not-found',
  409: 'plan-changed',
  410: 'expired',
  422: 'guard-refuses',
};

function missing(what: string): Problem {
  return new Problem('not-found', `there is no plan ${what}`);
}

/** What differs between the plan that a person saw and the one that stands now, as far as the server still knows. */
function differences(plan: Plan | null, seenHash: unknown): readonly unknown[] {
  return plan === null
    ? []
    : [
        { path: 'hash', was: seenHash, now: plan.hash },
        { path: 'state', was: 'proposed', now: plan.state },
      ];
}

export const planRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/medic/v1/plans/:id',
    summary: 'One plan',
    params: byId,
    answers: 'the plan',
    async handle({ params }, verbs) {
      const plan = await verbs.plans.get(params.id);
      if (plan === null) throw missing(params.id);
      return { json: planJson(plan) };
    },
  }),
  route({
    method: 'POST',
    path: '/medic/v1/plans/:id/approval',
    summary: 'Approve exactly this plan',
    params: byId,
    body: z.looseObject({ planHash: z.unknown(), reason: z.unknown() }),
    answers: 'the approved plan; the action follows',
    async handle({ params, body, actor }, verbs) {
      const answer = await verbs.plans.approve(params.id, body, actor);
      if (answer.status === 200 && answer.plan !== null) return { json: planJson(answer.plan) };
      throw new Problem(codes[answer.status] ?? 'conflict', answer.reason ?? answer.kind, {
        ...(answer.status === 422 ? { guards: answer.guards } : {}),
        ...(answer.status === 409 && answer.plan !== null
          ? { plan: planJson(answer.plan), diff: differences(answer.plan, body.planHash) }
          : {}),
      });
    },
  }),
  route({
    method: 'POST',
    path: '/medic/v1/plans/:id/rejection',
    summary: 'Say no to a plan',
    params: byId,
    body: z.object({ reason }),
    answers: 'the plan',
    async handle({ params, body, actor }, verbs) {
      const plan = await verbs.plans.reject(params.id, actor, body.reason);
      if (plan === null) throw missing(params.id);
      if (plan === 'conflict') throw new Problem('plan-changed', 'the plan no longer waits for an answer');
      return { json: planJson(plan) };
    },
  }),
  route({
    method: 'POST',
    path: '/medic/v1/plans/:id/undo',
    summary: 'Take the change back',
    params: byId,
    body: z.object({ reason }),
    answers: 'the plan',
    async handle({ params, body, actor }, verbs) {
      const result = await verbs.plans.undo(params.id, actor, body.reason);
      if (result.kind === 'unknown-plan') throw missing(params.id);
      if (result.kind === 'busy' || result.kind === 'changed-by-others') throw new Problem('conflict', result.reason);
      if (result.plan === null) throw new Problem('not-undoable', result.reason);
      return { json: { ...planJson(result.plan), outcome: result.kind, reason: result.reason } };
    },
  }),
  route({
    method: 'POST',
    path: '/medic/v1/plans/:id/check',
    summary: 'Ask the guards now, without any effect',
    params: byId,
    body: z.object({}).prefault({}),
    answers: 'guards',
    async handle({ params }, verbs) {
      const guards = await verbs.plans.check(params.id);
      if (guards === null) throw missing(params.id);
      return { json: { guards } };
    },
  }),
  route({
    method: 'GET',
    path: '/medic/v1/plans/:id/effect',
    summary: 'Whether it helped: indicators before, now and as they should be',
    params: byId,
    answers: 'verdict, until, indicators',
    async handle({ params }, verbs) {
      const effect = await verbs.plans.effect(params.id);
      if (effect === null) throw missing(params.id);
      return { json: { ...effect, until: instant(effect.until) } };
    },
  }),
];
