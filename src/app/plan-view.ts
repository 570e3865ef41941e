import type { CommandProgress, PlanView } from '../interfaces/verbs.ts';
import type { Plan, PlanState } from '../model/plan.ts';
import type { JournalEntry, JournalState } from '../respond/mitigation/journal.ts';

const states: Readonly<Record<JournalState, CommandProgress['state']>> = {
  intended: 'waiting',
  acting: 'acting',
  observed: 'acting',
  done: 'ok',
  failed: 'failed',
  unknown: 'unknown',
};

const underWay: readonly PlanState[] = ['approved', 'running'];

/** A plan with how far each of its commands came, as the journal says, and the plan that took its place. */
export function planView(plan: Plan, journal: readonly JournalEntry[], ofIncident: readonly Plan[]): PlanView {
  return { ...plan, progress: progressOf(plan, journal), supersededBy: plan.state === 'superseded' ? successorOf(plan, ofIncident) : null };
}

/** What was never begun waits only while the plan is under way: afterwards it will not come any more. */
function progressOf(plan: Plan, journal: readonly JournalEntry[]): CommandProgress[] {
  return plan.commands.flatMap((command, ordinal) => {
    const entry = journal.findLast((one) => one.direction === 'do' && one.ordinal === ordinal);
    if (entry !== undefined) return [{ command, state: states[entry.state], observed: entry.observed }];
    return underWay.includes(plan.state) ? [{ command, state: 'waiting' as const, observed: null }] : [];
  });
}

function successorOf(plan: Plan, ofIncident: readonly Plan[]): string | null {
  const later = ofIncident.slice(ofIncident.findIndex((other) => other.id === plan.id) + 1);
  const next = later.find((other) => other.cause === plan.cause || other.subjects.some((subject) => plan.subjects.includes(subject)));
  return next?.id ?? null;
}
