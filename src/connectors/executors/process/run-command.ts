import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandOutcome } from '../../../respond/mitigation/control.ts';

/** A command that has not exited by then is killed, alone: what it started may be the server it was to start. */
export const commandTimeoutMs = 60_000;
const tailBytes = 2000;

export interface CommandRun {
  readonly argv: readonly string[];
  /** Names the file with its output. */
  readonly subject: string;
  readonly workingDirectory: string;
  /** Made when missing, for this user alone. */
  readonly outputDirectory: string;
  readonly startedAt: number;
  readonly timeoutMs: number;
}

/**
 * Runs an argument array without a shell, in a session of its own, its output to a file. It has ended when the command
 * exits, not when its pipes close: there are none. What it started outlives it and us. Never rejects.
 */
export async function runCommand(run: CommandRun, signal: AbortSignal): Promise<CommandOutcome> {
  const [program, ...parameters] = run.argv;
  if (program === undefined) return { outcome: 'failed', detail: 'the command is empty' };
  let output: number;
  try {
    output = openOutput(run);
  } catch (error) {
    return { outcome: 'failed', detail: `its output file cannot be made: ${messageOf(error)}` };
  }
  try {
    const child = spawn(program, parameters, { cwd: run.workingDirectory, detached: true, stdio: ['ignore', output, output] });
    child.unref();
    const outcome = await outcomeOf(child, run.timeoutMs, signal);
    return { ...outcome, detail: [outcome.detail, tailOf(output)].filter((text) => text !== '').join(': ') };
  } catch (error) {
    return { outcome: 'failed', detail: `cannot be started: ${messageOf(error)}` };
  } finally {
    closeSync(output);
  }
}

function openOutput({ outputDirectory, subject, startedAt }: CommandRun): number {
  mkdirSync(outputDirectory, { recursive: true, mode: 0o700 });
  const name = subject.replace(/[^a-zA-Z0-9._-]/g, '_').slice(0, 100);
  return openSync(join(outputDirectory, `${name}-${startedAt}.log`), 'a+', 0o600);
}

function outcomeOf(child: ChildProcess, timeoutMs: number, signal: AbortSignal): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    let killed = false;
    const kill = () => {
      killed = true;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(kill, timeoutMs);
    signal.addEventListener('abort', kill);
    const settle = (outcome: CommandOutcome) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', kill);
      resolve(outcome);
    };
    child.once('error', (error) => settle({ outcome: 'failed', detail: `cannot be started: ${messageOf(error)}` }));
    child.once('exit', (code, by) => {
      if (killed) settle({ outcome: 'unknown', detail: 'did not exit in time and was killed' });
      else if (code === 0) settle({ outcome: 'ok', detail: '' });
      else settle({ outcome: 'failed', detail: code === null ? `ended by ${by}` : `exit ${code}` });
    });
    if (signal.aborted) kill();
  });
}

/** The end of what it said, for people; a broken character at the cut is replaced. */
function tailOf(file: number): string {
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    const read = readSync(file, buffer, 0, buffer.length, Math.max(0, size - tailBytes));
    return buffer.toString('utf8', 0, read).trim();
  } catch {
    return '';
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
