import type { ApprovalAnswer, Difference, GuardVerdict, Plan } from '../api/plan.ts';

/** After anything on the form has changed, a click that was already on its way must not approve it. */
export const armingMs = 600;

/** Why the last attempt did not go through, or what keeps the form from sending. */
export type Obstacle =
  | { readonly kind: 'refused'; readonly guards: readonly GuardVerdict[]; readonly detail: string; readonly planVersion: number }
  | { readonly kind: 'expired'; readonly detail: string }
  | { readonly kind: 'forbidden'; readonly detail: string }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string };

/**
 * The life of one approval form. The form holds the plan it was drawn with: `plan` changes only where the person sees it change.
 * `reading` may be sent; `drifted` is locked until the new plan was read; `lost` is never sent again by itself;
 * `closed`: the plan is no longer a proposal.
 */
export type ApprovalForm = {
  readonly plan: Plan;
  readonly reason: string;
  /** Ticked: the reader knows that there is no undo. */
  readonly understood: boolean;
} & (
  | { readonly kind: 'reading'; readonly armsAtMs: number; readonly obstacle: Obstacle | null }
  | { readonly kind: 'drifted'; readonly newPlan: Plan | null; readonly differences: readonly Difference[]; readonly sinceMs: number }
  | { readonly kind: 'sending' }
  | { readonly kind: 'lost'; readonly sinceMs: number }
  | { readonly kind: 'closed' }
);

export type ApprovalEvent =
  | { readonly kind: 'seen'; readonly plan: Plan; readonly atMs: number }
  | { readonly kind: 'typed'; readonly reason: string }
  | { readonly kind: 'understood'; readonly yes: boolean }
  | { readonly kind: 'sent' }
  | { readonly kind: 'answered'; readonly answer: ApprovalAnswer; readonly atMs: number }
  | { readonly kind: 'checked'; readonly plan: Plan; readonly atMs: number }
  | { readonly kind: 'reread'; readonly atMs: number };

export function newApprovalForm(plan: Plan, atMs: number): ApprovalForm {
  return drawn(plan, '', atMs);
}

function drawn(plan: Plan, reason: string, atMs: number): ApprovalForm {
  const base = { plan, reason, understood: false };
  if (plan.state === 'expired') return { ...base, kind: 'reading', armsAtMs: atMs + armingMs, obstacle: { kind: 'expired', detail: '' } };
  if (plan.state !== 'proposed') return { ...base, kind: 'closed' };
  return { ...base, kind: 'reading', armsAtMs: atMs + armingMs, obstacle: null };
}

export function stepApproval(form: ApprovalForm, event: ApprovalEvent): ApprovalForm {
  switch (event.kind) {
    case 'seen':
      return seen(form, event.plan, event.atMs);
    case 'typed':
      return { ...form, reason: event.reason };
    case 'understood':
      return { ...form, understood: event.yes };
    case 'sent':
      return form.kind === 'reading' ? { ...base(form), kind: 'sending' } : form;
    case 'answered':
      return form.kind === 'sending' ? answered(form, event.answer, event.atMs) : form;
    case 'checked':
      return isSameOffer(form.plan, event.plan) ? drawn(event.plan, form.reason, event.atMs) : seen(form, event.plan, event.atMs);
    case 'reread':
      return reread(form, event.atMs);
  }
}

function base(form: ApprovalForm): Pick<ApprovalForm, 'plan' | 'reason' | 'understood'> {
  return { plan: form.plan, reason: form.reason, understood: form.understood };
}

function isSameOffer(a: Plan, b: Plan): boolean {
  return a.id === b.id && a.hash === b.hash;
}

function seen(form: ApprovalForm, plan: Plan, atMs: number): ApprovalForm {
  switch (form.kind) {
    case 'closed':
      return plan.id === form.plan.id ? { ...form, plan } : drawn(plan, '', atMs);
    case 'drifted':
      return seenWhileDrifted(form, plan);
    case 'sending':
      return form;
    case 'lost':
      return plan.state === 'proposed' ? form : { ...base(form), plan, kind: 'closed' };
    case 'reading':
      return seenWhileReading(form, plan, atMs);
  }
}

function seenWhileDrifted(form: Extract<ApprovalForm, { kind: 'drifted' }>, plan: Plan): ApprovalForm {
  if (isSameOffer(form.plan, plan)) return isTaken(plan) ? { ...base(form), plan, kind: 'closed' } : form;
  return form.newPlan && isSameOffer(form.newPlan, plan) ? form : { ...form, newPlan: plan, differences: [] };
}

/** Somebody has already decided about it: what is left to show is what became of it. */
function isTaken(plan: Plan): boolean {
  return plan.state !== 'proposed' && plan.state !== 'superseded' && plan.state !== 'expired';
}

