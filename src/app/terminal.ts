import { createInterface } from 'node:readline/promises';
import type { Io } from '../interfaces/cli/io.ts';

const columnsWithoutTerminal = 100;

/** stdin, stdout and stderr of this process. A reader that goes away (`| head`) ends nothing but the writing. */
export function createTerminal(): Io {
  let signal: AbortSignal | null = null;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    color: wantsColor(process.env, process.stdout.isTTY === true),
    columns: process.stdout.columns ?? columnsWithoutTerminal,
    confirm,
    get signal() {
      // Only who looks at it takes the signals over; every other command simply ends, as a process does.
      signal ??= endSignal();
      return signal;
    },
  };
}

/** Aborted by SIGINT or SIGTERM. */
function endSignal(): AbortSignal {
  const aborter = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // Who asks twice does not want to wait.
      if (aborter.signal.aborted && name === 'SIGINT') process.exit(exitByInterrupt);
      aborter.abort();
    });
  }
  return aborter.signal;
}

const exitByInterrupt = 130;

/** Waits until a reader has taken what was written: a pipe holds little, and ending the process drops the rest. */
export async function written(): Promise<void> {
  const streams = [process.stdout, process.stderr];
  await Promise.all(streams.map((stream) => new Promise<void>((resolve) => void stream.write('', () => resolve()))));
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** no-color.org: any value that is not empty means none. */
export function wantsColor(environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  if ((environment['FORCE_COLOR'] ?? '') !== '') return environment['FORCE_COLOR'] !== '0';
  return isTerminal && environment['TERM'] !== 'dumb';
}

async function confirm(question: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    return false;
  } finally {
    lines.close();
  }
}
