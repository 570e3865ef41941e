import type { GuardVerdict, Plan } from '../../model/plan.ts';
import type { ActionSituation, Impossible } from './action.ts';
import { type ApprovalDecision, decideApproval } from './approval.ts';
import { commandLine } from './command-text.ts';
import type { Control } from './control.ts';
import { createExecutor, type Executor, openBreaker } from './executor.ts';
import { allowed, judgeAll } from './guard.ts';
import { lookForGuards } from './guard-context.ts';
import { guards } from './guards.ts';
import { actionsFor } from './mitigations.ts';
import { draftPlan } from './plan.ts';
import type { MitigationPorts } from './ports.ts';
import { modeOf } from './settings.ts';
import type { VerificationVerdict } from './verification.ts';

const machine = 'proxymedic';

export interface ProposeRequest {
  readonly incident: string;
  readonly step: string | null;
  readonly runbook: string | null;
  /** Id of one action; null: the best that is possible for the cause. */
  readonly action: string | null;
  readonly situation: ActionSituation;
}

/** What came of an approval; `plan` is the plan after it, where there is one. */
export type ApprovalResult = ApprovalDecision & { readonly plan: Plan | null };

/** The verbs of an incident's mitigation. Interfaces and the response to an incident call these and nothing below. */
export interface Mitigation extends Executor {
  /** Plans, judges and stores; changes nothing. Supersedes older proposed plans of the incident. */
  propose(request: ProposeRequest): Promise<Plan | Impossible>;
  /** The verdicts of all guards right now, without any effect. null: no such plan. */
  check(planId: string): Promise<readonly GuardVerdict[] | null>;
  /** 200 means it is durable; the caller then starts {@link Executor.run} (for `approve` only). */
  approve(
    planId: string,
    request: { planHash: unknown; reason: unknown },
    actor: { name: string; mayApprove: boolean },
  ): Promise<ApprovalResult>;
  /** Approves by itself where mode, record and every guard allow it. null: a person is needed. */
  approveAutomatically(planId: string): Promise<Plan | null>;
  reject(planId: string, actor: string, reason: string): Promise<Plan | 'conflict' | null>;
  /** Takes a proposed plan off the table because what it was for is over. `conflict`: it is no longer proposed. */
  withdraw(planId: string, why: string): Promise<Plan | 'conflict' | null>;
  /** Marks proposed plans that are past their time. */
  expire(): Promise<readonly Plan[]>;
  /** Records what verification found; takes the change back when things got worse. Answers the plan after it. */
  settle(planId: string, verdict: VerificationVerdict, why: string): Promise<Plan | null>;
}

export function createMitigation(ports: MitigationPorts): Mitigation {
  const executor = createExecutor(ports);
  return {
    ...executor,
    propose: (request) => propose(ports, request),
    check: async (planId) => {
      const plan = await ports.plans.get(planId);
      return plan === null ? null : judgeNow(ports, plan, 'approve', false);
    },
    approve: (planId, request, actor) => approve(ports, planId, request, actor),
    approveAutomatically: (planId) => approveAutomatically(ports, planId),
    reject: (planId, actor, reason) => reject(ports, planId, actor, reason),
    withdraw: (planId, why) => withdraw(ports, planId, why),
    expire: () => expire(ports),
    settle: (planId, verdict, why) => settle(ports, executor, planId, verdict, why),
  };
}

async function judgeNow(
  ports: MitigationPorts,
  plan: Plan,
  phase: 'propose' | 'approve',
  automatic: boolean,
): Promise<readonly GuardVerdict[]> {
  return judgeAll(guards, await lookForGuards(ports, { plan, phase, automatic }));
}

async function propose(ports: MitigationPorts, request: ProposeRequest): Promise<Plan | Impossible> {
  const { cause, target } = request.situation;
  const candidates = actionsFor(cause.id, target.proxy).filter(({ id }) => request.action === null || id === request.action);
  const reasons: string[] = [];
  for (const action of candidates) {
    const mode = modeOf(ports.settings(), action.id);
    if (mode === 'off' || mode === 'observe') {
      reasons.push(`${action.id}: its mode is ${mode}`);
      continue;
    }
    const { incident, step, runbook, situation } = request;
    const controlFor = (intent: { readonly kind: string }): Control =>
      intent.kind === 'restart' ? ports.processControl : ports.proxyControl(target.name);
    const draft = await draftPlan({
      id: ports.newId(),
      incident,
      step,
      runbook,
      action,
      situation,
      controlFor,
      sha256: ports.sha256,
      nowMs: ports.clock.now(),
    });
    if (!('impossible' in draft)) return store(ports, { ...draft, guards: [] });
    reasons.push(`${action.id}: ${draft.impossible}`);
  }
  if (reasons.length === 0) return { impossible: `no action answers ${cause.id} on ${target.proxy}; it stays with a person` };
  return { impossible: reasons.join('; ') };
}

