import type { Clock } from '../base/clock.ts';
import { every, type Timer } from '../base/timer.ts';
import type { Alert } from '../model/alert.ts';
import type { InboundAlertStore } from '../respond/incidents/inbound-alert-store.ts';
import type { AlertFeed } from './alert-feed.ts';

export interface InboundAlertsParts {
  readonly store: InboundAlertStore;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly feed: AlertFeed;
  onBug(error: unknown): void;
}

const lookEveryMs = 5_000;
/** Ended alerts stay visible for so long. */
const keepEndedMs = 15 * 60_000;
const source = 'inbound';

/** Alerts that others push: stored before they are acknowledged, and over when nobody repeats them. */
export class InboundAlerts {
  readonly #parts: InboundAlertsParts;
  #cancel: (() => void) | null = null;

  constructor(parts: InboundAlertsParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    await this.#look();
    this.#cancel = every(this.#parts.timer, lookEveryMs, () => this.#look(), this.#parts.onBug);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Durable when it settles; what follows from the alerts goes on in the background. */
  async receive(alerts: readonly Alert[]): Promise<void> {
    await this.#parts.store.upsert(alerts, this.#parts.clock.now());
    for (const alert of alerts) {
      const told = alert.state === 'firing' ? this.#parts.feed.fire(source, alert) : this.#parts.feed.stop(source, alert.fingerprint);
      told.catch((error: unknown) => this.#parts.onBug(error));
    }
  }

  async all(): Promise<readonly Alert[]> {
    const now = this.#parts.clock.now();
    return (await this.#parts.store.all()).map(({ alert }) => (isOver(alert, now) ? { ...alert, state: 'resolved' } : alert));
  }

  async #look(): Promise<void> {
    const { store, feed, clock } = this.#parts;
    const now = clock.now();
    await feed.replace(
      source,
      (await store.all()).map(({ alert }) => alert).filter((alert) => !isOver(alert, now)),
    );
    await store.forgetEndedBefore(now - keepEndedMs);
  }
}

function isOver(alert: Alert, nowMs: number): boolean {
  return alert.state !== 'firing' || (alert.endsAt !== null && alert.endsAt <= nowMs);
}
