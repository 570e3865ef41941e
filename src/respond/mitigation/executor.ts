import type { TimelineKind } from '../../model/incident.ts';
import type { ExpectedChange, Plan, PlanState, WireCommand } from '../../model/plan.ts';
import { approvalValidMs } from './approval.ts';
import type { AuditKind, NewAuditEntry } from './audit.ts';
import { type CommandEnd, execute, lookAtAll, readBack } from './command-run.ts';
import { commandLine } from './command-text.ts';
import { allowed, concerns, type HealthSnapshot, judgeAll } from './guard.ts';
import { leaseKey, lookForGuards } from './guard-context.ts';
import { breakerScope } from './guards/breaker.ts';
import { guards } from './guards.ts';
import { healthOf } from './health-snapshot.ts';
import type { JournalEntry } from './journal.ts';
import { canonicalJson } from './plan-hash.ts';
import type { MitigationPorts } from './ports.ts';

/** Longer than any one subject takes; renewed before each. */
const leaseMs = 5 * 60_000;
const machine = 'proxymedic';

/** Carries out approved plans, one subject after the other, and takes changes back. */
export interface Executor {
  /** Runs an approved plan to its end. Does nothing for a plan in any other state. Rejects only when nothing could be recorded. */
  run(planId: string): Promise<Plan | null>;
  /** Takes back what a plan changed. Refuses with a reason when that cannot be done safely now. */
  undo(planId: string, actor: string, reason: string): Promise<UndoResult>;
  /** On start: brings every plan that was under way to a true end, before anything else acts. */
  recover(): Promise<readonly Plan[]>;
}

export type UndoResult =
  | { readonly kind: 'undone' | 'failed' | 'unknown'; readonly plan: Plan; readonly reason: string }
  | { readonly kind: 'unknown-plan' | 'not-undoable' | 'busy' | 'changed-by-others'; readonly reason: string };

/** Key under which the health before a plan is remembered, for its verification. */
export function baselineKey(planId: string): string {
  return `baseline/${planId}`;
}

/** Key under which an undo that has begun is remembered until it ended. */
function undoKey(planId: string): string {
  return `undo/${planId}`;
}

export function createExecutor(ports: MitigationPorts): Executor {
  return {
    run: (planId) => runApproved(ports, planId),
    undo: (planId, actor, reason) => undoPlan(ports, planId, actor, reason),
    recover: () => recoverAll(ports),
  };
}

async function runApproved(ports: MitigationPorts, planId: string): Promise<Plan | null> {
  const plan = await ports.plans.get(planId);
  if (plan === null || plan.state !== 'approved') return plan;
  if (ports.clock.now() - (plan.approvedAt ?? 0) > approvalValidMs) {
    return end(ports, plan, ['approved'], 'expired', 'refusal', 'the approval is void: nothing was begun within 60 s');
  }
  return underLease(ports, plan, 'run', (token, owner) => begin(ports, plan, { token, owner }, ['approved']));
}

interface Holder {
  readonly token: number;
  readonly owner: string;
}

async function underLease(
  ports: MitigationPorts,
  plan: Plan,
  what: string,
  work: (token: number, owner: string) => Promise<Plan | null>,
): Promise<Plan | null> {
  const owner = `plan ${plan.id} (${what} ${ports.newId()})`;
  const lease = await ports.ledger.acquireLease(leaseKey(plan), owner, ports.clock.now(), leaseMs);
  if ('heldBy' in lease) {
    if (lease.heldBy.owner.startsWith(`plan ${plan.id} `)) return ports.plans.get(plan.id);
    return end(ports, plan, ['approved'], 'refused', 'refusal', `${lease.heldBy.owner} works on ${lease.heldBy.key}`);
  }
  try {
    return await work(lease.token, owner);
  } finally {
    await ports.ledger.releaseLease(lease.key, lease.token);
  }
}

