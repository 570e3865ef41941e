import type { Clock } from '../base/clock.ts';
import type { Alert } from '../model/alert.ts';

export interface AlertFeedParts {
  readonly clock: Clock;
  fired(alert: Alert): Promise<void>;
  stopped(fingerprint: string, at: number): Promise<void>;
  onBug(error: unknown): void;
}

/** Alerts from our rules and from others as one stream of "fired" and "stopped", each told once and in order. */
export class AlertFeed {
  readonly #parts: AlertFeedParts;
  /** Firing now, by source: an alert that two sources see stops when the last of them lets go. */
  readonly #firing = new Map<string, Map<string, Alert>>();
  #telling: Promise<void> = Promise.resolve();

  constructor(parts: AlertFeedParts) {
    this.#parts = parts;
  }

  /** What was firing before our own restart, so that its end is noticed. */
  remember(source: string, alerts: readonly Alert[]): void {
    for (const alert of alerts) this.#sources(alert.fingerprint).set(source, alert);
  }

  /** All alerts of one source that fire now: what is new fires, what is gone stops. */
  async replace(source: string, firing: readonly Alert[]): Promise<void> {
    const now = new Set(firing.map((alert) => alert.fingerprint));
    const gone = [...this.#firing]
      .filter(([fingerprint, sources]) => sources.has(source) && !now.has(fingerprint))
      .map(([fingerprint]) => fingerprint);
    await Promise.all([...firing.map((alert) => this.fire(source, alert)), ...gone.map((fingerprint) => this.stop(source, fingerprint))]);
  }

  async fire(source: string, alert: Alert): Promise<void> {
    const sources = this.#sources(alert.fingerprint);
    const known = sources.size > 0;
    sources.set(source, alert);
    if (!known) await this.#tell(() => this.#parts.fired(alert));
  }

  async stop(source: string, fingerprint: string): Promise<void> {
    const sources = this.#firing.get(fingerprint);
    if (sources === undefined || !sources.delete(source) || sources.size > 0) return;
    this.#firing.delete(fingerprint);
    const at = this.#parts.clock.now();
    await this.#tell(() => this.#parts.stopped(fingerprint, at));
  }

  /** What fires now, each alert once. */
  firing(): readonly Alert[] {
    return [...this.#firing.values()].flatMap((sources) => [...sources.values()].slice(0, 1));
  }

  #sources(fingerprint: string): Map<string, Alert> {
    const sources = this.#firing.get(fingerprint) ?? new Map<string, Alert>();
    this.#firing.set(fingerprint, sources);
    return sources;
  }

  #tell(work: () => Promise<void>): Promise<void> {
    this.#telling = this.#telling.then(work).catch((error: unknown) => this.#parts.onBug(error));
    return this.#telling;
  }
}
