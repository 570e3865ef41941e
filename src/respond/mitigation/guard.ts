import type { GuardVerdict, Plan } from '../../model/plan.ts';
import type { BackendState, ProxyState, ServerState } from '../../model/proxy.ts';
import type { ChainReport } from './audit.ts';
import type { Breaker, Change, Lease } from './ledger.ts';
import type { Pause } from './pause-store.ts';
import type { MitigationSettings } from './settings.ts';

/** What a guard judges: the frozen plan, without what guards have no business with. */
export type GuardedPlan = Pick<
  Plan,
  | 'id'
  | 'incident'
  | 'target'
  | 'backend'
  | 'action'
  | 'runbook'
  | 'subjects'
  | 'commands'
  | 'undo'
  | 'expected'
  | 'effects'
  | 'preconditions'
  | 'configHash'
>;

/** Health of a proxy in a few comparable numbers. null: could not be seen. */
export interface HealthSnapshot {
  readonly atMs: number;
  /** Whether the proxy answers (its state could be read). */
  readonly proxyUp: boolean | null;
  /** Servers that certainly serve, by backend: what counts as health before a change. */
  readonly serving: Readonly<Record<string, number>> | null;
  /** The same with those that were not yet checked since a (re)load: what counts after a change, for they are not lost. */
  readonly maybeServing: Readonly<Record<string, number>> | null;
}

/**
 * Everything guards look at. A part that could not be read is null, with which a guard that needs it refuses.
 * `phase`: guards run when a plan is proposed, when it is approved, and again right before each subject is touched.
 */
export interface GuardContext {
  readonly phase: 'propose' | 'approve' | 'act';
  readonly nowMs: number;
  readonly plan: GuardedPlan;
  /** Whether the machine would act without a person's approval. */
  readonly automatic: boolean;
  /** Whether the action may ever run without a person; null: no such action. */
  readonly actionAutomatic: boolean | null;
  readonly settings: MitigationSettings;
  readonly state: ProxyState | null;
  /** How often the state is read. */
  readonly pollIntervalMs: number;
  readonly configHash: string | null;
  /** Subjects this run has already changed: their preconditions no longer hold, and should not. */
  readonly changed: readonly string[];
  readonly pauses: readonly Pause[] | null;
  readonly lease: Lease | null | 'unreadable';
  /** Token and owner of the one who wants to act. */
  readonly holder: { readonly owner: string; readonly token: number | null };
  /** Within the window of the limits. */
  readonly changes: readonly Change[] | null;
  /** Of this action on this target, newest first. */
  readonly record: readonly Change[] | null;
  readonly breakers: readonly Breaker[] | null;
  /** Incidents opened within the storm window. */
  readonly recentIncidents: number | null;
  /** Why automation must stand back now: silence, maintenance window, somebody at work. null: could not be read. */
  readonly handsOff: readonly string[] | null;
  /** How far our clock is from the proxy's; null where that cannot be told, which is the normal case. */
  readonly clockSkewMs: number | null;
  /** Health before the first subject was touched; null: none was captured. */
  readonly baseline: HealthSnapshot | null;
  /** Whether the audit can be written and its chain is whole; null: could not be read. */
  readonly audit: ChainReport | null;
  /** Addresses (`host:port`) we need to do our work: our own listener, the proxy's API and socket. null: not known. */
  readonly ownAddresses: readonly string[] | null;
  /** Client addresses we (and our probes) come from. */
  readonly ownClients: readonly string[];
}

/** Allows or refuses a plan, always with the reason. Pure; what it cannot see, it refuses. */
export interface Guard {
  readonly id: string;
  judge(context: GuardContext): GuardVerdict;
}

/** The verdicts of all guards, in their order. A guard that fails refuses: it did not see what it should have. */
export function judgeAll(guards: readonly Guard[], context: GuardContext): readonly GuardVerdict[] {
  return guards.map((guard) => {
    try {
      return guard.judge(context);
    } catch (error) {
      return { id: guard.id, allow: false, reason: `could not judge: ${error instanceof Error ? error.message : String(error)}` };
    }
  });
}