/** Guards once more, then audit, baseline and count, and only then the first command. */
async function begin(ports: MitigationPorts, plan: Plan, holder: Holder, from: readonly PlanState[]): Promise<Plan | null> {
  const automatic = plan.approvedBy === machine;
  const state = await ports.readState(plan.target).catch(() => null);
  const baseline = state === null ? null : healthOf(state);
  const context = await lookForGuards(ports, { plan, phase: 'act', automatic, baseline, holder, state });
  const verdicts = judgeAll(guards, context);
  if (!allowed(verdicts)) {
    const why = verdicts.find((verdict) => !verdict.allow);
    return end(ports, plan, from, 'refused', 'refusal', `${why?.id} refuses: ${why?.reason}`, { guards: verdicts });
  }
  const started = await ports.plans.move({
    id: plan.id,
    from,
    to: 'running',
    change: { guards: verdicts },
    audit: auditEntry(ports, plan, 'acting', `${plan.summary}: ${plan.commands.length} commands`),
    timeline: entry(ports, plan, 'action', `${plan.summary}: begun`, { hash: plan.hash, baseline }),
  });
  if (started === 'conflict') return ports.plans.get(plan.id);
  await ports.state.put(baselineKey(plan.id), baseline, ports.clock.now());
  const { action, target, backend, runbook } = plan;
  await ports.ledger.begin({
    plan: plan.id,
    action,
    target,
    backend,
    runbook,
    startedAt: ports.clock.now(),
    approvedByPerson: !automatic,
  });
  return runCommands(ports, started, holder, baseline);
}

async function runCommands(ports: MitigationPorts, plan: Plan, holder: Holder, baseline: HealthSnapshot | null): Promise<Plan | null> {
  const changed = new Set<string>();
  for (const [ordinal, command] of plan.commands.entries()) {
    const first = plan.commands[ordinal - 1]?.subject !== command.subject;
    if (first && ordinal > 0) {
      const why = await refusalBetween(ports, plan, holder, [...changed], baseline);
      if (why !== null) return fail(ports, plan, holder, changed, `stopped before ${command.subject}: ${why}`);
    }
    const last = !plan.commands.slice(ordinal + 1).some((later) => later.subject === command.subject);
    const expected = last ? expectedAfter(plan, plan.commands, ordinal) : [];
    if (command.kind === 'run' && (await alreadySo(ports, plan, expected))) {
      await note(ports, plan, 'readback', `${command.subject} is already as intended: nothing was sent`, { expected });
      continue;
    }
    const result = await runOne(ports, plan, 'do', ordinal, command, expected, holder, 0);
    if (!result.unchanged) changed.add(command.subject);
    if (result.state === 'unknown') return unknown(ports, plan, `${command.subject}: ${result.detail}`);
    if (result.state === 'failed') return fail(ports, plan, holder, changed, `${command.subject}: ${result.detail}`);
  }
  return end(ports, plan, ['running'], 'done', 'action', `${plan.summary}: done and read back`);
}

/** A process that somebody started in the meantime must not be restarted by us. */
async function alreadySo(ports: MitigationPorts, plan: Plan, expected: readonly ExpectedChange[]): Promise<boolean> {
  if (expected.length === 0 || expected.some(({ was, becomes }) => was === becomes)) return false;
  const { sights } = await lookAtAll(ports, plan.target, expected);
  return sights.every((sight) => sight === 'becomes');
}

/** What must be seen after a command: its subject's changes, and after the last one everything that no command names. */
function expectedAfter(plan: Plan, commands: readonly WireCommand[], ordinal: number): readonly ExpectedChange[] {
  const subject = commands[ordinal]?.subject ?? '';
  const isLast = ordinal === commands.length - 1;
  return plan.expected.filter(
    (change) => concerns(subject, change.subject) || (isLast && !commands.some((command) => concerns(command.subject, change.subject))),
  );
}

