import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProxyState } from '../../../model/proxy.ts';
import { readTraefikState } from './read-state.ts';

const captures = new URL('../../../../../shared/reference/captures/traefik-v3.6/', import.meta.url);
const present = existsSync(captures);
if (!present) console.log('skipped: no recorded answers of Traefik beside the checkout');
const captured = (name: string): string => readFileSync(new URL(name, captures), 'utf8');

describe.skipIf(!present)('recorded answers of Traefik 3.6', () => {
  let server: Server;
  let url: string;
  let answers: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    server = createServer((request, response) => {
      const body = answers[request.url ?? ''];
      response.writeHead(body === undefined ? 404 : 200).end(body ?? '404 page not found\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    server.close();
  });

  /** The state of one recorded case, `sinceReloadMs` after its last reload. */
  async function stateOf(name: string, sinceReloadMs: number): Promise<ProxyState> {
    answers = {
      '/api/version': captured('api-version.json'),
      '/api/rawdata': captured(`rawdata-${name}.json`),
      '/api/entrypoints': captured('api-entrypoints.json'),
      '/metrics': '# x\nprocess_start_time_seconds 1.7e+09\ntraefik_config_last_reload_success 1.795228459e+09\n',
    };
    const nothing = { dynamicDirectory: null, staticFile: null, logFile: null, accessLogFile: null };
    const clock = { now: () => 1_795_228_459_000 + sinceReloadMs };
    return await readTraefikState(
      { target: 'front', apiUrl: url, metricsUrl: `${url}/metrics`, ...nothing },
      AbortSignal.timeout(5000),
      clock,
    );
  }

  const words = (state: ProxyState) =>
    state.backends?.map((backend) => [backend.name, backend.state, backend.servers.map((one) => one.state)]);

  test.each([
    ['healthy', 60_000, [['app@file', 'up', ['up', 'up', 'up']]]],
    ['one-server-down', 60_000, [['app@file', 'up', ['up', 'down', 'up']]]],
    ['no-server', 60_000, [['no-server@file', 'down', ['down', 'down', 'down']]]],
    ['after-reload', 1500, [['app@file', 'unknown', ['starting', 'starting', 'starting']]]],
    ['passive-ejected', 60_000, [['passive-ejected@file', 'unknown', ['no-check', 'no-check']]]],
    [
      'weighted',
      60_000,
      [
        ['v1@file', 'unknown', ['no-check']],
        ['v2@file', 'unknown', ['no-check']],
      ],
    ],
  ] as const)('%s, %i ms after the reload', async (name, sinceReloadMs, expected) => {
    const state = await stateOf(name, sinceReloadMs);
    expect(words(state)?.filter(([backend]) => expected.some(([wanted]) => wanted === backend))).toEqual(expected);
  });

  test('a server below a weighted parent is used by the router of the parent', async () => {
    const state = await stateOf('weighted', 60_000);
    expect(state.backends?.map((backend) => backend.usedBy)).toEqual([['weighted@file'], ['weighted@file']]);
    expect(state.routes?.map((route) => [route.name, route.backend])).toEqual([['weighted@file', 'split@file']]);
  });

  test('every broken object is a problem under its name, told apart by what is wrong', async () => {
    const state = await stateOf('broken-objects', 60_000);
    const kinds = Object.fromEntries(state.problems.map((problem) => [problem.subject, problem.kind]));
    expect(kinds).toMatchObject({
      'noservice@file': 'missing-reference',
      'nomw@file': 'missing-reference',
      'badep@file': 'missing-reference',
      'badst@file': 'missing-reference',
      'badrule@file': 'invalid',
      'loop@file': 'invalid',
    });
    expect(state.routes?.find((route) => route.name === 'oneep@file')?.state).toBe('warning');
    expect(state.routes?.find((route) => route.name === 'nomw@file')).toMatchObject({
      state: 'disabled',
      errors: ['middleware "nope@file" does not exist'],
    });
  });

  test('a conflict of TLS options is a problem of the router that lost them', async () => {
    const state = await stateOf('tls-options-conflict', 60_000);
    expect(state.problems).toEqual([expect.objectContaining({ kind: 'conflict', subject: 'websecure-conflicted-app@file' })]);
  });

  test('what is not configured is null and a gap with the key that would show it', async () => {
    const state = await stateOf('healthy', 60_000);
    expect(state).toMatchObject({ configFiles: null, declared: null });
    expect(state.gaps.map(({ what, fix }) => [what, fix])).toEqual(
      expect.arrayContaining([
        ['config', 'targets[front].traefik.dynamic_directory'],
        ['log', expect.stringContaining('targets[front].traefik.log_file')],
      ]),
    );
  });

  test.each([
    ['not served', {}, 'the API is not served there'],
    ['a page', { '/api/version': '<!doctype html>' }, 'not JSON'],
    ['another JSON', { '/api/version': '{"Version":"3.6.23"}', '/api/rawdata': '[]', '/api/entrypoints': '[]' }, 'not a list of routers'],
  ])('an API that is %s gives no empty lists but a reason', async (_, given, reason) => {
    answers = given;
    const nothing = { metricsUrl: null, dynamicDirectory: null, staticFile: null, logFile: null, accessLogFile: null };
    const state = await readTraefikState({ target: 'front', apiUrl: url, ...nothing }, AbortSignal.timeout(5000), { now: () => 0 });
    expect(state).toMatchObject({ backends: null, routes: null, entries: null, version: null });
    expect(state.gaps.find((gap) => gap.what === 'state')).toMatchObject({
      reason: expect.stringContaining(reason),
      fix: expect.any(String),
    });
  });

  test('Traefik 1 shows backends and servers and nobody knows their health', async () => {
    answers = {
      '/api/version': '{"Version":"v1.7.34","Codename":"maroilles"}',
      '/api': JSON.stringify({
        file: {
          backends: {
            app: { servers: { s1: { url: 'http://10.0.0.11:8080', weight: 1 } }, healthCheck: { path: '/health', interval: '5s' } },
          },
          frontends: { web: { entryPoints: ['http'], backend: 'app', routes: { r: { rule: 'Host:app.example' } }, priority: 3 } },
        },
      }),
    };
    const nothing = { metricsUrl: null, dynamicDirectory: null, staticFile: null, logFile: null, accessLogFile: null };
    const state = await readTraefikState({ target: 'front', apiUrl: url, ...nothing }, AbortSignal.timeout(5000), { now: () => 0 });
    expect(words(state)).toEqual([['app', 'unknown', ['unknown']]]);
    expect(state.routes).toEqual([expect.objectContaining({ name: 'web', backend: 'app', rule: 'Host:app.example' })]);
  });
});
