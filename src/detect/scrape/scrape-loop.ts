import type { Timer } from '../../base/timer.ts';
import { type CoalescedCommit, CommitCoalescer } from './commit-coalescer.ts';
import { type ScrapeParts, type ScrapeResult, type ScrapeTarget, TargetScraper } from './target-scraper.ts';

/** Scrapes that commit within this time are evaluated together. */
const commitWindowMs = 100;

export interface ScrapeLoopParts extends ScrapeParts {
  readonly timer: Timer;
  /** After every scrape, good or bad. */
  onScrape?(result: ScrapeResult): void;
  /** After one or several scrapes committed at about the same time: the moment to evaluate rules. Failed scrapes count, `up` changed. */
  onCommit(commit: CoalescedCommit): void;
  /** A bug of ours inside a scrape or a callback; scraping goes on. */
  onBug(error: unknown): void;
}

/** What is known about a target. `unknown` until its first scrape has ended. */
export interface TargetHealth {
  readonly name: string;
  readonly url: string;
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastScrapeAt: number | null;
  readonly lastError: string | null;
  readonly lastDurationMs: number | null;
  readonly lastSamples: number | null;
}

interface Watch {
  readonly scraper: TargetScraper;
  readonly abort: AbortController;
  /** The instant at which the running or next scrape is due. */
  dueAtMs: number;
  running: Promise<void> | null;
  cancel: (() => void) | null;
  last: ScrapeResult | null;
}

/**
 * Scrapes each target at its interval, never two at a time of one target: at once, then at fixed distances from the start of the loop.
 * All targets of one interval are so scraped together, those added later, too: rules are evaluated when any target commits, and one that
 * commits between the scrapes of another would let an alert about the other grow old on a single sample.
 */
export class ScrapeLoop {
  readonly #parts: ScrapeLoopParts;
  readonly #watches = new Map<string, Watch>();
  readonly #coalescer: CommitCoalescer;
  readonly #startedAtMs: number;

  constructor(parts: ScrapeLoopParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.clock.now();
    this.#coalescer = new CommitCoalescer({
      timer: parts.timer,
      windowMs: commitWindowMs,
      othersExpected: () => this.#othersExpected(),
      flush: (commit) => this.#guarded(() => parts.onCommit(commit)),
    });
  }

  /** Replaces what is scraped. A target that did not change keeps its rhythm; one that is gone is stopped. Its windows are the caller's. */
  setTargets(targets: readonly ScrapeTarget[]): void {
    const wanted = new Map(targets.map((target) => [target.name, target]));
    for (const [name, watch] of this.#watches) if (!sameTarget(watch.scraper.target, wanted.get(name))) this.#end(name, watch);
    for (const target of targets) if (!this.#watches.has(target.name)) this.#begin(target);
  }

  health(): TargetHealth[] {
    return [...this.#watches.values()].map(({ scraper, last }) => ({
      name: scraper.target.name,
      url: scraper.target.url,
      health: last === null ? 'unknown' : last.error === null ? 'up' : 'down',
      lastScrapeAt: last?.atMs ?? null,
      lastError: last?.error?.message ?? null,
      lastDurationMs: last?.durationMs ?? null,
      lastSamples: last?.samples ?? null,
    }));
  }

  /** Ends everything; resolves when no scrape runs any more. */
  async stop(): Promise<void> {
    const running = [...this.#watches.values()].flatMap((watch) => (watch.running === null ? [] : [watch.running]));
    for (const [name, watch] of this.#watches) this.#end(name, watch);
    this.#coalescer.stop();
    await Promise.all(running);
  }

  #begin(target: ScrapeTarget): void {
    const scraper = new TargetScraper(target, this.#parts);
    const watch: Watch = {
      scraper,
      abort: new AbortController(),
      dueAtMs: this.#parts.clock.now(),
      running: null,
      cancel: null,
      last: null,
    };
    this.#watches.set(target.name, watch);
    watch.cancel = this.#parts.timer.after(0, () => this.#run(watch));
  }

  #end(name: string, watch: Watch): void {
    watch.cancel?.();
    watch.abort.abort();
    this.#watches.delete(name);
  }

  #run(watch: Watch): void {
    watch.cancel = null;
    watch.running = watch.scraper
      .scrape(watch.abort.signal)
      .then((result) => {
        watch.running = null;
        if (!watch.abort.signal.aborted) this.#done(watch, result);
      })
      .catch((error: unknown) => {
        watch.running = null;
        this.#parts.onBug(error);
        if (!watch.abort.signal.aborted) this.#schedule(watch);
      });
  }

  #done(watch: Watch, result: ScrapeResult): void {
    watch.last = result;
    this.#schedule(watch);
    this.#guarded(() => this.#parts.onScrape?.(result));
    if (result.error?.code !== 'out-of-order') this.#coalescer.commit(result.target, result.atMs);
  }

  /** The next slot. A timer may be early: the slot it was for is over all the same, unless the clock was set back. */
  #schedule(watch: Watch): void {
    const { intervalMs } = watch.scraper.target;
    const nowMs = this.#parts.clock.now();
    const overMs = watch.dueAtMs - nowMs > intervalMs ? nowMs : Math.max(nowMs, watch.dueAtMs);
    const slots = Math.floor((overMs - this.#startedAtMs) / intervalMs) + 1;
    watch.dueAtMs = this.#startedAtMs + slots * intervalMs;
    watch.cancel = this.#parts.timer.after(watch.dueAtMs - nowMs, () => this.#run(watch));
  }

  #othersExpected(): boolean {
    const soonMs = this.#parts.clock.now() + commitWindowMs;
    return [...this.#watches.values()].some((watch) => watch.running !== null || watch.dueAtMs <= soonMs);
  }

  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#parts.onBug(error);
    }
  }
}

function sameTarget(a: ScrapeTarget, b: ScrapeTarget | undefined): boolean {
  return b !== undefined && a.url === b.url && a.intervalMs === b.intervalMs && a.timeoutMs === b.timeoutMs;
}