/** The lease is renewed and all guards judge again before each further subject. */
async function refusalBetween(
  ports: MitigationPorts,
  plan: Plan,
  holder: Holder,
  changed: readonly string[],
  baseline: HealthSnapshot | null,
): Promise<string | null> {
  const lease = await ports.ledger.acquireLease(leaseKey(plan), holder.owner, ports.clock.now(), leaseMs);
  if ('heldBy' in lease || lease.token !== holder.token) return 'our right to act on this backend was lost';
  // Traefik's servers share one file: what one command wrote belongs to this plan, so its own config hash no longer counts.
  const ours = plan.commands.some((command) => command.kind === 'write-file' || command.kind === 'delete-file');
  const state = await ports.readState(plan.target).catch(() => null);
  const look = { plan, phase: 'act', automatic: plan.approvedBy === machine, changed, baseline, holder, state } as const;
  const context = await lookForGuards(ports, look);
  const verdicts = judgeAll(guards, ours ? { ...context, configHash: plan.configHash } : context);
  const why = verdicts.find((verdict) => !verdict.allow);
  return why === undefined ? null : `${why.id} refuses: ${why.reason}`;
}

type Direction = JournalEntry['direction'];

/** One command: journal, fencing, act, read back, journal. At most one effect per key, whatever happens in between. */
async function runOne(
  ports: MitigationPorts,
  plan: Plan,
  direction: Direction,
  ordinal: number,
  command: WireCommand,
  expected: readonly ExpectedChange[],
  holder: Holder,
  round: number,
): Promise<CommandEnd> {
  const key = ports.sha256(canonicalJson([plan.incident, plan.id, direction, round, ordinal, plan.target, command]));
  const intendedAt = ports.clock.now();
  const intended = await ports.journal.intend({ key, plan: plan.id, direction, ordinal, command, token: holder.token, intendedAt });
  if (intended === 'exists') return { state: 'unknown', detail: 'this very command was intended before', observed: null, unchanged: false };
  const lease = await ports.ledger.lease(leaseKey(plan));
  if (lease === null || lease.token !== holder.token || lease.expiresAt <= ports.clock.now()) {
    await ports.journal.advance({ key, from: 'intended', to: 'failed', at: ports.clock.now(), detail: 'not sent: the lease was lost' });
    return { state: 'failed', detail: 'not sent: the lease was lost', observed: null, unchanged: true };
  }
  const acting = await ports.journal.advance({ key, from: 'intended', to: 'acting', at: ports.clock.now() });
  if (acting === 'conflict') return { state: 'unknown', detail: 'somebody else took this command', observed: null, unchanged: false };
  return actAndRecord(ports, plan, key, command, expected);
}

async function actAndRecord(
  ports: MitigationPorts,
  plan: Plan,
  key: string,
  command: WireCommand,
  expected: readonly ExpectedChange[],
): Promise<CommandEnd> {
  const outcome = await execute(ports, command);
  const words = commandLine(command);
  await note(ports, plan, 'action', `${words}: ${outcome.outcome}`, { command, outcome });
  const result = await readBack(ports, plan.target, command, outcome, expected);
  if (expected.length > 0) {
    await note(ports, plan, 'readback', `${command.subject}: ${result.observed ?? 'could not be seen'}`, { expected, result });
  }
  const at = ports.clock.now();
  await ports.journal.advance({ key, from: 'acting', to: 'observed', at, detail: result.detail, observed: result.observed });
  await ports.journal.advance({ key, from: 'observed', to: result.state, at });
  return result;
}

async function unknown(ports: MitigationPorts, plan: Plan, why: string): Promise<Plan | null> {
  await settleBadly(ports, plan, 'unknown', why);
  return end(ports, plan, ['running'], 'unknown', 'action', `${plan.summary}: unknown, a person must look: ${why}`);
}

/** Takes back what this run had already changed, in reverse, then says that it failed. */
async function fail(ports: MitigationPorts, plan: Plan, holder: Holder, changed: ReadonlySet<string>, why: string): Promise<Plan | null> {
  const inForce = plan.undo.some((command) => changed.has(command.subject));
  const undone = inForce ? (await runUndo(ports, plan, holder, changed)).last : null;
  if (undone !== null && undone.state !== 'done') {
    return unknown(ports, plan, `${why}; and taking back the rest was ${undone.state}: ${undone.detail}`);
  }
  await settleBadly(ports, plan, 'failed', why);
  const stays = changed.size > 0 ? `; ${[...changed].join(', ')} stays changed, it has no way back` : '';
  const after = undone === null ? stays : '; what was changed was taken back';
  return end(ports, plan, ['running'], 'failed', 'action', `${plan.summary}: failed: ${why}${after}`);
}

