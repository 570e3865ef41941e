import { CliError, exit } from '../interfaces/cli/command.ts';
import type { Io } from '../interfaces/cli/io.ts';
import { createStyle } from '../interfaces/cli/terminal-text.ts';
import { BadConfig } from './bad-config.ts';
import type { Daemon } from './daemon.ts';

/** Runs the daemon until SIGTERM or SIGINT, which end it with 0; SIGHUP reads the configuration again. */
export async function runDaemon(configPath: string, io: Io): Promise<number> {
  // First of all, so that no signal finds nobody at home.
  const { signal } = io;
  let daemon: Daemon | null = null;
  process.on('SIGHUP', () => void daemon?.reload());
  const { startDaemon } = await import('./daemon.ts');
  const log = logLines(io);
  try {
    daemon = await startDaemon({ configPath, environment: process.env, log });
  } catch (error) {
    if (error instanceof BadConfig) throw new CliError(error.errors.join('\n'));
    throw explained(error);
  }
  log('info', `ready at ${daemon.address}`);
  await aborted(signal);
  log('info', 'ending');
  await daemon.stop();
  return exit.done;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** One line per thing that happened, on stderr: instant, level, sentence. */
function logLines(io: Io): (level: 'info' | 'warn' | 'error', message: string) => void {
  const style = createStyle(io.color);
  const words = { info: 'info ', warn: style.warn('warn '), error: style.bad('error') };
  return (level, message) => io.err(`${new Date().toISOString()} ${words[level]} ${message}\n`);
}

/** The errors of starting that a person can do something about, in words. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE')
    return new CliError(`${error.message}. Is proxymedic running already? Change listen: in the configuration, or end the other one`);
  if (code === 'EACCES' || error.name === 'StoreError') return new CliError(error.message);
  return error;
}
