import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../ports.ts';
import { findProgram } from '../programs.ts';
import type { Supervised, Supervisor } from '../supervisor.ts';
import type { Topology } from '../topology.ts';
import type { Placed } from '../view.ts';
import { waitFor } from '../waiting.ts';
import { type Behaviour, wellBehaved } from './behaviour.ts';
import type { ServerSettings } from './server.ts';

const serverProgram = fileURLToPath(new URL('./server.ts', import.meta.url));
const blackholeProgram = fileURLToPath(new URL('./blackhole.pl', import.meta.url));
const stuckProgram = fileURLToPath(new URL('./stuck-listener.ts', import.meta.url));
const startTimeoutMs = 15_000;

/** One server of the lab: a process of its own, at an address that stays the same over restarts. */
export class LabServer implements Placed {
  readonly backend: string;
  readonly name: string;
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly logFile: string;
  readonly #supervisor: Supervisor;
  readonly #settingsFile: string;
  readonly #controlSocket: string;
  readonly #certificateDirectory: string | null;
  #behaviour: Behaviour = wellBehaved;
  #process: Supervised | null = null;
  #occupier: Supervised | null = null;

  constructor(
    place: { backend: string; name: string; port: number; directory: string; certificates: string | null },
    supervisor: Supervisor,
  ) {
    this.backend = place.backend;
    this.name = place.name;
    this.port = place.port;
    this.#supervisor = supervisor;
    this.#certificateDirectory = place.certificates;
    const stem = join(place.directory, `${place.backend}-${place.name}`);
    this.logFile = `${stem}.log`;
    this.#settingsFile = `${stem}.json`;
    this.#controlSocket = `${stem}.sock`;
  }

  /** `backend/name`. */
  get subject(): string {
    return `${this.backend}/${this.name}`;
  }

  /** `host:port`. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** null while no process runs. */
  get pid(): number | null {
    return this.#process?.alive() ? this.#process.pid : null;
  }

  /** Starts the process unless it runs, with the behaviour it had. Throws with the tail of its log when it does not listen. */
  async start(): Promise<void> {
    if (this.#process?.alive()) return;
    const settings: ServerSettings = {
      backend: this.backend,
      name: this.name,
      host: this.host,
      port: this.port,
      controlSocket: this.#controlSocket,
      certificateDirectory: this.#certificateDirectory,
      behaviour: this.#behaviour,
    };
    writeFileSync(this.#settingsFile, JSON.stringify(settings));
    this.#process = await this.#run([process.execPath, serverProgram, this.#settingsFile]);
    await this.#untilListening(this.#process);
  }

  /** Ends the process as a crash would: SIGKILL, so that nothing is said and the port refuses. */
  async kill(): Promise<void> {
    await this.#process?.end(0);
    this.#process = null;
  }

  /** Ends the process and starts it again; its behaviour stays, as a restart does not mend an application. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Sets the whole behaviour at once, and keeps it for the next start. */
  async behave(change: Partial<Behaviour>): Promise<void> {
    this.#behaviour = { ...wellBehaved, ...change };
    await waitFor(`${this.subject} to take its behaviour`, startTimeoutMs, () => this.#tell());
  }

  /**
   * Replaces the process by a hole at its address: every packet vanishes (`drop`), or connections wait in a full queue (`queue-full`), which
   * is also what `drop` becomes where there is no perl or no packet filter.
   */
  async vanish(how: 'drop' | 'queue-full'): Promise<void> {
    await this.kill();
    await this.appear();
    const perl = findProgram('PERL_BIN', 'perl', []);
    if (how === 'drop' && perl !== null && (await this.#drop(perl))) return;
    this.#occupier = await this.#run([process.execPath, stuckProgram, this.host, String(this.port)]);
    await this.#fillQueue();
  }

  /** False when the packet filter cannot be had here. */
  async #drop(perl: string): Promise<boolean> {
    const occupier = await this.#run([perl, blackholeProgram, this.host, String(this.port)]);
    this.#occupier = occupier;
    await waitFor(`${this.subject} to vanish`, startTimeoutMs, async () => !occupier.alive() || (await this.#isUnanswered()));
    return occupier.alive();
  }

  /** Takes the hole away. The process does not come back by itself. */
  async appear(): Promise<void> {
    await this.#occupier?.end(0);
    this.#occupier = null;
  }

  /** True when the process knows the behaviour, or is gone and will read it at its next start. */
  async #tell(): Promise<boolean> {
    if (!this.#process?.alive()) return true;
    return putJson(this.#controlSocket, '/behaviour', this.#behaviour).then(
      () => true,
      () => false,
    );
  }

  #run(argv: readonly string[]): Promise<Supervised> {
    return this.#supervisor.start({ name: this.subject, argv, outputFile: this.logFile });
  }

  async #untilListening(started: Supervised): Promise<void> {
    await waitFor(`${this.subject} to listen on ${this.address} (see ${this.logFile})`, startTimeoutMs, async () => {
      if (!started.alive()) throw new Error(`${this.subject} ended while starting; its last words are in ${this.logFile}`);
      return (await tryConnect(this.host, this.port, 500)) === 'open';
    });
  }

  async #isUnanswered(): Promise<boolean> {
    return (await tryConnect(this.host, this.port, 150)) === 'timeout';
  }

  /** Opens connections, and leaves them open, until one is no longer answered. */
  async #fillQueue(): Promise<void> {
    await waitFor(`${this.subject} to listen`, startTimeoutMs, async () => (await tryConnect(this.host, this.port, 150)) !== 'refused');
    await waitFor(`the accept queue of ${this.subject} to fill`, startTimeoutMs, async () => {
      const held = connect(this.port, this.host);
      held.on('error', () => {});
      held.unref();
      return this.#isUnanswered();
    });
  }
}

function tryConnect(host: string, port: number, timeoutMs: number): Promise<'open' | 'refused' | 'timeout'> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (how: 'open' | 'refused' | 'timeout') => {
      socket.destroy();
      resolve(how);
    };
    socket.setTimeout(timeoutMs, () => finish('timeout'));
    socket.once('connect', () => finish('open'));
    socket.once('error', () => finish('refused'));
  });
}

function putJson(socketPath: string, path: string, body: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method: 'PUT', agent: false }, (response) => {
      response.resume();
      response.once('end', resolve);
    });
    sent.once('error', reject);
    sent.end(JSON.stringify(body));
  });
}

/** Starts every server of a topology. `certificates` names the directory of `<kind>.pem`, per backend under TLS. */
export async function startFleet(
  topology: Topology,
  places: { readonly directory: string; certificates(backend: string): string },
  supervisor: Supervisor,
): Promise<LabServer[]> {
  const directory = join(places.directory, 'backends');
  mkdirSync(directory, { recursive: true });
  const servers: LabServer[] = [];
  for (const spec of topology.backends) {
    for (let index = 1; index <= spec.servers; index += 1) {
      const certificates = spec.tls ? places.certificates(spec.name) : null;
      servers.push(new LabServer({ backend: spec.name, name: `s${index}`, port: await freePort(), directory, certificates }, supervisor));
    }
  }
  await Promise.all(servers.map((server) => server.start()));
  return servers;
}
