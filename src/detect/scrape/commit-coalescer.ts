import type { Timer } from '../../base/timer.ts';

export interface CoalescedCommit {
  readonly targets: readonly string[];
  /** Instant of the newest of the scrapes. */
  readonly atMs: number;
}

export interface CommitCoalescerParts {
  readonly timer: Timer;
  /** Scrapes that commit within this time count as one. */
  readonly windowMs: number;
  /** Whether another scrape may commit soon. When none can, nobody has to wait for it. */
  othersExpected(): boolean;
  flush(commit: CoalescedCommit): void;
}

/** Makes one out of scrapes that commit at about the same time, so that rules over several targets see all of them. */
export class CommitCoalescer {
  readonly #parts: CommitCoalescerParts;
  readonly #targets = new Set<string>();
  #atMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | null = null;

  constructor(parts: CommitCoalescerParts) {
    this.#parts = parts;
  }

  commit(target: string, atMs: number): void {
    this.#targets.add(target);
    this.#atMs = Math.max(this.#atMs, atMs);
    if (!this.#parts.othersExpected()) this.#flush();
    else this.#cancel ??= this.#parts.timer.after(this.#parts.windowMs, () => this.#flush());
  }

  /** Forgets what waits. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#targets.clear();
  }

  #flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    const commit = { targets: [...this.#targets], atMs: this.#atMs };
    this.#targets.clear();
    this.#atMs = Number.NEGATIVE_INFINITY;
    if (commit.targets.length > 0) this.#parts.flush(commit);
  }
}
