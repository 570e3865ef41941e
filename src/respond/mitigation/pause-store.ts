import type { NewAuditEntry } from './audit.ts';

/** The kill switch. `scope`: `all`, a target's name, or `target/backend`. */
export interface Pause {
  readonly id: string;
  readonly scope: string;
  readonly reason: string;
  readonly actor: string;
  readonly at: number;
  /** null: until somebody ends it. */
  readonly until: number | null;
}

/** Pauses survive a restart. Starting and ending one is recorded in the same transaction. */
export interface PauseStore {
  add(pause: Pause, audit: NewAuditEntry): Promise<void>;
  /** `unknown`: no such pause, or it ended already. */
  end(id: string, atMs: number, audit: NewAuditEntry): Promise<'ended' | 'unknown'>;
  active(nowMs: number): Promise<readonly Pause[]>;
}

/** Whether a pause covers what a plan would touch. */
export function pauseCovers(pause: Pick<Pause, 'scope'>, target: string, backend: string | null): boolean {
  return pause.scope === 'all' || pause.scope === target || (backend !== null && pause.scope === `${target}/${backend}`);
}
