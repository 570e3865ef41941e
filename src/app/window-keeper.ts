import type { Clock } from '../base/clock.ts';
import { every, type Timer } from '../base/timer.ts';
import type { WindowFiles } from '../connectors/storage/embedded/window-files.ts';
import type { SeriesWindows } from '../detect/series/series-windows.ts';
import { WindowLogReader, WindowLogWriter } from '../detect/series/window-log.ts';
import { isEmptyPart, WindowMarks, type WindowPart } from '../detect/series/window-part.ts';

export interface WindowKeeperParts {
  readonly windows: SeriesWindows;
  readonly files: WindowFiles;
  readonly clock: Clock;
  readonly timer: Timer;
  log(level: 'info' | 'warn' | 'error', message: string): void;
  onBug(error: unknown): void;
}

/** What a crash may cost. A look that finds nothing new costs nothing. */
const writeEveryMs = 1_000;
/** As much on the disk, whatever the retention. */
const sizeMaxBytes = 512_000_000;
/** After a write that failed. */
const pauseMs = 30_000;
/** What is newer than now by more than this was written before the clock was set back. */
const aheadMaxMs = 60_000;

/**
 * Keeps the windows on the disk, so that a restart does not take from the rules what they look back on: alerts over rates would end and begin
 * anew. Every second what came is appended to a log; logs follow each other and are forgotten with what is in them.
 */
export class WindowKeeper {
  readonly #parts: WindowKeeperParts;
  readonly #marks = new WindowMarks();
  #log: { readonly writer: WindowLogWriter; readonly beganAt: number; sizeBytes: number } | null = null;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #failed = false;
  #cancel: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: WindowKeeperParts) {
    this.#parts = parts;
  }

  /** Takes in what was kept, and keeps what comes. The targets must be known to the windows, and nothing scraped yet. */
  async start(): Promise<void> {
    const { timer, onBug } = this.#parts;
    await this.#restore().catch((error: Error) =>
      this.#parts.log('warn', `the windows of before the start cannot be read: ${error.message}. Rules over time begin anew`),
    );
    this.#cancel = every(timer, writeEveryMs, () => this.#write(), onBug);
  }

  /** Keeps nothing, and removes what was kept. */
  async forget(): Promise<void> {
    await this.#parts.files.clear().catch((error: Error) => this.#parts.log('warn', `old windows cannot be removed: ${error.message}`));
  }

  /** Writes what is left, and ends. */
  async stop(): Promise<void> {
    if (this.#cancel === null) return;
    this.#cancel();
    await this.#write();
    await this.#parts.files.close();
  }

  async #restore(): Promise<void> {
    const { windows, files, clock } = this.#parts;
    const [oldestAt, newestAt] = [clock.now() - windows.retentionMs, clock.now() + aheadMaxMs];
    for (const log of await files.logs()) {
      const reader = new WindowLogReader();
      for await (const bytes of log.parts()) {
        const part = decoded(reader, bytes);
        if (part === null) break;
        const atMs = lastInstant(part);
        if (atMs >= oldestAt && atMs <= newestAt) windows.restore(part);
      }
    }
    // It is on the disk already.
    while (!isEmptyPart(windows.part(this.#marks)));
  }

  /** One write after the other. */
  async #write(): Promise<void> {
    this.#running = this.#running.then(() => this.#append());
    await this.#running;
  }

  async #append(): Promise<void> {
    const { windows, files, clock } = this.#parts;
    if (clock.now() < this.#quietUntil) return;
    try {
      const log = await this.#currentLog();
      const part = windows.part(this.#marks);
      if (!isEmptyPart(part)) log.sizeBytes += await files.append(log.writer.encode(part));
      this.#failed = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A log is as long as half of the retention, or as large as a part of what there may be, so that forgetting whole ones is enough. */
  async #currentLog() {
    const { windows, files, clock } = this.#parts;
    const nowMs = clock.now();
    const current = this.#log;
    const isLong = current !== null && Math.abs(nowMs - current.beganAt) >= windows.retentionMs / 2;
    if (current !== null && !isLong && current.sizeBytes < sizeMaxBytes / 8) return current;
    await files.begin(nowMs);
    const begun = { writer: new WindowLogWriter(), beganAt: nowMs, sizeBytes: 0 };
    this.#log = begun;
    await files.forget(nowMs - windows.retentionMs, sizeMaxBytes - sizeMaxBytes / 8);
    return begun;
  }

  #fail(error: unknown): void {
    this.#log = null;
    this.#quietUntil = this.#parts.clock.now() + pauseMs;
    if (this.#failed) return;
    this.#failed = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#parts.log('error', `the windows cannot be written: ${reason}. After a restart rules over time will begin anew`);
  }
}

function decoded(reader: WindowLogReader, bytes: Uint8Array): WindowPart | null {
  try {
    return reader.decode(bytes);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function lastInstant({ scrapes, loose }: WindowPart): number {
  const instants = [
    ...scrapes.map(({ times }) => times.at(-1) ?? Number.NEGATIVE_INFINITY),
    loose.times.at(-1) ?? Number.NEGATIVE_INFINITY,
  ];
  return Math.max(...instants);
}