async function settleBadly(ports: MitigationPorts, plan: Plan, outcome: 'failed' | 'unknown', why: string): Promise<void> {
  await ports.ledger.settle(plan.id, outcome);
  await openBreaker(ports, plan, `${plan.summary}: ${outcome}: ${why}`);
}

/** After this the machine leaves the action alone on this target until a person closes the breaker. */
export async function openBreaker(ports: MitigationPorts, plan: Plan, reason: string): Promise<void> {
  const scope = breakerScope(plan.action, plan.target);
  const audit = auditEntry(ports, plan, 'breaker-opened', `${scope}: ${reason}`);
  await ports.ledger.openBreaker({ scope, reason, openedAt: ports.clock.now() }, audit);
}

interface UndoRun {
  /** How the last command that ran ended. */
  readonly last: CommandEnd;
  /** Whether any command of it had or may have had an effect. */
  readonly changed: boolean;
}

/** Runs the undo commands (of some subjects, or all) in their order; stops at the first that is not done. */
async function runUndo(ports: MitigationPorts, plan: Plan, holder: Holder, subjects: ReadonlySet<string> | null): Promise<UndoRun> {
  const before = await ports.journal.ofPlan(plan.id);
  let result: CommandEnd = { state: 'done', detail: '', observed: null, unchanged: true };
  let changed = false;
  for (const [ordinal, command] of plan.undo.entries()) {
    if (subjects !== null && !subjects.has(command.subject)) continue;
    const round = before.filter((one) => one.direction === 'undo' && one.ordinal === ordinal).length;
    const last = !plan.undo.slice(ordinal + 1).some((later) => later.subject === command.subject);
    const back = last ? expectedAfter(plan, plan.undo, ordinal).map(reversed) : [];
    result = await runOne(ports, plan, 'undo', ordinal, command, back, holder, round);
    changed ||= !result.unchanged;
    if (result.state !== 'done') break;
  }
  return { last: result, changed };
}

function reversed(change: ExpectedChange): ExpectedChange {
  return { ...change, was: change.becomes, becomes: change.was };
}

const undoable: readonly PlanState[] = ['done', 'failed', 'unknown'];

async function undoPlan(ports: MitigationPorts, planId: string, actor: string, reason: string): Promise<UndoResult> {
  const plan = await ports.plans.get(planId);
  if (plan === null) return { kind: 'unknown-plan', reason: 'there is no such plan' };
  if (!undoable.includes(plan.state)) return { kind: 'not-undoable', reason: `the plan is ${plan.state}: nothing of it is in force` };
  if (plan.undo.length === 0) return { kind: 'not-undoable', reason: `${plan.action} has no way back` };
  const owner = `plan ${plan.id} (undo ${ports.newId()})`;
  const lease = await ports.ledger.acquireLease(leaseKey(plan), owner, ports.clock.now(), leaseMs);
  if ('heldBy' in lease) return { kind: 'busy', reason: `${lease.heldBy.owner} works on ${lease.heldBy.key}` };
  try {
    return await undoHeld(ports, plan, { token: lease.token, owner }, actor, reason);
  } finally {
    await ports.ledger.releaseLease(lease.key, lease.token);
  }
}