function seenWhileReading(form: Extract<ApprovalForm, { kind: 'reading' }>, plan: Plan, atMs: number): ApprovalForm {
  const wasOffered = form.plan.state === 'proposed';
  if (!isSameOffer(form.plan, plan)) {
    return wasOffered ? { ...base(form), kind: 'drifted', newPlan: plan, differences: [], sinceMs: atMs } : drawn(plan, form.reason, atMs);
  }
  if (plan.state === 'superseded') return { ...base(form), kind: 'drifted', newPlan: null, differences: [], sinceMs: atMs };
  if (plan.state === 'expired') {
    const obstacle: Obstacle = form.obstacle?.kind === 'expired' ? form.obstacle : { kind: 'expired', detail: '' };
    return { ...form, plan, obstacle };
  }
  if (plan.state !== 'proposed') return { ...base(form), plan, kind: 'closed' };
  if (shownText(plan) === shownText(form.plan)) return { ...form, plan };
  if (form.obstacle?.kind !== 'refused') return { ...form, plan, armsAtMs: atMs + armingMs };
  // The refusal is younger than a record of the plan that still has the verdicts of before.
  if (plan.version <= form.obstacle.planVersion) return form;
  return drawn(plan, form.reason, atMs);
}

/** What a reader of the form sees of the plan and would want to read again when it changes. */
function shownText(plan: Plan): string {
  return JSON.stringify([plan.state, plan.commands, plan.undo, plan.expected, plan.guards, plan.expiresAtMs]);
}

function answered(form: ApprovalForm, answer: ApprovalAnswer, atMs: number): ApprovalForm {
  switch (answer.kind) {
    case 'approved':
      return { ...base(form), kind: 'closed' };
    case 'lost':
      return { ...base(form), kind: 'lost', sinceMs: atMs };
    case 'drift':
      if (answer.plan && isSameOffer(form.plan, answer.plan) && isTaken(answer.plan))
        return { ...base(form), plan: answer.plan, kind: 'closed' };
      return { ...base(form), kind: 'drifted', newPlan: answer.plan, differences: answer.differences, sinceMs: atMs };
    case 'refused': {
      const obstacle: Obstacle = { ...answer, planVersion: form.plan.version };
      return { ...base(form), kind: 'reading', plan: withGuards(form.plan, answer.guards), armsAtMs: atMs + armingMs, obstacle };
    }
    case 'expired':
    case 'forbidden':
    case 'failed':
      return { ...base(form), kind: 'reading', armsAtMs: atMs + armingMs, obstacle: answer };
  }
}

function withGuards(plan: Plan, guards: readonly GuardVerdict[]): Plan {
  return guards.length === 0 ? plan : { ...plan, guards };
}

function reread(form: ApprovalForm, atMs: number): ApprovalForm {
  if (form.kind === 'drifted' && form.newPlan) return drawn(form.newPlan, form.reason, atMs);
  if (form.kind === 'lost') return drawn(form.plan, form.reason, atMs);
  return form;
}

/** Why the form cannot be sent at `atMs`, as a sentence; null when it can. `lock` is a reason from outside of the form. */
export function sendingLock(form: ApprovalForm, atMs: number, lock: string | null): string | null {
  if (form.kind !== 'reading') return form.kind === 'sending' ? 'It is being sent.' : 'This is no longer the plan.';
  if (lock !== null) return lock;
  if (form.obstacle?.kind === 'expired') return 'The plan has expired.';
  if (form.plan.guards.some((guard) => !guard.allow)) return 'A guard refuses.';
  if (form.reason.trim() === '') return 'A reason is required.';
  if (form.plan.undo.length === 0 && !form.understood) return 'It cannot be undone: confirm that first.';
  return atMs < form.armsAtMs ? 'It has just changed: look again.' : null;
}

/** What differs, line by line, for a reader who knew the old plan. */
export function differencesOf(was: Plan, now: Plan): readonly Difference[] {
  const rows: readonly (readonly [string, (plan: Plan) => string])[] = [
    ['what', (plan) => plan.summary],
    ['subjects', (plan) => plan.subjects.join(', ')],
    ['risk', (plan) => plan.risk],
    ['commands', (plan) => plan.commands.map((command) => command.text).join('\n')],
    ['undo', (plan) => plan.undo.map((command) => command.text).join('\n') || 'cannot be undone'],
    [
      'expected',
      (plan) => plan.expected.map((change) => `${change.subject} ${change.field}: ${change.was} → ${change.becomes}`).join('\n'),
    ],
    ['hash', (plan) => shortHash(plan.hash)],
  ];
  return rows.map(([path, of]) => ({ path, was: of(was), now: of(now) })).filter((row) => row.was !== row.now);
}

/** The first eight digits in two groups, as people compare them: `9f2c 71ab`. */
export function shortHash(hash: string): string {
  return `${hash.slice(0, 4)} ${hash.slice(4, 8)}`;
}
