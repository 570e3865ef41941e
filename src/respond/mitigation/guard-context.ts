import type { ProxyState } from '../../model/proxy.ts';
import type { GuardContext, GuardedPlan, HealthSnapshot } from './guard.ts';
import { actionById } from './mitigations.ts';
import { configHashOf } from './plan.ts';
import { type MitigationPorts, readOrNull } from './ports.ts';

/** Newest changes of an action that the ladder looks at. */
const recordMax = 20;

export interface GuardLook {
  readonly plan: GuardedPlan;
  readonly phase: GuardContext['phase'];
  readonly automatic: boolean;
  readonly changed?: readonly string[];
  readonly baseline?: HealthSnapshot | null;
  readonly holder?: GuardContext['holder'];
  /** A state read a moment ago; undefined: read it now. */
  readonly state?: ProxyState | null;
}

/** Looks at everything guards judge by, right now and at once. Never rejects: what cannot be read is null. */
export async function lookForGuards(ports: MitigationPorts, look: GuardLook): Promise<GuardContext> {
  const { plan } = look;
  const settings = ports.settings();
  const startedAtMs = ports.clock.now();
  const [state, pauses, lease, changes, record, breakers, recentIncidents, handsOff, audit] = await Promise.all([
    look.state === undefined ? readOrNull(() => ports.readState(plan.target)) : look.state,
    readOrNull(() => ports.pauses.active(startedAtMs)),
    readOrNull(async () => ({ found: await ports.ledger.lease(leaseKey(plan)) })),
    readOrNull(() => ports.ledger.changesSince(startedAtMs - settings.limits.windowMs)),
    readOrNull(() => ports.ledger.changesOf(plan.action, plan.target, recordMax)),
    readOrNull(() => ports.ledger.openBreakers()),
    readOrNull(() => incidentsSince(ports, startedAtMs - settings.limits.stormWindowMs)),
    readOrNull(() => ports.handsOff(plan)),
    readOrNull(() => ports.audit.check()),
  ]);
  return {
    phase: look.phase,
    nowMs: ports.clock.now(),
    plan,
    automatic: look.automatic,
    actionAutomatic: actionById(plan.action)?.automatic ?? null,
    settings,
    state,
    pollIntervalMs: ports.pollIntervalMs(plan.target),
    configHash: state === null ? null : configHashOf(state, ports.sha256),
    changed: look.changed ?? [],
    pauses,
    lease: lease === null ? 'unreadable' : lease.found,
    holder: look.holder ?? { owner: '', token: null },
    changes,
    record,
    breakers,
    recentIncidents,
    handsOff,
    clockSkewMs: ports.clockSkewMs(plan.target),
    baseline: look.baseline ?? null,
    audit,
    ownAddresses: ports.ownAddresses(),
    ownClients: ports.ownClients(),
  };
}

/** One lease per proxy and backend; `*` for the proxy as a whole. */
export function leaseKey(plan: Pick<GuardedPlan, 'target' | 'backend'>): string {
  return `${plan.target}/${plan.backend ?? '*'}`;
}

async function incidentsSince(ports: MitigationPorts, sinceMs: number): Promise<number> {
  const page = await ports.incidents.list({ limit: 500 });
  return page.incidents.filter((incident) => incident.openedAt > sinceMs).length;
}
