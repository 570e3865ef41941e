import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What to run, and where its output goes. */
export interface Command {
  /** How messages call it, e.g. `api/s1`. */
  readonly name: string;
  readonly argv: readonly string[];
  /** Receives stdout and stderr. */
  readonly outputFile: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A child that has its own process group, which ends with the lab. */
export interface Supervised {
  readonly pid: number;
  /** Whether it still runs. */
  alive(): boolean;
  /** Its standard input; closing it asks some children to end. */
  readonly child: ChildProcess;
  /** Ends the whole group: SIGTERM, then SIGKILL after `graceMs` (0: at once). Settles when the child is gone. */
  end(graceMs: number): Promise<void>;
}

const keeperFile = fileURLToPath(new URL('./keeper.sh', import.meta.url));

/**
 * Starts processes that cannot outlive the lab. A keeper process, in a session of its own, holds the other end of a pipe: whatever ends the
 * lab (return, signal, uncaught error, kill -9) closes the pipe, and the keeper kills every group it was told about.
 */
export class Supervisor {
  readonly #keeper: ChildProcess;
  readonly #running = new Set<Supervised>();
  #closed = false;

  constructor() {
    this.#keeper = spawn('/bin/sh', [keeperFile], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.#keeper.on('error', () => {});
    this.#keeper.stdin?.on('error', () => {});
    this.#keeper.unref();
  }

  /** Starts a command in a process group of its own. Throws when the program cannot be executed. */
  async start(command: Command): Promise<Supervised> {
    if (this.#closed) throw new Error(`${command.name} cannot start: the lab is stopping`);
    const child = spawnDetached(command);
    const pid = await pidOf(child, command);
    this.#tell(`+${pid}`);
    const supervised: Supervised = {
      pid,
      child,
      alive: () => child.exitCode === null && child.signalCode === null,
      end: (graceMs) => endGroup(child, pid, graceMs),
    };
    this.#running.add(supervised);
    child.once('exit', () => this.#forget(supervised));
    return supervised;
  }

  /** Ends everything that was started, last started first, then the keeper. Safe to call twice. */
  async stop(graceMs: number): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#running].reverse().map((supervised) => supervised.end(graceMs)));
    if (this.#keeper.exitCode !== null || this.#keeper.signalCode !== null) return;
    this.#keeper.ref();
    const gone = once(this.#keeper, 'exit');
    this.#keeper.stdin?.end();
    await gone;
  }

  /** The leader is gone, but its group may have members left: the pid is not forgotten before they are killed. */
  #forget(supervised: Supervised): void {
    killGroup(supervised.pid, 'SIGKILL');
    this.#running.delete(supervised);
    this.#tell(`-${supervised.pid}`);
  }

  #tell(line: string): void {
    this.#keeper.stdin?.write(`${line}\n`);
  }
}

function spawnDetached(command: Command): ChildProcess {
  const [program, ...rest] = command.argv;
  if (program === undefined) throw new Error(`${command.name} has no program to run`);
  const output = openSync(command.outputFile, 'a');
  try {
    return spawn(program, rest, {
      detached: true,
      stdio: ['pipe', output, output],
      env: { ...process.env, ...command.environment },
    });
  } finally {
    closeSync(output);
  }
}

async function pidOf(child: ChildProcess, command: Command): Promise<number> {
  child.stdin?.on('error', () => {});
  if (child.pid !== undefined) {
    child.on('error', () => {});
    return child.pid;
  }
  const [error] = (await once(child, 'error')) as [Error];
  throw new Error(`${command.name} cannot be started (${command.argv[0]}): ${error.message}`, { cause: error });
}

async function endGroup(child: ChildProcess, pid: number, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  killGroup(pid, graceMs > 0 ? 'SIGTERM' : 'SIGKILL');
  const timer = setTimeout(() => killGroup(pid, 'SIGKILL'), graceMs);
  await gone;
  clearTimeout(timer);
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has no members any more, which is what was asked for.
  }
}
