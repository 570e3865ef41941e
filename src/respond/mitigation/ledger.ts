import type { NewAuditEntry } from './audit.ts';

/** How a change ended; `pending` until its verification. */
export type ChangeOutcome = 'pending' | 'recovered' | 'not-recovered' | 'regressed' | 'failed' | 'unknown' | 'undone';

/** One applied (or begun) plan: what limits, the breaker and the ladder count. */
export interface Change {
  readonly plan: string;
  readonly action: string;
  readonly target: string;
  readonly backend: string | null;
  /** Title of the page that offered it, or null. */
  readonly runbook: string | null;
  readonly startedAt: number;
  /** Whether a person approved it. */
  readonly approvedByPerson: boolean;
  readonly outcome: ChangeOutcome;
}

/** An open breaker stops automation in its scope until a person closes it. */
export interface Breaker {
  /** `action@target`. */
  readonly scope: string;
  readonly reason: string;
  readonly openedAt: number;
}

/** The right to write to one backend of one proxy, for a while. The token grows with every owner. */
export interface Lease {
  readonly key: string;
  readonly owner: string;
  readonly token: number;
  readonly expiresAt: number;
}

/** What the automation did, counted where a restart cannot forget it. */
export interface LedgerStore {
  begin(change: Omit<Change, 'outcome'>): Promise<void>;
  settle(plan: string, outcome: ChangeOutcome): Promise<void>;
  /** Started after the instant, oldest first. */
  changesSince(atMs: number): Promise<readonly Change[]>;
  /** Changes of one action on one target, newest first. */
  changesOf(action: string, target: string, limit: number): Promise<readonly Change[]>;
  openBreaker(breaker: Breaker, audit: NewAuditEntry): Promise<void>;
  closeBreaker(scope: string, audit: NewAuditEntry): Promise<'closed' | 'unknown'>;
  openBreakers(): Promise<readonly Breaker[]>;
  /** Takes the lease when it is free, expired, or already the owner's (then it is renewed under its token). */
  acquireLease(key: string, owner: string, nowMs: number, forMs: number): Promise<Lease | { readonly heldBy: Lease }>;
  lease(key: string): Promise<Lease | null>;
  /** Does nothing when the token is not the present one. */
  releaseLease(key: string, token: number): Promise<void>;
  /** Frees every lease. Only for a process that just started and knows that no other one is alive. */
  releaseAllLeases(): Promise<void>;
}