export function allowed(verdicts: readonly GuardVerdict[]): boolean {
  return verdicts.every((verdict) => verdict.allow);
}

export function allow(id: string, reason: string): GuardVerdict {
  return { id, allow: true, reason };
}

export function refuse(id: string, reason: string): GuardVerdict {
  return { id, allow: false, reason };
}

/** Gets new traffic now, as far as the proxy knows. A server nobody checks counts; one of unknown state does not. */
export function serves(server: ServerState): boolean {
  const alive = server.state === 'up' || server.state === 'no-check';
  return alive && server.administrative === 'ready' && server.weight !== 0;
}

/** As {@link serves}, or up and not yet checked since the proxy (re)loaded. */
export function mayServe(server: ServerState): boolean {
  return serves(server) || (server.state === 'starting' && server.administrative === 'ready' && server.weight !== 0);
}

/** Subjects that get no traffic while or after the plan runs, with the servers that follow their state. */
export function takenOut(plan: GuardedPlan, backends: readonly BackendState[]): ReadonlySet<string> {
  const out = new Set(plan.effects.filter(({ does }) => does === 'take-out' || does === 'restart').map(({ subject }) => subject));
  // A tracked server takes its followers along, and they may have followers of their own.
  for (let before = -1; before !== out.size; ) {
    before = out.size;
    for (const server of backends.flatMap((backend) => backend.servers)) {
      if (server.tracks !== null && out.has(server.tracks)) out.add(server.subject);
    }
  }
  return out;
}

/** What a plan leaves of one backend. Backup servers are counted apart: they help only when all others are gone. */
export interface BackendForecast {
  readonly backend: BackendState;
  readonly configured: number;
  readonly servingNow: number;
  readonly servingAfter: number;
  readonly backupsAfter: number;
  /** Whether the plan only touches servers that get no traffic anyway. */
  readonly costsNothing: boolean;
  /** Whether it takes a server out for good (until undone) instead of restarting it. */
  readonly takesOut: boolean;
}

/** One forecast for each backend that loses a server by the plan. */
export function forecast(plan: GuardedPlan, backends: readonly BackendState[]): readonly BackendForecast[] {
  const out = takenOut(plan, backends);
  const byHand = new Set(plan.effects.filter(({ does }) => does === 'take-out').map(({ subject }) => subject));
  const dead = deadProcesses(plan);
  const servesNow = (server: ServerState) => serves(server) && !dead.has(server.subject);
  return backends.flatMap((backend) => {
    const lost = backend.servers.filter((server) => out.has(server.subject));
    if (lost.length === 0) return [];
    const regular = backend.servers.filter((server) => !server.backup);
    const left = backend.servers.filter((server) => serves(server) && !out.has(server.subject));
    return {
      backend,
      configured: regular.length,
      servingNow: regular.filter(servesNow).length,
      servingAfter: left.filter((server) => !server.backup).length,
      backupsAfter: left.filter((server) => server.backup).length,
      costsNothing: !lost.some(servesNow),
      takesOut: lost.some((server) => byHand.has(server.subject)),
    };
  });
}

/** Subjects at whose address nothing listened when the plan was made: a proxy that does not check them cannot know. */
function deadProcesses(plan: GuardedPlan): ReadonlySet<string> {
  return new Set(
    plan.expected.filter(({ field, was }) => field === 'process' && was.startsWith('not-listening')).map(({ subject }) => subject),
  );
}

/** Whether the plan touches servers or backends, so that their state must be known. */
export function touchesServers(plan: GuardedPlan): boolean {
  return plan.effects.some(({ subject }) => subject !== plan.target);
}

/** Whether a command about `subject` (a server, or a whole service) changes `other`. */
export function concerns(subject: string, other: string): boolean {
  return other === subject || other.startsWith(`${subject}/`);
}

export function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
