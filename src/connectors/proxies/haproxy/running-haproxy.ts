import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SocketAddress } from './haproxy-socket.ts';

/** Where Debian puts it. Tests that need it are skipped where it is absent. */
export const haproxyBinary = '/usr/sbin/haproxy';
export const haproxyIsInstalled = existsSync(haproxyBinary);

/** A real HAProxy in a directory of its own, for tests. */
export interface RunningHaproxy {
  readonly directory: string;
  readonly configFile: string;
  readonly socket: SocketAddress;
  readonly logFile: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/**
 * Starts HAProxy with `global` (stats socket at level admin, log to the standard output, kept in `logFile`) followed by
 * the given text, and waits until its socket is there.
 */
export async function startHaproxy(text: string, globalLines = ''): Promise<RunningHaproxy> {
  const directory = await mkdtemp(join(tmpdir(), 'haproxy-'));
  const socketPath = join(directory, 'admin.sock');
  const configFile = join(directory, 'haproxy.cfg');
  const logFile = join(directory, 'haproxy.log');
  await writeFile(
    configFile,
    `global\n  stats socket ${socketPath} mode 600 level admin\n  log stdout format rfc3164 local0\n${globalLines}\n${text}`,
  );
  const shell = { stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
  const process = spawn(haproxyBinary, ['-db', '-f', configFile], shell);
  const output: Buffer[] = [];
  process.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  process.stdout.on('data', (chunk: Buffer) => void writeFile(logFile, chunk, { flag: 'a' }));
  const stop = async () => {
    process.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  };
  const ended = () => process.exitCode !== null;
  if (!(await until(() => existsSync(socketPath) || ended())) || ended()) {
    await stop();
    throw new Error(`HAProxy did not start: ${Buffer.concat(output).toString('utf8')}`);
  }
  return { directory, configFile, socket: { kind: 'unix', path: socketPath }, logFile, process, stop };
}

/** Asks again and again until it holds; false after `timeoutMs`. */
export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return true;
}

/** A web server that answers every path with what `status` says at that moment; 0 never answers. */
export async function startWebServer(status: () => number): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = createServer((_, response) => {
    const code = status();
    if (code > 0) response.writeHead(code).end('ok\n');
  });
  const port = await listen(server);
  return { port, stop: () => close(server, () => server.closeAllConnections()) };
}

/** A port at which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server);
  await close(server, () => undefined);
  return port;
}

function listen(server: Server | TcpServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function close(server: Server | TcpServer, before: () => void): Promise<void> {
  before();
  return new Promise((resolve) => server.close(() => resolve()));
}
