import { createConnection, type NetConnectOpts, type Socket } from 'node:net';

/** Where HAProxy's stats socket is: a path in the file system or a TCP port, as the configuration has read it. */
export type SocketAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

export interface AskOptions {
  readonly signal: AbortSignal;
  /** For the whole exchange; default 3 s: a HAProxy that works answers in milliseconds. */
  readonly timeoutMs?: number;
  /** A longer answer is an error, never cut; default 64 MiB. */
  readonly maxAnswerBytes?: number;
}

export type SocketFailure =
  | 'bad-command'
  | 'missing'
  | 'forbidden'
  | 'refused'
  | 'unreachable'
  | 'timeout'
  | 'aborted'
  | 'closed'
  | 'too-large'
  | 'not-haproxy'
  | 'level-too-low'
  | 'unknown-command';

/** The stats socket did not give an answer. `fix` says what a person can do about it, or null. */
export class HaproxySocketError extends Error {
  override readonly name = 'HaproxySocketError';
  readonly failure: SocketFailure;
  readonly fix: string | null;
  constructor(failure: SocketFailure, message: string, fix: string | null) {
    super(message);
    this.failure = failure;
    this.fix = fix;
  }
}

const defaultTimeoutMs = 3_000;
const defaultMaxAnswerBytes = 64 * 1024 * 1024;
/** HAProxy reads commands into one buffer (`tune.bufsize`, 16384 by default). */
const maxCommandLength = 8_192;
/** The characters HAProxy itself allows in names of proxies and servers (`invalid_char` in its sources). */
const objectName = /^[A-Za-z0-9_.:-]{1,255}$/;

/** Whether a text may stand in a command as the name of a backend or a server: no space, no `;`, no line end. */
export function isObjectName(name: string): boolean {
  return objectName.test(name);
}

/**
 * Sends one command on a connection of its own and returns the whole answer without its closing empty line.
 * Setters answer with nothing when they succeed: the caller must read back.
 * @throws {HaproxySocketError} for everything that is not an answer, `Permission denied` and `Unknown command` included.
 */
export async function askSocket(address: SocketAddress, command: string, options: AskOptions): Promise<string> {
  if (!isCommand(command)) {
    throw new HaproxySocketError('bad-command', `"${command.slice(0, 100)}" is not one single command.`, null);
  }
  const answer = await exchange(address, command, options);
  return checkedAnswer(answer, command, describeAddress(address));
}

function describeAddress(address: SocketAddress): string {
  return address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
}

/** `;` and line ends separate commands on the wire: one that holds them is more than one command. */
function isCommand(command: string): boolean {
  if (command.length === 0 || command.length > maxCommandLength || command.includes(';')) return false;
  for (let i = 0; i < command.length; i++) {
    const code = command.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

function exchange(address: SocketAddress, command: string, options: AskOptions): Promise<string> {
  const where = describeAddress(address);
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const maxAnswerBytes = options.maxAnswerBytes ?? defaultMaxAnswerBytes;
  return new Promise((resolve, reject) => {
    if (options.signal.aborted) {
      reject(aborted(where));
      return;
    }
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const socket: Socket = createConnection(connectOptions(address));
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', onAbort);
      socket.destroy();
      settle();
    };
    const onAbort = () => finish(() => reject(aborted(where)));
    const timer = setTimeout(() => finish(() => reject(timedOut(where, timeoutMs, sizeBytes))), timeoutMs);
    options.signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error: NodeJS.ErrnoException) => finish(() => reject(socketFailure(error, where))));
    socket.on('connect', () => socket.write(`${command}\n`));
    socket.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > maxAnswerBytes) finish(() => reject(tooLarge(where, command, maxAnswerBytes)));
      else chunks.push(chunk);
    });
    socket.on('end', () => finish(() => resolve(Buffer.concat(chunks).toString('utf8'))));
    socket.on('close', () => finish(() => resolve(Buffer.concat(chunks).toString('utf8'))));
  });
}

function connectOptions(address: SocketAddress): NetConnectOpts {
  return address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
}

function checkedAnswer(answer: string, command: string, where: string): string {
  if (answer === '') {
    throw new HaproxySocketError(
      'closed',
      `${where} closed the connection without an answer to \`${command}\`.`,
      'Check that HAProxy is not being restarted and that no other program owns this socket.',
    );
  }
  if (!answer.endsWith('\n')) {
    throw new HaproxySocketError('closed', `${where} closed the connection in the middle of its answer to \`${command}\`.`, null);
  }
  const text = answer.replace(/\n{1,2}$/, '');
  if (/^(\[\d\]: )?Permission denied/.test(text)) {
    throw new HaproxySocketError(
      'level-too-low',
      `${where} refuses \`${command}\`: the socket's level is too low.`,
      'Add `level admin` to the `stats socket` line of the HAProxy configuration and reload it.',
    );
  }
  if (/^(\[\d\]: )?Unknown command/.test(text)) {
    throw new HaproxySocketError(
      'unknown-command',
      `${where} does not know \`${command}\`: an older HAProxy, or the socket of a master process.`,
      'Use the `stats socket` of the worker, not the master CLI (`-S`).',
    );
  }
  return text;
}

function aborted(where: string): HaproxySocketError {
  return new HaproxySocketError('aborted', `Stopped waiting for ${where}.`, null);
}

function timedOut(where: string, timeoutMs: number, sizeBytes: number): HaproxySocketError {
  const got = sizeBytes === 0 ? 'nothing' : `${sizeBytes} bytes of an answer`;
  return new HaproxySocketError(
    'timeout',
    `${where} sent ${got} within ${timeoutMs} ms: HAProxy hangs, or another program owns the socket.`,
    null,
  );
}

function tooLarge(where: string, command: string, maxAnswerBytes: number): HaproxySocketError {
  return new HaproxySocketError('too-large', `The answer of ${where} to \`${command}\` is larger than ${maxAnswerBytes} bytes.`, null);
}

function socketFailure(error: NodeJS.ErrnoException, where: string): HaproxySocketError {
  switch (error.code) {
    case 'ENOENT':
      return new HaproxySocketError(
        'missing',
        `There is no socket at ${where}.`,
        'Add `stats socket PATH mode 660 level admin` to the `global` section and reload, or correct the path.',
      );
    case 'EACCES':
    case 'EPERM':
      return new HaproxySocketError(
        'forbidden',
        `The file permissions of ${where} keep us out.`,
        "Run proxymedic with the socket's group, or set `mode` and `group` on the `stats socket` line.",
      );
    case 'ECONNREFUSED':
      return new HaproxySocketError('refused', `Nobody listens at ${where}: HAProxy is not running, or left a stale socket file.`, null);
    case 'ENOTSOCK':
      return new HaproxySocketError('not-haproxy', `${where} is not a socket.`, 'Give the path of the `stats socket` line.');
    case 'ECONNRESET':
    case 'EPIPE':
      return new HaproxySocketError('closed', `${where} reset the connection before it answered.`, null);
    default:
      return new HaproxySocketError('unreachable', `Cannot connect to ${where}: ${error.code ?? error.message}.`, null);
  }
}
