import { BadConfig } from './bad-config.ts';
import type { Generation } from './generation.ts';

export interface ReloadsParts {
  /** Reads and checks the file with everything it refers to. */
  read(): Promise<Generation>;
  current(): Generation;
  apply(next: Generation): Promise<void>;
  log(level: 'info' | 'warn' | 'error', message: string): void;
}

export type ReloadResult = { readonly ok: true } | { readonly ok: false; readonly errors: readonly string[] };

/** Reads the configuration again when asked, one time after the other. A file with mistakes changes nothing. */
export class Reloads {
  readonly #parts: ReloadsParts;
  #running: Promise<unknown> = Promise.resolve();
  #lastError: string | null = null;

  constructor(parts: ReloadsParts) {
    this.#parts = parts;
  }

  /** Why the newest reload changed nothing; null when what is in force is what the file said then. */
  get lastError(): string | null {
    return this.#lastError;
  }

  reload(): Promise<ReloadResult> {
    const next = this.#running.then(() => this.#reload());
    this.#running = next.catch(() => undefined);
    return next;
  }

  async #reload(): Promise<ReloadResult> {
    const { read, apply, current, log } = this.#parts;
    try {
      const before = current();
      const next = await read();
      await apply(next);
      for (const key of onlyAtStart(before, next)) log('warn', `${key} has another value now, which counts from the next start`);
      log('info', `read ${next.configPath} again`);
      this.#lastError = null;
      return { ok: true };
    } catch (error) {
      const errors = error instanceof BadConfig ? error.errors : [error instanceof Error ? error.message : String(error)];
      for (const line of errors) log('error', line);
      log('error', 'the old configuration stays');
      this.#lastError = errors.join('\n');
      return { ok: false, errors };
    }
  }
}

/** A server that listens and a storage that is open cannot be moved under those who use them. */
function onlyAtStart(before: Generation, next: Generation): readonly string[] {
  const [was, is] = [before.config, next.config];
  const moved = was.listen.host !== is.listen.host || was.listen.port !== is.listen.port;
  return [...(moved ? ['listen'] : []), ...(was.storage.path === is.storage.path ? [] : ['storage.path'])];
}
