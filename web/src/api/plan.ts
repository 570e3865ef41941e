import type { ExpectedChange, GuardVerdict, PlanState, Risk, WireCommand } from '../../../src/model/plan.ts';
import { ApiError, at, readJson, write } from './client.ts';
import {
  type Fields,
  fieldsOf,
  instantOrNull,
  listOf,
  numberOf,
  numberOrNull,
  textOf,
  textOrNull,
  textsOf,
  visible,
  wordOf,
} from './reading.ts';

export type { GuardVerdict, PlanState, Risk };

/** A command as a person reads it: exact text, and where it goes. */
export interface Command {
  readonly text: string;
  readonly via: string;
}

interface Expected {
  readonly subject: string;
  readonly field: string;
  readonly was: string;
  readonly becomes: string;
}

interface Approval {
  readonly actor: string;
  readonly atMs: number | null;
  readonly reason: string;
}

export interface Progress {
  readonly command: string;
  readonly state: 'waiting' | 'acting' | 'ok' | 'failed' | 'unknown';
  readonly observed: string | null;
}

export interface Plan {
  readonly id: string;
  readonly action: string;
  readonly summary: string;
  readonly step: string | null;
  readonly cause: string;
  readonly target: string;
  readonly subjects: readonly string[];
  readonly risk: Risk;
  readonly commands: readonly Command[];
  readonly undo: readonly Command[];
  readonly expected: readonly Expected[];
  readonly guards: readonly GuardVerdict[];
  readonly hash: string;
  readonly state: PlanState;
  readonly proposedAtMs: number | null;
  readonly expiresAtMs: number | null;
  readonly liftsAtMs: number | null;
  readonly approvals: readonly Approval[];
  readonly progress: readonly Progress[];
  readonly supersededBy: string | null;
  readonly version: number;
}

const states: readonly PlanState[] = [
  'proposed',
  'approved',
  'running',
  'done',
  'failed',
  'unknown',
  'undone',
  'refused',
  'expired',
  'superseded',
];
const risks: readonly Risk[] = ['reversible', 'disruptive', 'irreversible'];

export function readPlan(value: unknown): Plan {
  const it = fieldsOf(value);
  const action = textOf(it['action']);
  const subjects = textsOf(it['subjects']);
  return {
    id: textOf(it['id']),
    action,
    summary: textOf(it['summary']) || `${action} ${subjects.join(', ')}`,
    step: textOrNull(it['step']),
    cause: textOf(it['cause']),
    target: textOf(it['target']),
    subjects,
    // A risk we do not know is treated as the worst.
    risk: wordOf(it['risk'], risks, 'irreversible'),
    commands: readCommands(it['commands'], fieldsOf(it['wire'])['commands']),
    undo: readCommands(it['undo'], fieldsOf(it['wire'])['undo']),
    expected: listOf(it['expected'], readExpected),
    guards: listOf(it['guards'], readGuard),
    hash: textOf(it['hash']),
    state: wordOf(it['state'], states, 'unknown'),
    proposedAtMs: instantOrNull(it['proposedAt']),
    expiresAtMs: instantOrNull(it['expiresAt']),
    liftsAtMs: instantOrNull(it['liftsAt']),
    approvals: readApprovals(it),
    progress: listOf(it['progress'], readProgress),
    supersededBy: textOrNull(it['supersededBy']),
    version: numberOf(it['version'], 0),
  };
}

function readApprovals(it: Fields): readonly Approval[] {
  const listed = listOf(it['approvals'], (value) => {
    const approval = fieldsOf(value);
    return { actor: textOf(approval['actor'], 'unknown'), atMs: instantOrNull(approval['at']), reason: textOf(approval['reason']) };
  });
  const actor = textOrNull(it['approvedBy']);
  if (listed.length > 0 || actor === null) return listed;
  return [{ actor, atMs: instantOrNull(it['approvedAt']), reason: textOf(it['approvalReason']) }];
}

function readExpected(value: unknown): Expected {
  const it = fieldsOf(value) as Partial<Record<keyof ExpectedChange, unknown>>;
  return { subject: textOf(it.subject), field: textOf(it.field), was: textOf(it.was), becomes: textOf(it.becomes) };
}

function readGuard(value: unknown): GuardVerdict {
  const it = fieldsOf(value);
  // Only an explicit yes is a yes.
  return { id: textOf(it['id']), allow: it['allow'] === true, reason: textOf(it['reason']) };
}

function readProgress(value: unknown): Progress {
  const it = fieldsOf(value);
  return {
    command: typeof it['command'] === 'string' ? visible(it['command']) : readCommand(it['command']).text,
    state: wordOf(it['state'], ['waiting', 'acting', 'ok', 'failed', 'unknown'], 'unknown'),
    observed: textOrNull(it['observed']),
  };
}

/** The texts as the server writes them; which way they take is in the wire form beside them. */
function readCommands(texts: unknown, wire: unknown): readonly Command[] {
  const ways = listOf(wire, readCommand);
  return listOf(texts, readCommand).map((command, index) => (command.via === '' ? { ...command, via: ways[index]?.via ?? '' } : command));
}

type AnyCommand = Partial<Record<keyof Extract<WireCommand, { kind: 'run' }>, unknown>> & Fields;