/** The same plan proposed again stays the one it was: people may be reading it, or it may have been approved while this one was drawn up. */
async function store(ports: MitigationPorts, draft: Plan): Promise<Plan> {
  const same = (await ports.plans.ofIncident(draft.incident)).find(
    (plan) => plan.state === 'proposed' && plan.hash === draft.hash && plan.target === draft.target && plan.expiresAt > ports.clock.now(),
  );
  if (same !== undefined) return same;
  const plan: Plan = { ...draft, guards: await judgeNow(ports, draft, 'propose', false) };
  const rivals = (await ports.plans.ofIncident(plan.incident)).filter((other) => isRival(other, plan));
  const underWay = rivals.find(({ state }) => state === 'approved' || state === 'running');
  if (underWay !== undefined) return underWay;
  for (const { id } of rivals) await ports.plans.move({ id, from: ['proposed'], to: 'superseded' });
  const at = ports.clock.now();
  const summary = `${plan.summary} (${plan.action} for ${plan.cause})`;
  const refusing = plan.guards.filter((verdict) => !verdict.allow);
  const standing = refusing.length === 0 ? 'all guards allow it' : `refused for now by ${refusing.map(({ id }) => id).join(', ')}`;
  const data = { plan: plan.id, hash: plan.hash, commands: plan.commands.map(commandLine), guards: plan.guards };
  return ports.plans.create(plan, {
    audit: { at, actor: machine, kind: 'proposed', incident: plan.incident, plan: plan.id, summary: `${summary}, hash ${plan.hash}` },
    timeline: { at, kind: 'plan', summary: `proposed: ${summary}; ${standing}`, actor: machine, data },
  });
}

/** Whether two plans answer one cause or touch one subject: only one of them can be right. */
function isRival(one: Plan, other: Plan): boolean {
  return one.cause === other.cause || one.subjects.some((subject) => other.subjects.includes(subject));
}

async function approve(
  ports: MitigationPorts,
  planId: string,
  request: { planHash: unknown; reason: unknown },
  actor: { name: string; mayApprove: boolean },
): Promise<ApprovalResult> {
  const plan = await ports.plans.get(planId);
  const decision = decideApproval(plan, request, actor, ports.clock.now());
  if (decision !== null) {
    if (decision.kind === 'expired' && plan?.state === 'proposed') await expireOne(ports, plan);
    return { ...decision, plan };
  }
  if (plan === null) throw new RangeError('a decision without a plan');
  const verdicts = await judgeNow(ports, plan, 'approve', false);
  if (!allowed(verdicts)) return refuse(ports, plan, verdicts, actor.name);
  const approved = await recordApproval(ports, plan, verdicts, actor.name, String(request.reason).trim());
  if (approved !== 'conflict') return { status: 200, kind: 'approve', plan: approved };
  // Somebody was faster while the guards looked: decide again on what is true now.
  const now = await ports.plans.get(planId);
  const again = decideApproval(now, request, actor, ports.clock.now());
  return { ...(again ?? { status: 409, kind: 'changed', reason: 'the plan changed a moment ago' }), plan: now };
}

async function refuse(ports: MitigationPorts, plan: Plan, verdicts: readonly GuardVerdict[], actor: string): Promise<ApprovalResult> {
  const why = verdicts.find((verdict) => !verdict.allow);
  const reason = `${why?.id} refuses: ${why?.reason}`;
  const at = ports.clock.now();
  const moved = await ports.plans.move({
    id: plan.id,
    from: ['proposed'],
    to: 'proposed',
    change: { guards: verdicts },
    audit: { at, actor, kind: 'refused', incident: plan.incident, plan: plan.id, summary: `${plan.summary}: ${reason}` },
    timeline: { at, kind: 'refusal', summary: `${plan.summary}: ${reason}`, actor, data: { plan: plan.id, guards: verdicts } },
  });
  return { status: 422, kind: 'refused', reason, guards: verdicts, plan: moved === 'conflict' ? plan : moved };
}

