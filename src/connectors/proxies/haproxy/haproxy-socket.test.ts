import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { askSocket, isObjectName, type SocketAddress } from './haproxy-socket.ts';

const never = new AbortController().signal;

describe('a stats socket', () => {
  let directory: string;
  let server: Server | null = null;
  const open = async (behave: (socket: Socket, command: string) => void): Promise<SocketAddress> => {
    const path = join(directory, 'admin.sock');
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (chunk) => behave(socket, chunk.toString()));
    });
    await new Promise<void>((resolve) => server?.listen(path, resolve));
    return { kind: 'unix', path };
  };
  const ask = (address: SocketAddress, command = 'show info', changes = {}) => askSocket(address, command, { signal: never, ...changes });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'haproxy-socket-'));
  });
  afterEach(() => {
    server?.close();
    server = null;
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('gets one command and gives its whole answer', async () => {
    const heard: string[] = [];
    const address = await open((socket, command) => {
      heard.push(command);
      socket.write('Version: ');
      socket.end('2.6\n\n');
    });
    expect(await ask(address)).toBe('Version: 2.6');
    expect(heard).toEqual(['show info\n']);
  });

  it('answers a setter with an empty line', async () => {
    expect(await ask(await open((socket) => socket.end('\n')), 'set server a/b state drain')).toBe('');
  });

  it.each<[string, (socket: Socket) => void, string]>([
    ['closes without a word', (socket) => socket.end(), 'closed'],
    ['stops in the middle of a line', (socket) => socket.end('Version: 2'), 'closed'],
    ['forbids', (socket) => socket.end('Permission denied\n\n'), 'level-too-low'],
    ['forbids with a severity', (socket) => socket.end('[3]: Permission denied\n\n'), 'level-too-low'],
    ['does not know the command', (socket) => socket.end('Unknown command, but maybe\n\n'), 'unknown-command'],
    ['never ends its answer', (socket) => socket.write('Version: 2.6\n'), 'timeout'],
    ['answers without end', (socket) => socket.end('x'.repeat(200_000)), 'too-large'],
  ])('that %s is an error of its own', async (_, behave, failure) => {
    const address = await open(behave);
    await expect(ask(address, 'show info', { timeoutMs: 100, maxAnswerBytes: 100_000 })).rejects.toMatchObject({ failure });
  });

  it('is not waited for any longer than its caller wants', async () => {
    const address = await open(() => undefined);
    await expect(ask(address, 'show info', { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ failure: 'aborted' });
    await expect(ask(address, 'show info', { signal: AbortSignal.abort() })).rejects.toMatchObject({ failure: 'aborted' });
  });

  it('that is missing, stale or a plain file says what to do', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expect(ask({ kind: 'unix', path: join(directory, 'none') })).rejects.toMatchObject({
      failure: 'missing',
      fix: expect.stringContaining('stats socket') as string,
    });
    await expect(ask({ kind: 'unix', path: file })).rejects.toMatchObject({
      failure: expect.stringMatching(/refused|not-haproxy/) as string,
    });
  });

  it.each(['', 'show info; show stat', 'show info\nshow stat', 'show info\r', 'show \u0000', 'a'.repeat(9_000)])(
    'never gets %j',
    async (command) => {
      let connected = false;
      const address = await open(() => {
        connected = true;
      });
      await expect(ask(address, command)).rejects.toMatchObject({ failure: 'bad-command' });
      expect(connected).toBe(false);
    },
  );
});

describe('a name for a command', () => {
  it.each<[string, boolean]>([
    ['api-1_a.b:c', true],
    ['', false],
    ['a b', false],
    ['a;b', false],
    ['a\nb', false],
    ['a/b', false],
    ['ä', false],
    ['a'.repeat(256), false],
  ])('%j: %s', (name, allowed) => {
    expect(isObjectName(name)).toBe(allowed);
  });
});