async function undoHeld(ports: MitigationPorts, plan: Plan, holder: Holder, actor: string, reason: string): Promise<UndoResult> {
  const { sights, observed } = await lookAtAll(ports, plan.target, plan.expected);
  if (sights.includes('other')) {
    return { kind: 'changed-by-others', reason: `somebody changed it since: ${observed}; taking our change back would take theirs, too` };
  }
  await ports.state.put(undoKey(plan.id), { actor, reason }, ports.clock.now());
  await ports.audit.append({ ...auditEntry(ports, plan, 'undo', `${plan.summary}: taken back: ${reason}`), actor });
  await note(ports, plan, 'undo', `${plan.summary}: taking it back: ${reason}`, {}, actor);
  const run = await runUndo(ports, plan, holder, null);
  const result = run.last.state === 'done' ? await undone(ports, plan, actor) : await notUndone(ports, plan, run, actor);
  await ports.state.remove(undoKey(plan.id));
  return result;
}

async function undone(ports: MitigationPorts, plan: Plan, actor: string): Promise<UndoResult> {
  const text = `${plan.summary}: taken back, everything is as before`;
  const moved = await end(ports, plan, undoable, 'undone', 'undo', text, {}, actor);
  await ports.ledger.settle(plan.id, 'undone');
  return { kind: 'undone', plan: moved ?? plan, reason: text };
}

/** Without any effect the plan is what it was; half taken back it is neither. */
async function notUndone(ports: MitigationPorts, plan: Plan, { last, changed }: UndoRun, actor: string): Promise<UndoResult> {
  const text = `${plan.summary}: taking it back was ${last.state}: ${last.detail}`;
  const kind = last.state === 'failed' ? 'failed' : 'unknown';
  if (changed) return { kind, plan: (await end(ports, plan, undoable, 'unknown', 'undo', text, {}, actor)) ?? plan, reason: last.detail };
  await note(ports, plan, 'undo', text, { result: last }, actor);
  return { kind, plan, reason: last.detail };
}

async function recoverAll(ports: MitigationPorts): Promise<readonly Plan[]> {
  await ports.ledger.releaseAllLeases();
  const ended: Plan[] = [];
  for (const plan of await ports.plans.inStates(['running'])) {
    const after = await recoverRunning(ports, plan);
    if (after !== null) ended.push(after);
  }
  for (const plan of await ports.plans.inStates(['approved'])) {
    const after = await runApproved(ports, plan.id);
    if (after !== null) ended.push(after);
  }
  await recoverUndos(ports);
  return ended;
}

/** A plan whose execution a crash cut off: what is true is read from the proxy, never guessed. */
async function recoverRunning(ports: MitigationPorts, plan: Plan): Promise<Plan | null> {
  const entries = (await ports.journal.ofPlan(plan.id)).filter((one) => one.direction === 'do');
  let unchanged = 0;
  for (const one of entries) {
    if (one.state !== 'acting' && one.state !== 'observed' && one.state !== 'intended') continue;
    const sight = one.state === 'intended' ? await neverSent(ports, one) : await reconcile(ports, plan, one);
    if (sight === 'unclear') return unknown(ports, plan, `${one.command.subject}: after a crash it is neither as before nor as intended`);
    if (sight === 'was') unchanged += 1;
  }
  const settled = (await ports.journal.ofPlan(plan.id)).filter((one) => one.direction === 'do');
  const done = settled.filter((one) => one.state === 'done').length;
  if (done === plan.commands.length) return end(ports, plan, ['running'], 'done', 'action', `${plan.summary}: found done after a restart`);
  if (done > 0) return unknown(ports, plan, `a crash left it half done: ${done} of ${plan.commands.length} commands`);
  const why = unchanged > 0 ? 'the command had no effect' : 'no command had been sent';
  // No fault of the action: its breaker stays closed.
  await ports.ledger.settle(plan.id, 'failed');
  return end(ports, plan, ['running'], 'failed', 'action', `${plan.summary}: interrupted by a crash; ${why}, everything is as before`);
}

async function neverSent(ports: MitigationPorts, one: JournalEntry): Promise<'was'> {
  await ports.journal.advance({
    key: one.key,
    from: 'intended',
    to: 'failed',
    at: ports.clock.now(),
    detail: 'never sent: a crash came first',
  });
  return 'was';
}

