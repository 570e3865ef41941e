import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const bin = fileURLToPath(new URL('../bin/proxymedic.mjs', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'proxymedic-main-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

function start(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended>; said(text: string): Promise<void> } {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: directory,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  const waiting: (() => void)[] = [];
  child.stdout?.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    err += String(chunk);
    for (const look of waiting) look();
  });
  const ended = new Promise<Ended>((resolve) => child.on('close', (code, signal) => resolve({ code, signal, out, err })));
  const said = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => (err.includes(text) ? resolve() : undefined);
      waiting.push(look);
      look();
      void ended.then(() => reject(new Error(`ended without saying ${text}: ${err}`)));
    });
  return { child, ended, said };
}

const run = (...args: string[]) => start(args).ended;

test.each([
  [['--version'], 0, /^\d+\.\d+\.\d+\n$/, /^$/],
  [['--help'], 0, /Usage: proxymedic/, /^$/],
  [['nope'], 2, /^$/, /unknown command 'nope'/],
  [['run', '--config.file=none.yml'], 2, /^$/, /none\.yml/],
  [['check', '--config.file=none.yml', '-o', 'json'], 2, /^\{.*"does not exist".*\}\n$/, /^$/],
  [['diagnose', 'HaproxyBackendDown', '--config.file=none.yml'], 2, /^$/, /none\.yml:1:1 does not exist\. Write one with proxymedic init/],
  [['rules', 'list', 'none.yml'], 2, /^$/, /none\.yml:1:1: no rule file is there/],
  [['rules', 'check'], 0, /ok: \d+ rules in \d+ files, 0 errors/, /^$/],
  [['rules', 'check', 'none.yml'], 1, /none\.yml:1:1 error load\n {2}no rule file is there/, /^$/],
  [['runbooks', 'check'], 0, /ok: \d+ pages, 0 errors/, /^$/],
  [['runbooks', 'show', 'HaproxyBackendDwn'], 2, /^$/, /Did you mean HaproxyBackendDown\?/],
  [['runbooks', 'show', 'HaproxyBackendDown', '-o', 'json'], 0, /^\{.*"title":"HaproxyBackendDown"/, /^$/],
  [['lab', 'list'], 0, /connection-refused/, /^$/],
  [['lab', 'nope'], 2, /^$/, /proxymedic lab up/],
])('%j ends with %i', async (args, code, out, err) => {
  const ended = await run(...args);
  expect([ended.code, ended.out, ended.err]).toEqual([code, expect.stringMatching(out), expect.stringMatching(err)]);
});

test('an answer of several hundred kilobytes reaches a pipe whole', async () => {
  const sources = Array.from({ length: 12 }, () => 'catalog/published');
  const { code, out } = await run('rules', 'check', ...sources, '-o', 'json');
  expect(out.length).toBeGreaterThan(200_000);
  expect([code, Object.keys(JSON.parse(out))]).toEqual([1, ['findings']]);
});

test('a reader that goes away is no error', async () => {
  const { child, ended } = start(['rules', 'list']);
  child.stdout?.destroy();
  const { code, err } = await ended;
  expect([code, err]).toEqual([0, '']);
});

test.each([
  [{ FORCE_COLOR: '1', NO_COLOR: '' }, true],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  [{ FORCE_COLOR: '', NO_COLOR: '' }, false],
])('%j: colours %s', async (environment, colored) => {
  const { out } = await start(['runbooks', 'check'], environment).ended;
  expect(out.includes('\u001b[')).toBe(colored);
});

describe('run', () => {
  async function freePort(): Promise<number> {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const address = probe.address();
    await new Promise((resolve) => probe.close(resolve));
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  async function config(name: string): Promise<{ readonly file: string; readonly url: string }> {
    const port = await freePort();
    const file = join(directory, `${name}.yml`);
    const text = [
      `listen: 127.0.0.1:${port}`,
      `storage: { path: ./${name} }`,
      'targets:',
      '  - name: edge',
      '    proxy: haproxy',
      '    metrics_url: http://127.0.0.1:9/metrics',
      'runbooks: []',
      '',
    ];
    writeFileSync(file, text.join('\n'));
    return { file, url: `http://127.0.0.1:${port}` };
  }

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with 0', async (signal) => {
    const { file, url } = await config(signal);
    const { child, ended, said } = start(['run', `--config.file=${file}`]);
    await said(`ready at ${url}`);
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 0, signal: null, out: '' });
  });

  test('SIGTERM waits neither for a proxy that hangs nor for the look at its incident, which says nothing then', async () => {
    const hanging = createServer((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const address = hanging.address();
    const port = typeof address === 'object' ? address?.port : null;
    const { file } = await config('hanging');
    const part = `    scrape_interval: 1s\n    haproxy: { stats_socket: "127.0.0.1:${port}" }\n`;
    const text = readFileSync(file, 'utf8').replace('127.0.0.1:9/metrics\n', `127.0.0.1:${port}/metrics\n${part}`);
    writeFileSync(file, text);
    const { child, ended, said } = start(['run', `--config.file=${file}`]);
    await said('HaproxyDown is firing');
    const startedAt = performance.now();
    child.kill('SIGTERM');
    const { code, err } = await ended;
    expect([code, err]).toEqual([0, expect.not.stringMatching(/ diagnosis: |a bug/)]);
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    hanging.close();
  });

  test('SIGHUP reads the configuration again, and a bad file leaves the old one', async () => {
    const { file } = await config('reload');
    const { child, ended, said } = start(['run', `--config.file=${file}`]);
    await said('ready at');
    child.kill('SIGHUP');
    await said(`read ${file} again`);
    writeFileSync(file, 'targets: 7\n');
    child.kill('SIGHUP');
    await said('the old configuration stays');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  });

  test('a port that is taken is told with what to do', async () => {
    const { file } = await config('taken');
    const first = start(['run', `--config.file=${file}`]);
    await first.said('ready at');
    const other = join(directory, 'other.yml');
    writeFileSync(other, readFileSync(file, 'utf8').replace('./taken', './other'));
    expect(await run('run', `--config.file=${other}`)).toMatchObject({
      code: 2,
      err: expect.stringContaining('Is proxymedic running already?'),
    });
    first.child.kill('SIGTERM');
    await first.ended;
  });
});
