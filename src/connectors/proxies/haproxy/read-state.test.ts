import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import type { BackendState, ProxyState, ServerState } from '../../../model/proxy.ts';
import { askSocket, type SocketAddress } from './haproxy-socket.ts';
import { readHaproxyState } from './read-state.ts';
import { freePort, haproxyIsInstalled, type RunningHaproxy, startHaproxy, startWebServer, until } from './running-haproxy.ts';

const never = new AbortController().signal;

function serverOf(state: ProxyState, subject: string): ServerState {
  const found = (state.backends ?? []).flatMap((backend) => backend.servers).find((server) => server.subject === subject);
  if (found === undefined) throw new Error(`${subject} is not there`);
  return found;
}

function backendOf(state: ProxyState, name: string): BackendState {
  const found = (state.backends ?? []).find((backend) => backend.name === name);
  if (found === undefined) throw new Error(`${name} is not there`);
  return found;
}

describe.skipIf(!haproxyIsInstalled)('a running HAProxy', () => {
  let haproxy: RunningHaproxy;
  let good: Awaited<ReturnType<typeof startWebServer>>;
  let bad: Awaited<ReturnType<typeof startWebServer>>;
  let silent: Awaited<ReturnType<typeof startWebServer>>;
  let deadPort: number;
  let state: ProxyState;
  const read = (changes: { readonly statsSocket?: SocketAddress | null; readonly configFiles?: readonly string[] } = {}) =>
    readHaproxyState({ target: 'edge', statsSocket: haproxy.socket, configFiles: [haproxy.configFile], ...changes }, never, systemClock);
  const command = (line: string) => askSocket(haproxy.socket, line, { signal: never });

  beforeAll(async () => {
    good = await startWebServer(() => 200);
    bad = await startWebServer(() => 503);
    silent = await startWebServer(() => 0);
    deadPort = await freePort();
    const frontPort = await freePort();
    haproxy = await startHaproxy(`
defaults
  mode http
  timeout connect 300ms
  timeout client 5s
  timeout server 7s
  timeout check 200ms
  default-server inter 200ms
frontend web
  bind 127.0.0.1:${frontPort}
  acl is_api path_beg /api
  use_backend api if is_api
  default_backend mixed
backend api
  option httpchk GET /health
  http-check send meth HEAD uri /live hdr Host api.example
  http-check expect status 200-204
  server a1 127.0.0.1:${good.port} check rise 1 fall 5 weight 20
  server a2 127.0.0.1:${good.port} check weight 0
  server a3 127.0.0.1:${good.port} check backup
  server a4 127.0.0.1:${good.port} track a1
backend mixed
  option httpchk GET /health
  server dead 127.0.0.1:${deadPort} check
  server wrong 127.0.0.1:${bad.port} check
  server silent 127.0.0.1:${silent.port} check
  server unwatched 127.0.0.1:${deadPort}
  server closed 127.0.0.1:${good.port} check disabled
  server drained 127.0.0.1:${good.port} check
  server nameless nosuch.invalid:80 check resolvers none init-addr none
backend empty
resolvers none
  nameserver one 127.0.0.1:${await freePort()}
`);
    await command('set server mixed/drained state drain');
    const settled = ['dead', 'wrong', 'silent'];
    await until(async () => {
      state = await read();
      return settled.every((name) => serverOf(state, `mixed/${name}`).state === 'down') && serverOf(state, 'api/a1').lastCheck !== null;
    });
  });
  afterAll(async () => {
    await haproxy?.stop();
    await Promise.all([good?.stop(), bad?.stop(), silent?.stop()]);
  });

  it.each([
    ['api/a1', 'up', 'ready', 'L7OK'],
    ['api/a4', 'up', 'ready', undefined],
    ['mixed/dead', 'down', 'ready', 'L4CON'],
    ['mixed/wrong', 'down', 'ready', 'L7STS'],
    ['mixed/silent', 'down', 'ready', 'L7TOUT'],
    ['mixed/unwatched', 'no-check', 'ready', undefined],
    ['mixed/closed', 'down', 'maintenance', undefined],
    ['mixed/drained', 'up', 'drain', 'L7OK'],
    ['mixed/nameless', 'down', 'resolution', undefined],
  ])('%s is %s, %s, its last check %s', (subject, operational, administrative, check) => {
    const server = serverOf(state, subject);
    expect([server.state, server.administrative, server.lastCheck?.status]).toEqual([operational, administrative, check]);
  });

  it('shows the code and text of a failed check', () => {
    expect(serverOf(state, 'mixed/wrong').lastCheck).toMatchObject({ status: 'L7STS', code: 503, text: 'Service Unavailable' });
    expect(serverOf(state, 'mixed/dead').lastCheck).toMatchObject({ text: 'Connection refused' });
  });

  it('knows the check a server is put to', () => {
    expect(serverOf(state, 'api/a1').healthCheck).toEqual({
      kind: 'http',
      method: 'HEAD',
      path: '/live',
      hostHeader: 'api.example',
      headers: { Host: 'api.example' },
      host: null,
      port: null,
      scheme: 'http',
      expectStatus: [[200, 204]],
      expectText: null,
      intervalMs: 200,
      timeoutMs: 200,
      rise: 1,
      fall: 5,
    });
    expect(serverOf(state, 'mixed/unwatched').healthCheck).toBeNull();
    expect(serverOf(state, 'api/a4')).toMatchObject({ healthCheck: null, tracks: 'api/a1' });
  });

  it('reads weights, addresses and backup', () => {
    expect(serverOf(state, 'api/a1')).toMatchObject({ weight: 20, initialWeight: 20, backup: false });
    expect(serverOf(state, 'api/a2')).toMatchObject({ weight: 0, state: 'up' });
    expect(serverOf(state, 'api/a3').backup).toBe(true);
    expect(serverOf(state, 'api/a1').address).toEqual({ host: '127.0.0.1', hostname: null, port: good.port, scheme: 'http' });
    expect(serverOf(state, 'mixed/nameless').address).toEqual({ host: null, hostname: 'nosuch.invalid', port: 80, scheme: 'http' });
  });

  it('reads backends, entries, routes and the process', () => {
    expect(backendOf(state, 'api')).toMatchObject({
      state: 'up',
      mode: 'http',
      usedBy: ['web'],
      serverTimeoutMs: 7_000,
      connectTimeoutMs: 300,
    });
    expect(backendOf(state, 'empty')).toMatchObject({ state: 'up', servers: [], usedBy: [] });
    expect(state.entries?.map(({ name, state: is }) => [name, is])).toEqual([['web', 'open']]);
    expect(state.routes?.map(({ backend, rule }) => [backend, rule])).toEqual([
      ['api', 'if is_api (is_api: path_beg /api)'],
      ['mixed', 'default'],
    ]);
    expect(state.pid).toBe(haproxy.process.pid);
    expect(state.version).toMatch(/^\d+\.\d+/);
    expect(state.gaps).toEqual([]);
    expect(state.problems).toEqual([]);
    expect(state.configFiles).toHaveLength(1);
  });

  it('calls a server that was not checked since the start `starting`', async () => {
    const fresh = await startHaproxy(`
defaults
  mode http
  timeout connect 30s
  timeout client 30s
  timeout server 30s
backend slow
  option httpchk GET /
  server s1 127.0.0.1:${silent.port} check inter 30s
`);
    try {
      const first = await readHaproxyState({ target: 'edge', statsSocket: fresh.socket, configFiles: [] }, never, systemClock);
      expect(serverOf(first, 'slow/s1')).toMatchObject({ state: 'starting', lastCheck: null });
    } finally {
      await fresh.stop();
    }
  });

  it('has declared servers of unknown state without a socket', async () => {
    const declared = await read({ statsSocket: null });
    expect(declared.backends?.map(({ name, state: is }) => [name, is])).toContainEqual(['api', 'unknown']);
    expect(serverOf(declared, 'api/a1')).toMatchObject({ state: 'unknown', weight: null, initialWeight: 20, counters: { requests: null } });
    expect(serverOf(declared, 'mixed/closed')).toMatchObject({ administrative: 'maintenance', adminMask: null });
    expect(declared.gaps).toEqual([expect.objectContaining({ what: 'state', fix: 'Set targets[edge].haproxy.stats_socket.' })]);
  });

  it('has live servers without check and routes when no file is given', async () => {
    const live = await read({ configFiles: [] });
    expect(serverOf(live, 'mixed/dead')).toMatchObject({ state: 'down', healthCheck: null });
    expect([live.routes, live.configFiles, live.declared]).toEqual([null, null, null]);
    expect(live.gaps).toEqual([expect.objectContaining({ what: 'config' })]);
  });

  it('knows nothing, and says so, when both are missing', async () => {
    const blind = await read({ statsSocket: { kind: 'unix', path: '/nonexistent/admin.sock' }, configFiles: ['/nonexistent/haproxy.cfg'] });
    expect([blind.backends, blind.entries, blind.routes, blind.declared, blind.pid, blind.version]).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
    expect(blind.gaps.map(({ what }) => what)).toEqual(['state', 'config']);
    expect(blind.problems).toEqual([expect.objectContaining({ kind: 'unreadable', file: '/nonexistent/haproxy.cfg' })]);
  });

  it('sees a frontend that was paused', async () => {
    await command('disable frontend web');
    expect((await read()).entries).toEqual([expect.objectContaining({ name: 'web', state: 'paused' })]);
    await command('enable frontend web');
  });

  it('names a broken reference in the files on the disk', async () => {
    const broken = join(haproxy.directory, 'broken.cfg');
    await writeFile(
      broken,
      'frontend f\n  bind :1\n  use_backend nowhere if TRUE\nbackend b\n  server s 127.0.0.1:1 ssl ca-file /nonexistent/ca.pem\n',
    );
    const { problems, routes } = await read({ statsSocket: null, configFiles: [broken] });
    expect(problems.map(({ kind, line, subject }) => [kind, line, subject])).toEqual([
      ['missing-reference', 3, 'nowhere'],
      ['missing-reference', 5, 'b/s'],
    ]);
    expect(routes).toEqual([expect.objectContaining({ backend: 'nowhere', state: 'disabled' })]);
    await rm(broken);
  });
});

describe('a stats socket that is none', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['closes at once', (socket) => socket.end()],
    ['answers HTTP', (socket) => socket.end('HTTP/1.1 400 Bad Request\n\n')],
    ['never answers', () => undefined],
    ['forbids', (socket) => socket.end('Permission denied\n\n')],
  ])('that %s leaves the state unknown, with the reason', async (_, behave) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => behave(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const state = await readHaproxyState(
      { target: 'edge', statsSocket: { kind: 'tcp', host: '127.0.0.1', port }, configFiles: [], timeoutMs: 100 },
      never,
      systemClock,
    );
    expect(state.backends).toBeNull();
    expect(state.gaps.some(({ what }) => what === 'state')).toBe(true);
    server.close();
  });
});