function recordApproval(
  ports: MitigationPorts,
  plan: Plan,
  verdicts: readonly GuardVerdict[],
  actor: string,
  reason: string,
): Promise<Plan | 'conflict'> {
  const at = ports.clock.now();
  return ports.plans.move({
    id: plan.id,
    from: ['proposed'],
    to: 'approved',
    change: { guards: verdicts, approvedBy: actor, approvedAt: at, approvalReason: reason },
    approval: { plan: plan.id, actor, at, reason, hash: plan.hash },
    audit: {
      at,
      actor,
      kind: 'approved',
      incident: plan.incident,
      plan: plan.id,
      summary: `${plan.summary}, hash ${plan.hash}: ${reason}`,
    },
    timeline: { at, kind: 'approval', summary: `${plan.summary}: approved: ${reason}`, actor, data: { plan: plan.id, hash: plan.hash } },
  });
}

async function approveAutomatically(ports: MitigationPorts, planId: string): Promise<Plan | null> {
  const plan = await ports.plans.get(planId);
  if (plan === null || plan.state !== 'proposed' || ports.clock.now() >= plan.expiresAt) return null;
  if (modeOf(ports.settings(), plan.action) !== 'auto') return null;
  const verdicts = await judgeNow(ports, plan, 'approve', true);
  if (!allowed(verdicts)) return null;
  const approved = await recordApproval(ports, plan, verdicts, machine, `mode auto: ${verdicts.find(({ id }) => id === 'mode')?.reason}`);
  return approved === 'conflict' ? null : approved;
}

async function reject(ports: MitigationPorts, planId: string, actor: string, reason: string): Promise<Plan | 'conflict' | null> {
  const plan = await ports.plans.get(planId);
  if (plan === null) return null;
  const at = ports.clock.now();
  const summary = `${plan.summary}: rejected: ${reason}`;
  return ports.plans.move({
    id: planId,
    from: ['proposed'],
    to: 'refused',
    audit: { at, actor, kind: 'rejected', incident: plan.incident, plan: planId, summary },
    timeline: { at, kind: 'refusal', summary, actor, data: { plan: planId } },
  });
}

async function withdraw(ports: MitigationPorts, planId: string, why: string): Promise<Plan | 'conflict' | null> {
  const plan = await ports.plans.get(planId);
  if (plan === null) return null;
  const timeline = { at: ports.clock.now(), kind: 'plan', actor: machine, data: { plan: planId, state: 'superseded' } } as const;
  const summary = `${plan.summary}: withdrawn, ${why}`;
  return ports.plans.move({ id: planId, from: ['proposed'], to: 'superseded', timeline: { ...timeline, summary } });
}

async function expire(ports: MitigationPorts): Promise<readonly Plan[]> {
  const expired: Plan[] = [];
  for (const plan of await ports.plans.inStates(['proposed'])) {
    if (ports.clock.now() < plan.expiresAt) continue;
    const moved = await expireOne(ports, plan);
    if (moved !== 'conflict') expired.push(moved);
  }
  return expired;
}

function expireOne(ports: MitigationPorts, plan: Plan): Promise<Plan | 'conflict'> {
  const at = ports.clock.now();
  const summary = `${plan.summary}: expired, nobody approved it`;
  return ports.plans.move({
    id: plan.id,
    from: ['proposed'],
    to: 'expired',
    timeline: { at, kind: 'plan', summary, actor: machine, data: { plan: plan.id, state: 'expired' } },
  });
}

async function settle(
  ports: MitigationPorts,
  executor: Executor,
  planId: string,
  verdict: VerificationVerdict,
  why: string,
): Promise<Plan | null> {
  const plan = await ports.plans.get(planId);
  if (plan === null || plan.state !== 'done' || verdict === 'waiting') return plan;
  await ports.ledger.settle(planId, verdict);
  if (verdict === 'recovered') return plan;
  await openBreaker(ports, plan, `${plan.summary}: ${verdict}: ${why}`);
  if (verdict !== 'regressed' || plan.undo.length === 0) return plan;
  const undone = await executor.undo(planId, machine, `things got worse: ${why}`);
  // The record keeps why it was taken back: an action that made things worse has not earned anything.
  await ports.ledger.settle(planId, 'regressed');
  return 'plan' in undone ? undone.plan : plan;
}