/** Finds out what became of a command that was on its way when we died, and writes it down. */
async function reconcile(ports: MitigationPorts, plan: Plan, one: JournalEntry): Promise<'becomes' | 'was' | 'unclear'> {
  const expected = expectedAfter(plan, plan.commands, one.ordinal);
  // A process may still be starting: what it was told to do survived us. Everything else was over in an instant.
  const waitUntilMs = one.command.kind === 'run' ? (one.actingAt ?? 0) + approvalValidMs : 0;
  for (;;) {
    const { sights, observed } = await lookAtAll(ports, plan.target, expected);
    const all = (sight: string) => sights.length > 0 && sights.every((seen) => seen === sight);
    const sight = all('becomes') ? 'becomes' : all('was') ? 'was' : 'unclear';
    if (sight !== 'becomes' && ports.clock.now() < waitUntilMs) {
      await ports.sleep(1000, new AbortController().signal);
      continue;
    }
    const to = sight === 'becomes' ? 'done' : sight === 'was' ? 'failed' : 'unknown';
    await ports.journal.advance({ key: one.key, from: one.state, to, at: ports.clock.now(), detail: 'read after a restart', observed });
    const word = { becomes: 'as intended', was: 'as before', unclear: 'not clear' }[sight];
    await note(ports, plan, 'readback', `after a restart: ${one.command.subject} is ${word}: ${observed ?? 'could not be seen'}`, {});
    return sight;
  }
}

/** An undo that a crash cut off sets absolute states: it is simply run once more. */
async function recoverUndos(ports: MitigationPorts): Promise<void> {
  const plans = new Set((await ports.state.list(undoKey(''))).map(({ key }) => key.slice(undoKey('').length)));
  for (const state of ['intended', 'acting', 'observed'] as const) {
    for (const one of (await ports.journal.inState(state)).filter((entry) => entry.direction === 'undo')) {
      const detail = 'interrupted by a crash';
      await ports.journal.advance({ key: one.key, from: state, to: 'unknown', at: ports.clock.now(), detail });
      plans.add(one.plan);
    }
  }
  for (const id of plans) {
    const result = await undoPlan(ports, id, machine, 'the undo was interrupted by a crash');
    if ('plan' in result || result.kind === 'busy') continue;
    const plan = result.kind === 'changed-by-others' ? await ports.plans.get(id) : null;
    if (plan !== null) await end(ports, plan, undoable, 'unknown', 'undo', `${plan.summary}: half taken back by a crash; ${result.reason}`);
    await ports.state.remove(undoKey(id));
  }
}

async function end(
  ports: MitigationPorts,
  plan: Plan,
  from: readonly PlanState[],
  to: PlanState,
  kind: TimelineKind,
  summary: string,
  change: { readonly guards?: Plan['guards'] } = {},
  actor = machine,
): Promise<Plan | null> {
  const moved = await ports.plans.move({
    id: plan.id,
    from,
    to,
    change,
    audit: { ...auditEntry(ports, plan, to === 'refused' || to === 'expired' ? 'refused' : 'outcome', summary), actor },
    timeline: entry(ports, plan, kind, summary, { plan: plan.id, state: to, ...change }, actor),
  });
  return moved === 'conflict' ? ports.plans.get(plan.id) : moved;
}

function auditEntry(ports: MitigationPorts, plan: Plan, kind: AuditKind, summary: string): NewAuditEntry {
  return { at: ports.clock.now(), actor: plan.approvedBy ?? machine, kind, incident: plan.incident, plan: plan.id, summary };
}

function entry(ports: MitigationPorts, plan: Plan, kind: TimelineKind, summary: string, data: Record<string, unknown>, actor = machine) {
  return { at: ports.clock.now(), kind, summary, actor, data: { plan: plan.id, ...data } };
}

async function note(
  ports: MitigationPorts,
  plan: Plan,
  kind: TimelineKind,
  summary: string,
  data: Record<string, unknown>,
  actor = machine,
): Promise<void> {
  await ports.incidents.append(plan.incident, entry(ports, plan, kind, summary, data, actor));
}
