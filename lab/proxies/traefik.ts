import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../ports.ts';
import { findProgram } from '../programs.ts';
import type { Supervised, Supervisor } from '../supervisor.ts';
import type { ProxyView } from '../view.ts';
import { waitFor } from '../waiting.ts';
import { renderTraefikDynamic, renderTraefikStatic, type TraefikPlaces } from './traefik-config.ts';

const startTimeoutMs = 20_000;
const stopGraceMs = 1000;

/** The Traefik 3 to run: `TRAEFIK_BIN`, `traefik` on the PATH, or what `lab/traefik/build.sh` left in the cache; null when there is none. */
export function findTraefik(): string | null {
  const cache = process.env['PROXYMEDIC_CACHE'] ?? join(homedir(), '.cache', 'proxymedic');
  return findProgram('TRAEFIK_BIN', 'traefik', [join(cache, 'traefik-v3.6.23')]);
}

/** The argument array of the small reverse proxy that takes Traefik's place in a demo where nothing is installed. */
export const standInProgram: readonly string[] = [process.execPath, fileURLToPath(new URL('../proxy/main.ts', import.meta.url))];

/** A Traefik 3, or its stand-in, with its API, metrics, JSON logs and a file provider's directory. */
export class LabTraefik {
  readonly kind = 'traefik';
  readonly name = 'front';
  readonly configFile: string;
  readonly #program: readonly string[];
  readonly #places: TraefikPlaces;
  readonly #outputFile: string;
  readonly #supervisor: Supervisor;
  #view: ProxyView;
  #process: Supervised | null = null;

  private constructor(
    directory: string,
    places: TraefikPlaces,
    parts: { view: ProxyView; supervisor: Supervisor; program: readonly string[] },
  ) {
    this.configFile = join(directory, 'traefik.yml');
    this.#outputFile = join(directory, 'output.log');
    this.#places = places;
    this.#supervisor = parts.supervisor;
    this.#view = parts.view;
    this.#program = parts.program;
  }

  /** Starts it on ports of its own and waits until its first health checks have run. */
  static async start(
    labDirectory: string,
    options: { view: ProxyView; supervisor: Supervisor; program: readonly string[] },
  ): Promise<LabTraefik> {
    const directory = join(labDirectory, 'traefik');
    const places: TraefikPlaces = {
      entryPort: await freePort(),
      apiPort: await freePort(),
      logFile: join(directory, 'traefik.log'),
      accessLogFile: join(directory, 'access.log'),
      dynamicDirectory: join(directory, 'dynamic'),
    };
    mkdirSync(places.dynamicDirectory, { recursive: true });
    const traefik = new LabTraefik(directory, places, options);
    writeFileSync(traefik.configFile, renderTraefikStatic(places));
    traefik.#write();
    await traefik.startAgain();
    return traefik;
  }

  get entryUrl(): string {
    return `http://127.0.0.1:${this.#places.entryPort}`;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.#places.apiPort}`;
  }

  get metricsUrl(): string {
    return `${this.apiUrl}/metrics`;
  }

  get logFile(): string {
    return this.#places.logFile;
  }

  get accessLogFile(): string {
    return this.#places.accessLogFile;
  }

  get dynamicDirectory(): string {
    return this.#places.dynamicDirectory;
  }

  get pid(): number | null {
    return this.#process?.alive() ? this.#process.pid : null;
  }

  get view(): ProxyView {
    return this.#view;
  }

  /** Starts the process with the configuration on the disk, unless it runs. */
  async startAgain(): Promise<void> {
    if (this.#process?.alive()) return;
    const argv = [...this.#program, `--configFile=${this.configFile}`];
    const started = await this.#supervisor.start({ name: 'traefik', argv, outputFile: this.#outputFile });
    this.#process = started;
    await waitFor(`traefik to know its services (see ${this.logFile} and ${this.#outputFile})`, startTimeoutMs, async () => {
      if (!started.alive()) throw new Error(`traefik ended while starting; its last words are in ${this.#outputFile}`);
      return (await this.#services()) !== null;
    });
  }

  async kill(): Promise<void> {
    await this.#process?.end(0);
    this.#process = null;
  }

  async restart(): Promise<void> {
    this.freeze(false);
    await this.#process?.end(stopGraceMs);
    this.#process = null;
    await this.startAgain();
  }

  /** Stops the process in its tracks, as a deadlock would, or lets it go on. */
  freeze(frozen: boolean): void {
    if (this.#process?.alive()) process.kill(-this.#process.pid, frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Writes another view to the directory and waits until Traefik has taken it; does not wait while it is down. */
  async apply(view: ProxyView): Promise<void> {
    const before = await this.#reloads();
    const changed = renderTraefikDynamic(view) !== renderTraefikDynamic(this.#view);
    this.#view = view;
    this.#write();
    if (before === null || !changed) return;
    await waitFor('traefik to take its new configuration', startTimeoutMs, async () => ((await this.#reloads()) ?? before) > before);
  }

  async stop(): Promise<void> {
    await this.kill();
  }

  /** Renamed into place from outside the directory: the watcher never sees half a file. */
  #write(): void {
    const temporary = join(dirname(this.dynamicDirectory), 'lab.yml.next');
    writeFileSync(temporary, renderTraefikDynamic(this.#view));
    renameSync(temporary, join(this.dynamicDirectory, 'lab.yml'));
  }

  async #services(): Promise<number | null> {
    const text = await this.#get('/api/http/services');
    if (text === null) return null;
    const found = this.#view.backends.filter((backend) => text.includes(`"${backend.name}@file"`));
    return found.length === this.#view.backends.length ? found.length : null;
  }

  async #reloads(): Promise<number | null> {
    const text = await this.#get('/metrics');
    const value = text === null ? undefined : /^traefik_config_reloads_total (\S+)$/m.exec(text)?.[1];
    return value === undefined ? null : Number(value);
  }

  async #get(path: string): Promise<string | null> {
    try {
      const response = await fetch(`${this.apiUrl}${path}`, { signal: AbortSignal.timeout(2000) });
      return response.ok ? await response.text() : null;
    } catch {
      return null;
    }
  }
}
