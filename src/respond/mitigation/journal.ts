import type { WireCommand } from '../../model/plan.ts';

/** `failed` and `unknown` are ends, like `done`. */
export type JournalState = 'intended' | 'acting' | 'observed' | 'done' | 'failed' | 'unknown';

/** One command of a plan (or of its undo) and how far it came. */
export interface JournalEntry {
  /** Idempotency key: at most one entry with it ever exists, so its command has at most one effect. */
  readonly key: string;
  readonly plan: string;
  readonly direction: 'do' | 'undo';
  /** 0-based place in the plan's `commands` or `undo`. */
  readonly ordinal: number;
  readonly command: WireCommand;
  readonly state: JournalState;
  /** How often the command was sent: 2 only after a reconciliation proved that the first one had no effect. */
  readonly attempts: number;
  /** Fencing token of the lease it was sent under. */
  readonly token: number;
  readonly intendedAt: number;
  readonly actingAt: number | null;
  readonly endedAt: number | null;
  /** What the proxy or the process said, bounded. */
  readonly detail: string | null;
  /** What the read-back saw; null before it, or when it could not be seen. */
  readonly observed: string | null;
}

export interface JournalStep {
  readonly key: string;
  readonly from: JournalState;
  readonly to: JournalState;
  readonly at: number;
  readonly detail?: string;
  readonly observed?: string | null;
}

/** What is written before, while and after a command runs, so that a crash never leaves a guess. */
export interface JournalStore {
  /** `exists`: this very effect was intended before; the caller must not act on it again. */
  intend(
    entry: Pick<JournalEntry, 'key' | 'plan' | 'direction' | 'ordinal' | 'command' | 'token' | 'intendedAt'>,
  ): Promise<'intended' | 'exists'>;
  /** Conditional on `from`; entering `acting` counts an attempt. `conflict`: somebody else moved it. */
  advance(step: JournalStep): Promise<JournalEntry | 'conflict'>;
  get(key: string): Promise<JournalEntry | null>;
  /** In the order in which they were intended. */
  ofPlan(plan: string): Promise<readonly JournalEntry[]>;
  inState(state: JournalState): Promise<readonly JournalEntry[]>;
}
