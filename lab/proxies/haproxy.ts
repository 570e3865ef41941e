import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../ports.ts';
import { findProgram } from '../programs.ts';
import type { Supervised, Supervisor } from '../supervisor.ts';
import { SyslogReceiver } from '../syslog.ts';
import type { ProxyView } from '../view.ts';
import { waitFor } from '../waiting.ts';
import { type HaproxyPlaces, renderHaproxyConfig } from './haproxy-config.ts';

const startTimeoutMs = 15_000;
const stopGraceMs = 1000;
const reloadPatienceMs = 2000;
/** Slices of work short enough that everything else still gets its turn, only later. */
const busyLua = 'core.register_task(function() while true do for _ = 1, 500000 do end core.yield() end end)\n';

/** The HAProxy to run: `HAPROXY_BIN`, or `haproxy` on the PATH or in the usual places; null when there is none. */
export function findHaproxy(): string | null {
  return findProgram('HAPROXY_BIN', 'haproxy', ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']);
}

/** A real HAProxy in master-worker mode: its pid is the master's and stays the same over reloads. */
export class LabHaproxy {
  readonly kind = 'haproxy';
  readonly name = 'edge';
  readonly configFile: string;
  readonly logFile: string;
  readonly masterSocket: string;
  readonly #binary: string;
  readonly #places: HaproxyPlaces;
  readonly #outputFile: string;
  readonly #pidFile: string;
  readonly #supervisor: Supervisor;
  readonly #syslog: SyslogReceiver;
  #view: ProxyView;
  #process: Supervised | null = null;

  private constructor(
    directory: string,
    places: HaproxyPlaces,
    parts: { view: ProxyView; supervisor: Supervisor; syslog: SyslogReceiver; binary: string },
  ) {
    this.configFile = join(directory, 'haproxy.cfg');
    this.logFile = join(directory, 'haproxy.log');
    this.masterSocket = join(directory, 'master.sock');
    this.#outputFile = join(directory, 'output.log');
    this.#pidFile = join(directory, 'haproxy.pid');
    this.#places = places;
    this.#supervisor = parts.supervisor;
    this.#syslog = parts.syslog;
    this.#view = parts.view;
    this.#binary = parts.binary;
  }

  /** Starts it on ports of its own. Throws with where to look when it does not come up. */
  static async start(
    labDirectory: string,
    options: { view: ProxyView; supervisor: Supervisor; resolverPort: number; binary: string },
  ): Promise<LabHaproxy> {
    const directory = join(labDirectory, 'haproxy');
    mkdirSync(directory, { recursive: true });
    const blockedFile = join(directory, 'blocked.acl');
    writeFileSync(blockedFile, '');
    const busyScript = join(directory, 'busy.lua');
    writeFileSync(busyScript, busyLua);
    const syslog = await SyslogReceiver.open(join(directory, 'haproxy.log'));
    const places: HaproxyPlaces = {
      entryPort: await freePort(),
      statsPort: await freePort(),
      statsSocket: join(directory, 'admin.sock'),
      syslogPort: syslog.port,
      resolverPort: options.resolverPort,
      blockedFile,
      busyScript,
    };
    const haproxy = new LabHaproxy(directory, places, { ...options, syslog });
    haproxy.writeConfig();
    await haproxy.startAgain();
    return haproxy;
  }

  get entryUrl(): string {
    return `http://127.0.0.1:${this.#places.entryPort}`;
  }

  get metricsUrl(): string {
    return `http://127.0.0.1:${this.#places.statsPort}/metrics`;
  }

  get statsSocket(): string {
    return this.#places.statsSocket;
  }

  /** Clients listed in this file are denied; the runtime API knows it by this path (`add acl PATH ADDRESS`). */
  get blockedFile(): string {
    return this.#places.blockedFile;
  }

  /** The master's; null while it does not run. */
  get pid(): number | null {
    return this.#process?.alive() ? this.#process.pid : null;
  }

  /** What it is told now. */
  get view(): ProxyView {
    return this.#view;
  }

  get validateCommand(): readonly string[] {
    return [this.#binary, '-c', '-f', this.configFile];
  }

  /** Starts the process with the configuration on the disk, unless it runs. */
  async startAgain(): Promise<void> {
    if (this.#process?.alive()) return;
    const argv = [this.#binary, '-W', '-S', `${this.masterSocket},mode,600`, '-p', this.#pidFile, '-f', this.configFile];
    const started = await this.#supervisor.start({ name: 'haproxy', argv, outputFile: this.#outputFile });
    this.#process = started;
    await waitFor(`haproxy to answer on ${this.statsSocket} (see ${this.#outputFile})`, startTimeoutMs, async () => {
      if (!started.alive()) throw new Error(`haproxy ended while starting; its last words are in ${this.#outputFile}`);
      return (await this.#workerPid()) !== null;
    });
  }

  /** Master and worker die at once, without a word; the sockets stay behind as after a crash. */
  async kill(): Promise<void> {
    await this.#process?.end(0);
    this.#process = null;
  }

  /** An orderly stop, then a start with the configuration on the disk. */
  async restart(): Promise<void> {
    this.#signal('SIGCONT');
    await this.#process?.end(stopGraceMs);
    this.#process = null;
    await this.startAgain();
  }

  /** Stops the whole group in its tracks, as a deadlock would, or lets it go on. */
  freeze(frozen: boolean): void {
    this.#signal(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Writes another view to the disk and reloads. Settles when the new worker answers. */
  async apply(view: ProxyView): Promise<void> {
    this.#view = view;
    this.writeConfig();
    await this.reload();
  }

  /** Reloads (SIGUSR2 to the master) and waits for another worker. Does nothing while the process is down. */
  async reload(): Promise<void> {
    if (this.#process === null || !this.#process.alive()) return;
    const before = await this.#workerPid();
    let askedAt = Number.NEGATIVE_INFINITY;
    await waitFor(`haproxy to have a new worker (see ${this.#outputFile})`, startTimeoutMs, async () => {
      // A master that is still busy with the reload before this one loses the signal: it is asked again.
      if (performance.now() - askedAt > reloadPatienceMs) {
        this.#signalMaster('SIGUSR2');
        askedAt = performance.now();
      }
      const now = await this.#workerPid();
      return now !== null && now !== before;
    });
  }

  /** One command to the stats socket; the text it answers. Throws when nobody answers. */
  command(text: string): Promise<string> {
    return askSocket(this.statsSocket, text);
  }

  /** What `haproxy -c` says about the file on the disk: null when it is valid. */
  async configErrors(): Promise<string | null> {
    const [program = '', ...rest] = this.validateCommand;
    try {
      await promisify(execFile)(program, rest);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.#syslog.close();
    rmSync(this.statsSocket, { force: true });
  }

  /** Writes the configuration of the present view, as it should be, without a reload. */
  writeConfig(): void {
    writeFileSync(this.configFile, renderHaproxyConfig(this.#view, this.#places));
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#process?.alive()) process.kill(-this.#process.pid, signal);
  }

  #signalMaster(signal: NodeJS.Signals): void {
    if (this.#process?.alive()) process.kill(this.#process.pid, signal);
  }

  async #workerPid(): Promise<number | null> {
    const info = await this.command('show info').catch(() => '');
    const pid = /^Pid: (\d+)$/m.exec(info)?.[1];
    return pid === undefined ? null : Number(pid);
  }
}

const answerTimeoutMs = 2000;

function askSocket(path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let answer = '';
    socket.setEncoding('utf8');
    socket.setTimeout(answerTimeoutMs, () =>
      socket.destroy(new Error(`no answer to ${JSON.stringify(text)} on ${path} in ${answerTimeoutMs} ms`)),
    );
    socket.once('connect', () => socket.write(`${text}\n`));
    socket.on('data', (part: string) => {
      answer += part;
    });
    socket.once('error', reject);
    socket.once('end', () => resolve(answer));
  });
}
