import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scriptedAt, scriptedVerbs } from '../scripted-verbs.ts';
import { createServer } from './server.ts';
import { WebFiles } from './web-files.ts';

const runFile = promisify(execFile);

/** The first of some paths where a program lies; says so when there is none. */
function find(name: string): string | null {
  const path = (process.env['PATH'] ?? '')
    .split(':')
    .map((directory) => `${directory}/${name}`)
    .find((candidate) => existsSync(candidate));
  if (path === undefined) console.log(`skipped: asking with the real ${name}, because it is not installed`);
  return path ?? null;
}

const promtool = find('promtool');
const amtool = find('amtool');
let server: FastifyInstance;
let url = '';
const { verbs, calls } = scriptedVerbs();

beforeAll(async () => {
  server = createServer({ verbs, web: new WebFiles([]), hosts: ['127.0.0.1'], onError: () => {} });
  url = await server.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => await server.close());

/** What a program prints, and how it ends. */
async function run(program: string | null, ...args: string[]): Promise<{ readonly code: number; readonly text: string }> {
  return await runFile(program ?? '', args).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { readonly code: number; readonly stderr: string }) => ({ code: error.code, text: error.stderr }),
  );
}

describe.skipIf(promtool === null)('promtool', () => {
  test.each([
    [['query', 'instant', 'URL', 'up'], 0, `up{job="haproxy"} => 1 @[${scriptedAt / 1000}]`],
    [['query', 'range', '--start=0', '--end=60', '--step=5s', 'URL', 'up'], 0, ''],
    [['query', 'series', '--match=up', '--start=0', '--end=60', 'URL'], 0, '{__name__="up"}'],
    [['query', 'labels', 'URL', 'job'], 0, 'haproxy'],
    [['query', 'instant', 'URL', '('], 1, 'unclosed left parenthesis'],
  ])('%j ends with %i', async (args, code, text) => {
    // An instant query carries promtool's own now: what it is answered for is scripted.
    const result = await run(promtool, ...args.map((arg) => arg.replace('URL', url)));
    expect([result.code, result.text.replace(/@\[[\d.]+\]/, `@[${scriptedAt / 1000}]`)]).toEqual([code, expect.stringContaining(text)]);
  });
});

describe.skipIf(amtool === null)('amtool', () => {
  test.each([
    [['alert', 'query'], 'HaproxyBackendDown'],
    [['alert', 'query', 'alertname=Other'], 'Alertname  Starts At'],
    [['silence', 'add', '--comment=known', '--author=mia', 'backend=api'], 's1'],
    [['silence', 'query'], 'backend="api"'],
    [['silence', 'expire', 's1'], ''],
    [['cluster', 'show'], 'disabled'],
  ])('%j', async (args, text) => {
    expect(await run(amtool, `--alertmanager.url=${url}`, ...args)).toEqual({ code: 0, text: expect.stringContaining(text) });
  });

  test('an alert that it sends arrives', async () => {
    calls.length = 0;
    expect((await run(amtool, `--alertmanager.url=${url}`, 'alert', 'add', 'HaproxyBackendDown', 'backend=api')).code).toBe(0);
    expect(calls).toEqual([
      { verb: 'alerts.receive', given: [[expect.objectContaining({ name: 'HaproxyBackendDown', state: 'firing' })]] },
    ]);
  });
});
