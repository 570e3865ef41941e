import type { Clock } from '../../base/clock.ts';
import type { WireCommand } from '../../model/plan.ts';
import type { ProxyState } from '../../model/proxy.ts';
import type { IncidentStore } from '../incidents/incident-store.ts';
import type { StateStore } from '../incidents/state-store.ts';
import type { AuditStore } from './audit.ts';
import type { Control } from './control.ts';
import type { GuardedPlan } from './guard.ts';
import type { JournalStore } from './journal.ts';
import type { LedgerStore } from './ledger.ts';
import type { PauseStore } from './pause-store.ts';
import type { PlanStore } from './plan-store.ts';
import type { MitigationSettings } from './settings.ts';

/** Everything mitigation needs from outside: time, memory, eyes and hands. */
export interface MitigationPorts {
  readonly clock: Clock;
  /** Settles after the time, or at once when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A new id, never given before. */
  newId(): string;
  readonly sha256: (text: string) => string;
  readonly incidents: IncidentStore;
  readonly plans: PlanStore;
  readonly journal: JournalStore;
  readonly audit: AuditStore;
  readonly ledger: LedgerStore;
  readonly pauses: PauseStore;
  readonly state: StateStore;
  settings(): MitigationSettings;
  /** Reads the proxy now, within a few seconds. May reject: then nothing is known. */
  readState(target: string): Promise<ProxyState>;
  /** How often the target is read. */
  pollIntervalMs(target: string): number;
  /** Silences, maintenance windows, people at work. May reject. */
  handsOff(plan: GuardedPlan): Promise<readonly string[]>;
  clockSkewMs(target: string): number | null;
  /** `host:port` of all we work through; null when not known. */
  ownAddresses(): readonly string[] | null;
  /** Addresses our own requests come from. */
  ownClients(): readonly string[];
  /** The control of a target's proxy. Throws for an unknown target. */
  proxyControl(target: string): Control;
  readonly processControl: Control;
}

/** Runs `look`; null when it fails: what could not be read is unknown, and guards refuse with it. */
export async function readOrNull<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch {
    return null;
  }
}

/** Who runs a command. */
export function controlOf(ports: MitigationPorts, command: WireCommand): Control {
  return command.kind === 'run' ? ports.processControl : ports.proxyControl(command.target);
}
