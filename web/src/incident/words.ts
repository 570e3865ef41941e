import type { Finding, IncidentRow, TimelineKind, Verdict } from '../api/incident.ts';
import type { PlanState, Risk } from '../api/plan.ts';
import type { StepState } from '../api/steps.ts';
import type { ServerView } from '../api/topology.ts';
import type { Tone } from '../parts/mark.tsx';

/** The words of this page, each with its tone. A word is always beside its glyph. */

export const verdictWords: Readonly<Record<Verdict, string>> = {
  'cause-found': 'Cause found',
  'no-fault-found': 'No fault found',
  undetermined: 'Undetermined',
};

export function severityTone(severity: string): Tone {
  if (severity === 'critical' || severity === 'error') return 'bad';
  if (severity === 'warning') return 'warn';
  return severity === 'unknown' ? 'unknown' : 'accent';
}

export function stateWords(row: Pick<IncidentRow, 'state' | 'waitingFor'>): string {
  if (row.waitingFor === 'approval') return 'waits for your approval';
  if (row.waitingFor === 'person') return 'by hand';
  if (row.waitingFor === 'verification' || row.state === 'verifying') return 'verifying';
  return row.state;
}

export const findingWords: Readonly<Record<Finding, readonly [Tone, string]>> = {
  supports: ['bad', 'for'],
  contradicts: ['plain', 'against'],
  neutral: ['accent', 'describes'],
  unknown: ['unknown', 'unknown'],
};

export const riskWords: Readonly<Record<Risk, string>> = {
  reversible: 'risk: low, reversible',
  disruptive: 'risk: disruptive',
  irreversible: 'risk: irreversible',
};

export const planWords: Readonly<Record<PlanState, readonly [Tone, string]>> = {
  proposed: ['warn', 'waits for your approval'],
  approved: ['ours', 'approved'],
  running: ['ours', 'running'],
  done: ['ours', 'done, read back'],
  failed: ['bad', 'failed'],
  unknown: ['unknown', 'unknown: reading the proxy'],
  undone: ['ours', 'undone'],
  refused: ['plain', 'rejected'],
  expired: ['plain', 'expired'],
  superseded: ['plain', 'replaced by a newer plan'],
};

export const stepWords: Readonly<Record<StepState, readonly [Tone, string]>> = {
  waiting: ['plain', 'waits'],
  running: ['accent', 'running'],
  finding: ['bad', 'finding'],
  clear: ['ok', 'clear'],
  unknown: ['unknown', 'unknown'],
  skipped: ['plain', 'skipped'],
  proposed: ['warn', 'waits for approval'],
  done: ['ok', 'done'],
  failed: ['bad', 'failed'],
  manual: ['plain', 'by hand'],
  unbound: ['unknown', 'bound to nothing'],
};

export const timelineTones: Readonly<Record<TimelineKind, Tone>> = {
  opened: 'accent',
  alert: 'bad',
  diagnosis: 'accent',
  plan: 'ours',
  approval: 'ours',
  refusal: 'warn',
  action: 'ours',
  readback: 'ours',
  verification: 'ok',
  undo: 'ours',
  resolved: 'ok',
  note: 'plain',
};

export function serverWords(server: ServerView): readonly [Tone, string] {
  if (server.changedByPlan !== null) return ['ours', server.state];
  if (server.state === 'down') return ['bad', 'down'];
  if (server.failing) return ['bad', `${server.state}, failing`];
  if (server.state === 'up') return ['ok', 'up'];
  return server.state === 'unknown' || server.state === 'no-check' ? ['unknown', server.state.replace('-', ' ')] : ['warn', server.state];
}

/** `1 cause`, `5 causes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