function readCommand(value: unknown): Command {
  if (typeof value === 'string') return { text: visible(value), via: '' };
  const it: AnyCommand = fieldsOf(value);
  switch (it['kind'] as WireCommand['kind']) {
    case 'haproxy':
      return { text: textOf(it['line']), via: `${textOf(it['target'])}, stats socket` };
    case 'run':
      return { text: textsOf(it['argv']).map(quoted).join(' '), via: 'process, without a shell' };
    case 'write-file':
      return { text: `write ${textOf(it['path'])}\n${textOf(it['content'])}`, via: `${textOf(it['target'])}, file provider` };
    case 'delete-file':
      return { text: `delete ${textOf(it['path'])}`, via: `${textOf(it['target'])}, file provider` };
    default:
      return { text: visible(JSON.stringify(value)), via: 'unknown kind of command' };
  }
}

/** Arguments are shown so that each one's borders can be seen; nothing here is ever given to a shell. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : JSON.stringify(argument);
}

export async function fetchPlan(id: string, signal?: AbortSignal): Promise<Plan> {
  return readPlan(await readJson(at`/plans/${id}`, signal));
}

/** What differs between the plan that was read and the plan as it is now. */
export interface Difference {
  readonly path: string;
  readonly was: string;
  readonly now: string;
}

export type ApprovalAnswer =
  | { readonly kind: 'approved' }
  | { readonly kind: 'drift'; readonly plan: Plan | null; readonly differences: readonly Difference[]; readonly detail: string }
  | { readonly kind: 'refused'; readonly guards: readonly GuardVerdict[]; readonly detail: string }
  | { readonly kind: 'expired'; readonly detail: string }
  | { readonly kind: 'forbidden'; readonly detail: string }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string }
  | { readonly kind: 'lost' };

/** Says yes to exactly the commands behind `hash`. Every no is an answer, not an exception. */
export async function approvePlan(id: string, hash: string, reason: string): Promise<ApprovalAnswer> {
  try {
    await write('POST', at`/plans/${id}/approval`, { planHash: hash, reason });
    return { kind: 'approved' };
  } catch (error) {
    if (error instanceof ApiError) return readRefusal(error);
    throw error;
  }
}

function readRefusal(error: ApiError): ApprovalAnswer {
  const detail = error.message;
  switch (error.status) {
    case 0:
    case 502:
    case 504:
      return { kind: 'lost' };
    case 409: {
      const plan = error.body['plan'];
      return { kind: 'drift', plan: plan ? readPlan(plan) : null, differences: listOf(error.body['diff'], readDifference), detail };
    }
    case 410:
      return { kind: 'expired', detail };
    case 401:
    case 403:
      return { kind: 'forbidden', detail };
    case 422:
      return { kind: 'refused', guards: listOf(error.body['guards'], readGuard), detail };
    default:
      return { kind: 'failed', code: error.code, detail };
  }
}

function readDifference(value: unknown): Difference {
  const it = fieldsOf(value);
  return { path: textOf(it['path']), was: shown(it['was']), now: shown(it['now']) };
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '(nothing)';
  if (typeof value === 'string') return visible(value);
  const command = fieldsOf(value)['kind'] ? readCommand(value).text : null;
  return command ?? visible(JSON.stringify(value));
}

/** Runs the guards now and answers the plan with what they say now. */
export async function checkPlan(id: string): Promise<Plan> {
  const answer = fieldsOf(await write('POST', at`/plans/${id}/check`, {}));
  const plan = await fetchPlan(id);
  return Array.isArray(answer['guards']) ? { ...plan, guards: listOf(answer['guards'], readGuard) } : plan;
}

export async function rejectPlan(id: string, reason: string): Promise<void> {
  await write('POST', at`/plans/${id}/rejection`, { reason });
}

export async function undoPlan(id: string, reason: string): Promise<void> {
  await write('POST', at`/plans/${id}/undo`, { reason });
}

export interface Indicator {
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  readonly before: number | string | null;
  readonly now: number | string | null;
  readonly goal: { readonly op: string; readonly value: number | string | null };
  readonly ok: boolean | null;
}

export interface Effect {
  readonly verdict: 'waiting' | 'recovered' | 'not-recovered' | 'regressed' | 'unknown';
  readonly untilMs: number | null;
  readonly indicators: readonly Indicator[];
}

export async function fetchEffect(planId: string, signal?: AbortSignal): Promise<Effect> {
  const it = fieldsOf(await readJson(at`/plans/${planId}/effect`, signal));
  return {
    verdict: wordOf(it['verdict'], ['waiting', 'recovered', 'not-recovered', 'regressed', 'unknown'], 'unknown'),
    untilMs: instantOrNull(it['until']),
    indicators: listOf(it['indicators'], readIndicator),
  };
}

function readIndicator(value: unknown): Indicator {
  const it = fieldsOf(value);
  const goal = fieldsOf(it['goal']);
  return {
    id: textOf(it['id']),
    label: textOf(it['label']) || textOf(it['id']),
    unit: textOf(it['unit']),
    before: quantityOrNull(it['before']),
    now: quantityOrNull(it['now']),
    goal: { op: textOf(goal['op']), value: quantityOrNull(goal['value']) },
    ok: typeof it['ok'] === 'boolean' ? it['ok'] : null,
  };
}

/** A number, or a text that already reads well ("2 of 3"). */
export function quantityOrNull(value: unknown): number | string | null {
  return textOrNull(value) ?? numberOrNull(value);
}
