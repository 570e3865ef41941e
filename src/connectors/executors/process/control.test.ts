import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProxyState } from '../../../model/proxy.ts';
import { createProcessControl } from './control.ts';
import { listeningText, parseListening } from './listening.ts';

const never = new AbortController().signal;
const state = { target: 'edge' } as ProxyState;
let directory: string;
const servers: Server[] = [];
const started: number[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'medic-run-'));
});

afterEach(async () => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

function control(timeoutMs = 10_000, allows: (argv: readonly string[]) => boolean = () => true) {
  const outputDirectory = join(directory, 'runs');
  return createProcessControl({ clock: { now: () => 1234 }, workingDirectory: directory, outputDirectory, allows, timeoutMs });
}

function run(argv: readonly string[], timeoutMs?: number) {
  return control(timeoutMs).execute({ kind: 'run', argv, subject: 'api/s1' }, never);
}

function listen(): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const port = await listen();
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return port;
}

describe('a command', () => {
  it('is ok when it exits with 0, runs in the given directory, and its output is in a file of its own for us alone', async () => {
    expect(await run(['sh', '-c', 'pwd; echo to stderr >&2'])).toMatchObject({ outcome: 'ok' });
    const file = join(directory, 'runs', 'api_s1-1234.log');
    expect(readFileSync(file, 'utf8')).toBe(`${directory}\nto stderr\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('failed when it exits with something else, with the end of what it said', async () => {
    expect(await run(['sh', '-c', 'echo port is taken; exit 3'])).toEqual({ outcome: 'failed', detail: 'exit 3: port is taken' });
  });

  it.each([
    [['/no/such/program'], /cannot be started: .*ENOENT/],
    [[], /empty/],
    [['sh', '-c', 'kill -9 $$'], /ended by SIGKILL/],
  ])('%j failed', async (argv, detail) => {
    expect(await run(argv)).toEqual({ outcome: 'failed', detail: expect.stringMatching(detail) });
  });

  it('goes through no shell: its arguments arrive as they are', async () => {
    const hostile = '$(touch pwned); `id` > x | * \n"\'';
    const result = await run([process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', hostile]);
    expect(result.detail).toBe(JSON.stringify([hostile]));
    expect(readdirSync(directory)).toEqual(['runs']);
  });

  it('has ended when it exits although what it started goes on with its output open, in a session of its own', async () => {
    const result = await run(['sh', '-c', 'sleep 30 & echo $! $$; ps -o sid= -p $$']);
    const [child = 0, shell = 0, session = 0] = result.detail.split(/\s+/).map(Number);
    started.push(child);
    expect(result.outcome).toBe('ok');
    expect(existsSync(`/proc/${child}`)).toBe(true);
    expect(session).toBe(shell);
  });

  it('that does not exit in time is killed alone, and nobody knows what it did', async () => {
    const result = await run(['sh', '-c', 'sleep 30 & echo $! $$; sleep 29 & wait'], 500);
    const [child = 0, shell = 0] = result.detail.split(': ').at(-1)?.split(' ').map(Number) ?? [];
    started.push(child, child + 1);
    expect(result).toMatchObject({ outcome: 'unknown', detail: expect.stringContaining('killed') });
    expect(existsSync(`/proc/${child}`)).toBe(true);
    expect(existsSync(`/proc/${shell}`)).toBe(false);
  });

  it('is killed when the caller gives up', async () => {
    const signal = AbortSignal.timeout(100);
    const result = await control().execute({ kind: 'run', argv: ['sleep', '30'], subject: 'x' }, signal);
    expect(result.outcome).toBe('unknown');
  });

  it('that the configuration does not contain is never started', async () => {
    const strict = control(1000, (argv) => argv[0] === 'true');
    const marker = join(directory, 'marker');
    expect(await strict.execute({ kind: 'run', argv: ['touch', marker], subject: 'x' }, never)).toMatchObject({ outcome: 'failed' });
    const intent = { kind: 'restart', subject: 'x', argv: ['touch', marker], address: null } as const;
    expect(await strict.render(intent, state)).toMatchObject({ impossible: expect.stringContaining('the configuration has no command') });
    expect(existsSync(marker)).toBe(false);
  });

  it('of another kind is refused', async () => {
    const result = await control().execute({ kind: 'haproxy', target: 'edge', line: 'show info', subject: 'x' }, never);
    expect(result.outcome).toBe('failed');
  });
});

describe('a restart', () => {
  it('is planned from what listens now and read back at the same address', async () => {
    const port = await freePort();
    const argv = ['true'];
    const intent = { kind: 'restart', subject: 'api/s1', argv, address: { host: '127.0.0.1', port } } as const;
    const rendered = await control().render(intent, state);
    if ('impossible' in rendered) throw new Error(rendered.impossible);
    expect(rendered).toEqual({
      commands: [{ kind: 'run', argv, subject: 'api/s1' }],
      undo: [],
      expected: [{ subject: 'api/s1', field: 'process', was: `not-listening 127.0.0.1:${port}`, becomes: `listening 127.0.0.1:${port}` }],
      summary: 'Start api/s1',
    });
    const [expected] = rendered.expected;
    if (expected === undefined) throw new Error('nothing is expected');
    expect(await control().observe(expected, never)).toBe(expected.was);
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
    expect(await control().observe(expected, never)).toBe(expected.becomes);
    expect(await control().render(intent, state)).toMatchObject({ summary: 'Restart api/s1' });
  });

  it('is not planned where it could not be read back', async () => {
    const intent = { kind: 'restart', subject: 'api/s1', argv: ['true'], address: null } as const;
    expect(await control().render(intent, state)).toMatchObject({ impossible: expect.stringContaining('could not be read back') });
  });

  it('cannot see what is no address', async () => {
    const expected = { subject: 'x', field: 'process', was: '', becomes: 'listening somewhere' } as const;
    expect(await control().observe(expected, never)).toBeNull();
    expect(await control().observe({ ...expected, field: 'weight' }, never)).toBeNull();
  });
});

it('reads every address back as it was written', () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), fc.boolean(), (name, port, listening) => {
      expect(parseListening(listeningText(listening, { host: name, port }))).toEqual({ host: name, port });
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => parseListening(text) === null || text.includes('listening')));
});
