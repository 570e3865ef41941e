import type { Alert } from '../../model/alert.ts';

export interface InboundAlert {
  readonly alert: Alert;
  /** When it was last pushed. */
  readonly receivedAt: number;
}

/** Alerts that others pushed to us. An answer of 2xx promises that they are still here after a crash. */
export interface InboundAlertStore {
  /** Inserts or replaces by fingerprint, all in one transaction. */
  upsert(alerts: readonly Alert[], receivedAt: number): Promise<void>;
  /** Newest first. */
  all(): Promise<readonly InboundAlert[]>;
  /** Forgets what ended before the instant. */
  forgetEndedBefore(atMs: number): Promise<number>;
}
