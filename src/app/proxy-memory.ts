import type { Clock } from '../base/clock.ts';
import type { Timer } from '../base/timer.ts';
import type { ProxyState } from '../model/proxy.ts';
import type { HistoryAnswer } from '../respond/diagnosis/questions.ts';
import { changesBetween, type ProxySnapshot, snapshotOf } from '../respond/incidents/proxy-changes.ts';
import type { ProxyHistoryStore } from '../respond/incidents/proxy-history-store.ts';
import type { StateStore } from '../respond/incidents/state-store.ts';
import type { ProxyReader } from './proxy-reader.ts';

export interface ProxyMemoryParts {
  readonly clock: Clock;
  readonly timer: Timer;
  readonly history: ProxyHistoryStore;
  readonly state: StateStore;
  onBug(error: unknown): void;
}

/** A proxy is read at most this often to see what changes: reading costs it little, but not nothing. */
const readEveryMinMs = 2_000;
const readTimeoutMs = 5_000;
/** A diagnosis waits so long for what is true now before it asks what was true before. */
const lookTimeoutMs = 2_000;

/** Reads the proxies again and again and remembers what changed: addresses, routes, files, restarts. Survives a restart. */
export class ProxyMemory {
  readonly #parts: ProxyMemoryParts;
  readonly #states = new Map<string, ProxyState>();
  readonly #pids = new Map<string, number>();
  readonly #snapshots = new Map<string, ProxySnapshot>();
  readonly #cancels = new Map<string, () => void>();
  readonly #running = new Set<Promise<void>>();
  readonly #readers = new Map<string, ProxyReader>();
  /** One read of a target after the other: two at once would tell the same change twice. */
  readonly #turns = new Map<string, Promise<void>>();
  /** Counts the sets of proxies that were watched: a read that began under an older one is the last of its chain. */
  #era = 0;
  readonly #ending = new AbortController();

  constructor(parts: ProxyMemoryParts) {
    this.#parts = parts;
  }

  /** Begins to watch these proxies and forgets others. */
  watch(readers: ReadonlyMap<string, ProxyReader>): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
    this.#era += 1;
    for (const known of [...this.#states.keys()].filter((name) => !readers.has(name))) this.#forget(known);
    this.#readers.clear();
    for (const [name, reader] of readers) {
      this.#readers.set(name, reader);
      this.#next(reader, this.#era, 0);
    }
  }

  /** Breaks off what is being read: nobody waits for a proxy that hangs. */
  async stop(): Promise<void> {
    this.#ending.abort();
    for (const cancel of this.#cancels.values()) cancel();
    await Promise.allSettled(this.#running);
  }

  lastState(target: string): ProxyState | null {
    return this.#states.get(target) ?? null;
  }

  lastPid(target: string): number | null {
    return this.#pids.get(target) ?? null;
  }

  /** What changed, this very moment included: a server that fails since a second may have moved in that second. */
  async history(target: string): Promise<HistoryAnswer | null> {
    const reader = this.#readers.get(target);
    // Where that read fails the past is what it was; the next round says what is wrong.
    if (reader !== undefined && !this.#ending.signal.aborted) await this.#inTurn(reader, this.#era, lookTimeoutMs).catch(() => undefined);
    return await this.#parts.history.read(target);
  }

  #forget(target: string): void {
    this.#states.delete(target);
    this.#pids.delete(target);
    this.#snapshots.delete(target);
  }

  #next(reader: ProxyReader, era: number, afterMs: number): void {
    if (this.#ending.signal.aborted || era !== this.#era) return;
    this.#cancels.set(
      reader.target.name,
      this.#parts.timer.after(afterMs, () => {
        const work = this.#inTurn(reader, era, readTimeoutMs).catch((error: unknown) => {
          if (!this.#ending.signal.aborted) this.#parts.onBug(error);
        });
        this.#running.add(work);
        void work.finally(() => {
          this.#running.delete(work);
          this.#next(reader, era, Math.max(readEveryMinMs, reader.target.scrapeIntervalMs));
        });
      }),
    );
  }

  #inTurn(reader: ProxyReader, era: number, timeoutMs: number): Promise<void> {
    const target = reader.target.name;
    const read = () => this.#read(reader, era, AbortSignal.any([this.#ending.signal, AbortSignal.timeout(timeoutMs)]));
    const turn = (this.#turns.get(target) ?? Promise.resolve()).then(read, read);
    this.#turns.set(target, turn);
    return turn;
  }

  async #read(reader: ProxyReader, era: number, signal: AbortSignal): Promise<void> {
    const target = reader.target.name;
    const state = await reader.readState(signal);
    const snapshot = snapshotOf(state);
    if (snapshot === null || era !== this.#era || this.#ending.signal.aborted) return;
    this.#states.set(target, state);
    if (state.pid !== null) this.#pids.set(target, state.pid);
    const before = this.#snapshots.get(target) ?? (await this.#stored(target));
    const changes = before === null ? [] : changesBetween(before, snapshot);
    if (before === null || changes.length > 0) {
      await this.#parts.history.append(target, changes, snapshot.at);
      await this.#parts.state.put(keyOf(target), snapshot, snapshot.at);
    }
    this.#snapshots.set(target, snapshot);
  }

  /** What we saw before our own restart. Written by us; anything of another shape is as good as nothing. */
  async #stored(target: string): Promise<ProxySnapshot | null> {
    const stored = (await this.#parts.state.get(keyOf(target)))?.value;
    return typeof stored === 'object' && stored !== null && 'addresses' in stored && 'at' in stored ? (stored as ProxySnapshot) : null;
  }
}

function keyOf(target: string): string {
  return `proxy-snapshot/${target}`;
}
