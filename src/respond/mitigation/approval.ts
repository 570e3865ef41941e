import type { GuardVerdict, Plan } from '../../model/plan.ts';

/** Longest reason that is kept. */
const reasonLengthMax = 2000;
/** An approval whose execution has not begun by then is void: the world it looked at is gone. */
export const approvalValidMs = 60_000;

/** What an approval comes to. `status` is the one of HTTP, so that every interface says the same. */
export type ApprovalDecision =
  /** Record it, then act. */
  | { readonly status: 200; readonly kind: 'approve' }
  /** The same person said the same before: nothing is done again. */
  | { readonly status: 200; readonly kind: 'already' }
  | { readonly status: 400; readonly kind: 'malformed'; readonly reason: string }
  | { readonly status: 403; readonly kind: 'forbidden'; readonly reason: string }
  | { readonly status: 404; readonly kind: 'unknown-plan'; readonly reason: string }
  | { readonly status: 409; readonly kind: 'changed'; readonly reason: string }
  | { readonly status: 410; readonly kind: 'expired'; readonly reason: string }
  | { readonly status: 422; readonly kind: 'refused'; readonly reason: string; readonly guards: readonly GuardVerdict[] };

/** Decides without the guards; `null`: everything is in order, ask the guards. */
export function decideApproval(
  plan: Plan | null,
  request: { readonly planHash: unknown; readonly reason: unknown },
  actor: { readonly name: string; readonly mayApprove: boolean },
  nowMs: number,
): ApprovalDecision | null {
  if (typeof request.planHash !== 'string' || !/^[0-9a-f]{64}$/.test(request.planHash))
    return malformed('planHash must be the hash of the plan, 64 hexadecimal digits');
  const reason = typeof request.reason === 'string' ? request.reason.trim() : '';
  if (reason === '') return malformed('reason must say why, in words');
  if (reason.length > reasonLengthMax) return malformed(`reason has ${reason.length} characters, the limit is ${reasonLengthMax}`);
  if (plan === null) return { status: 404, kind: 'unknown-plan', reason: 'there is no such plan' };
  if (!actor.mayApprove) return { status: 403, kind: 'forbidden', reason: `${actor.name} may not approve plans` };
  return decideKnown(plan, request.planHash, actor.name, nowMs);
}

function malformed(reason: string): ApprovalDecision {
  return { status: 400, kind: 'malformed', reason };
}

const begun: ReadonlySet<Plan['state']> = new Set(['approved', 'running', 'done', 'failed', 'unknown', 'undone']);

function decideKnown(plan: Plan, hash: string, actor: string, nowMs: number): ApprovalDecision | null {
  const same = hash === plan.hash;
  if (same && plan.approvedBy === actor && begun.has(plan.state)) return { status: 200, kind: 'already' };
  if (!same) return { status: 409, kind: 'changed', reason: 'the plan is not the one you saw; read it again' };
  if (plan.state === 'expired') return { status: 410, kind: 'expired', reason: 'the plan expired; ask for a new one' };
  if (plan.state !== 'proposed') return { status: 409, kind: 'changed', reason: `the plan is ${plan.state}, no longer proposed` };
  if (nowMs >= plan.expiresAt) return { status: 410, kind: 'expired', reason: 'the plan expired; ask for a new one' };
  return null;
}
