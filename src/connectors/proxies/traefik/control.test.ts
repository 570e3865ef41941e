import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import type { WireCommand } from '../../../model/plan.ts';
import type { ProxyState } from '../../../model/proxy.ts';
import type { Rendered } from '../../../respond/mitigation/control.ts';
import { NO_HINTS, readAccessLog } from './access-log.ts';
import { createTraefikControl } from './control.ts';
import { readDynamicDirectory } from './dynamic-files.ts';
import { pendingChanges } from './pending-change.ts';
import { readTraefikState } from './read-state.ts';
import { fetchRuntime } from './runtime.ts';
import { TraefikApi } from './traefik-api.ts';
import { readTraefikLog } from './traefik-log.ts';
import type { TraefikSource } from './traefik-source.ts';

const binary = findTraefik();
if (binary === null) console.log('skipped: no Traefik (set TRAEFIK_BIN) to test the connector against');

function findTraefik(): string | null {
  const inPath = (process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, 'traefik'));
  const candidates = [process.env['TRAEFIK_BIN'] ?? '', '/tmp/traefik-build/traefik', ...inPath];
  return candidates.find((path) => path !== '' && existsSync(path)) ?? null;
}

/** A Traefik with two servers that answer and one address where nothing listens. */
class Scene {
  readonly root: string;
  readonly dynamic: string;
  /** A directory that Traefik does not read. */
  readonly stray: string;
  readonly servers: Server[] = [];
  ports: number[] = [];
  web = 0;
  api = 0;
  secure = 0;
  #process: ChildProcess | null = null;

  constructor(root: string) {
    this.root = root;
    this.dynamic = join(root, 'dynamic');
    this.stray = join(root, 'stray');
  }

  get source(): TraefikSource {
    return {
      target: 'front',
      apiUrl: `http://127.0.0.1:${this.api}`,
      metricsUrl: `http://127.0.0.1:${this.api}/metrics`,
      dynamicDirectory: this.dynamic,
      staticFile: join(this.root, 'static.yml'),
      logFile: join(this.root, 'traefik.log'),
      accessLogFile: join(this.root, 'access.log'),
    };
  }

  async start(): Promise<void> {
    await mkdir(this.dynamic);
    await mkdir(this.stray);
    for (const name of ['s1', 's2']) {
      const server = createServer((request, response) => response.end(`${name} ${request.url}`));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      this.servers.push(server);
    }
    const [web, api, dead, secure] = await freePorts(4);
    this.secure = secure ?? 0;
    this.web = web ?? 0;
    this.api = api ?? 0;
    this.ports = [...this.servers.map((server) => (server.address() as AddressInfo).port), dead ?? 0];
    await writeFile(join(this.root, 'static.yml'), staticConfig(this));
    this.#process = spawn(binary ?? '', [`--configfile=${join(this.root, 'static.yml')}`], { stdio: 'ignore' });
    await until(async () => (await this.state()).backends !== null);
  }

  async stop(): Promise<void> {
    this.#process?.kill('SIGKILL');
    for (const server of this.servers) server.close();
    await rm(this.root, { recursive: true, force: true });
  }

  state(): Promise<ProxyState> {
    return readTraefikState(this.source, AbortSignal.timeout(5000), systemClock);
  }

  /** Replaces all files of the directory and waits until Traefik runs them. */
  async load(files: Readonly<Record<string, string>>, loaded: (state: ProxyState) => boolean): Promise<ProxyState> {
    for (const name of await readdir(this.dynamic)) if (files[name] === undefined) await rm(join(this.dynamic, name), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(this.root, name), text);
      await rename(join(this.root, name), join(this.dynamic, name));
    }
    return await until(async () => {
      const runtime = await fetchRuntime(new TraefikApi(this.source.apiUrl ?? '', 'api_url'), signal());
      if (pendingChanges(await readDynamicDirectory(this.dynamic, signal()), runtime.objects).length > 0) return null;
      const state = await this.state();
      return loaded(state) ? state : null;
    });
  }

  ask(path: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: this.web, path, headers: { host: 'app.example' }, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      }).on('error', reject);
    });
  }

  service(name: string, options: string, ports: readonly number[] = this.ports): string {
    const urls = ports.map((port) => `{url: "http://127.0.0.1:${port}"}`).join(', ');
    return `    ${name}: {loadBalancer: {${options}servers: [${urls}]}}\n`;
  }
}

function staticConfig(scene: Scene): string {
  return `global: {checkNewVersion: false, sendAnonymousUsage: false}
entryPoints: {web: {address: "127.0.0.1:${scene.web}"}, secure: {address: "127.0.0.1:${scene.secure}"}, traefik: {address: "127.0.0.1:${scene.api}"}}
api: {insecure: true, dashboard: false}
metrics: {prometheus: {}}
accessLog: {format: json, filePath: ${join(scene.root, 'access.log')}}
log: {level: DEBUG, format: json, filePath: ${join(scene.root, 'traefik.log')}}
providers: {providersThrottleDuration: 0s, file: {directory: ${scene.dynamic}, watch: true}}
`;
}

const ROUTER = '  routers:\n    app: {rule: "Host(`app.example`)", service: app, entryPoints: [web], middlewares: [hdr]}\n';
const MIDDLEWARE = '  middlewares:\n    hdr: {headers: {customResponseHeaders: {X-Edge: "1"}}}\n';
const CHECK = 'healthCheck: {path: /health, interval: 200ms, timeout: 100ms}, ';

async function until<T>(look: () => Promise<T | null | false>): Promise<T> {
  const endsAt = performance.now() + 15_000;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    if (performance.now() > endsAt) throw new Error('what the test waits for did not come');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function rendered(value: unknown): Rendered {
  expect(value).toHaveProperty('commands');
  return value as Rendered;
}

const signal = () => AbortSignal.timeout(10_000);
const serversOf = (state: ProxyState, backend: string) => state.backends?.find(({ name }) => name === backend)?.servers ?? [];

describe.skipIf(binary === null)('with a real Traefik', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = new Scene(await mkdtemp(join(tmpdir(), 'proxymedic-traefik-')));
    await scene.start();
  });

  afterAll(async () => {
    await scene.stop();
  });

  const app = (options = '', ports = scene.ports) => `http:\n${ROUTER}${MIDDLEWARE}  services:\n${scene.service('app', options, ports)}`;

  test('a dead server is down with the reason of its check, its neighbours are up', async () => {
    const state = await scene.load({ 'app.yml': app(CHECK) }, (now) =>
      serversOf(now, 'app@file').some((server) => server.state === 'down'),
    );
    const settled = await until(async () => {
      const now = await scene.state();
      return serversOf(now, 'app@file').some((server) => server.state === 'starting') ? null : now;
    });
    expect(state.version).toMatch(/^\d+\.\d+/);
    expect(serversOf(settled, 'app@file').map((server) => [server.name, server.state, server.lastCheck?.status ?? null])).toEqual([
      [`127.0.0.1:${scene.ports[0]}`, 'up', null],
      [`127.0.0.1:${scene.ports[1]}`, 'up', null],
      [`127.0.0.1:${scene.ports[2]}`, 'down', 'refused'],
    ]);
    expect(settled.problems).toEqual([]);
    expect(settled.gaps).toEqual([]);
    expect(settled.routes?.map((route) => [route.name, route.backend, route.entries])).toEqual([['app@file', 'app@file', ['web']]]);
    const events = await readTraefikLog({ path: scene.source.logFile, key: 'log_file' }, 0, signal());
    expect(events.find((event) => event.kind === 'server-down')).toMatchObject({ server: `app@file/127.0.0.1:${scene.ports[2]}` });
  });

  test('without a health check nobody knows, and a broken file is a problem with its line', async () => {
    await scene.load({ 'app.yml': app() }, (now) => serversOf(now, 'app@file')[0]?.state === 'no-check');
    await writeFile(join(scene.dynamic, 'bad.yml'), 'http:\n  routers:\n    x: [\n');
    const state = await scene.state();
    expect(state.problems[0]).toMatchObject({ kind: 'syntax', file: join(scene.dynamic, 'bad.yml') });
    const refused = await createTraefikControl(scene.source, systemClock).render(
      { kind: 'service-servers', backend: 'app@file', without: [`app@file/127.0.0.1:${scene.ports[2]}`], replace: [] },
      state,
    );
    expect(refused).toEqual({ impossible: expect.stringContaining('bad.yml') });
  });

  test('a file that only Traefik can judge is a problem when its log says so', async () => {
    await scene.load({ 'app.yml': app() }, (now) => now.problems.length === 0);
    await writeFile(join(scene.dynamic, 'bad.toml'), '[http\n');
    const state = await until(async () => {
      const now = await scene.state();
      return now.problems.length > 0 ? now : null;
    });
    expect(state.problems).toEqual([expect.objectContaining({ kind: 'syntax', file: join(scene.dynamic, 'bad.toml') })]);
    expect(state.gaps.find((gap) => gap.what === 'config')?.reason).toContain('TOML');
    await rm(join(scene.dynamic, 'bad.toml'));
    expect((await scene.state()).problems).toEqual([]);
  });

  test('requests are read with their server and who answered', async () => {
    await scene.load({ 'app.yml': app('', [scene.ports[0] ?? 0, scene.ports[2] ?? 0]) }, (now) => serversOf(now, 'app@file').length === 2);
    const sinceAt = Date.now() - 1000;
    for (let count = 0; count < 4; count++) await scene.ask('/live?x=1');
    const records = await until(async () => {
      const found = (await readAccessLog({ path: scene.source.accessLogFile, key: 'access_log_file' }, sinceAt, NO_HINTS, signal())).filter(
        (record) => record.path === '/live',
      );
      return found.length >= 4 ? found : null;
    });
    expect(new Set(records.map((record) => `${record.status} ${record.origin} ${record.server}`))).toEqual(
      new Set([`200 server app@file/127.0.0.1:${scene.ports[0]}`, `502 proxy-connect app@file/127.0.0.1:${scene.ports[2]}`]),
    );
  });

  describe('a shadow of a service', () => {
    let before: ProxyState;

    beforeEach(async () => {
      before = await scene.load({ 'app.yml': app() }, (now) => serversOf(now, 'app@file').length === 3 && now.problems.length === 0);
    });

    test('leaves one server out, and its undo brings back exactly what was', async () => {
      const control = createTraefikControl(scene.source, systemClock);
      const subject = `app@file/127.0.0.1:${scene.ports[2]}`;
      const plan = rendered(
        await control.render({ kind: 'service-servers', backend: 'app@file', without: [subject], replace: [] }, before),
      );
      const [expected] = plan.expected;
      expect(expected).toMatchObject({ subject, was: 'present', becomes: 'absent' });
      expect(await control.observe(expected!, signal())).toBe('present');
      expect(await control.execute(plan.commands[0]!, signal())).toMatchObject({ outcome: 'ok' });
      expect(await control.observe(expected!, signal())).toBe('absent');
      expect(serversOf(await scene.state(), 'app@file').map((server) => server.name)).toEqual(
        [0, 1].map((index) => `127.0.0.1:${scene.ports[index]}`),
      );
      for (let count = 0; count < 6; count++) expect((await scene.ask('/')).status).toBe(200);
      expect(await control.execute(plan.undo[0]!, signal())).toMatchObject({ outcome: 'ok' });
      expect(await control.observe(expected!, signal())).toBe('present');
      const after = await scene.state();
      expect({ backends: after.backends, routes: after.routes, files: after.configFiles }).toEqual({
        backends: before.backends,
        routes: before.routes,
        files: before.configFiles,
      });
    });

    test('reaches a server at its right address', async () => {
      const control = createTraefikControl(scene.source, systemClock);
      const replace = [{ subject: `app@file/127.0.0.1:${scene.ports[2]}`, url: `http://localhost:${scene.ports[1]}` }];
      const plan = rendered(await control.render({ kind: 'service-servers', backend: 'app', without: [], replace }, before));
      expect(await control.observe(plan.expected[0]!, signal())).toBe(`http://127.0.0.1:${scene.ports[2]}`);
      expect(await control.execute(plan.commands[0]!, signal())).toMatchObject({ outcome: 'ok' });
      expect(await control.observe(plan.expected[0]!, signal())).toBe(`http://localhost:${scene.ports[1]}`);
      expect(await control.execute(plan.undo[0]!, signal())).toMatchObject({ outcome: 'ok' });
    });

    test('can be laid over another of ours, and each undo goes one step back', async () => {
      const control = createTraefikControl(scene.source, systemClock);
      const leaveOut = async (index: number) => {
        const without = [`app@file/127.0.0.1:${scene.ports[index]}`];
        return rendered(await control.render({ kind: 'service-servers', backend: 'app@file', without, replace: [] }, before));
      };
      const left = async () => serversOf(await scene.state(), 'app@file').length;
      const first = await leaveOut(2);
      await control.execute(first.commands[0]!, signal());
      const second = await leaveOut(1);
      expect(await control.execute(second.commands[0]!, signal())).toMatchObject({ outcome: 'ok' });
      expect(await left()).toBe(1);
      expect(await control.execute(second.undo[0]!, signal())).toMatchObject({ outcome: 'ok' });
      expect(await left()).toBe(2);
      expect(await control.execute(first.undo[0]!, signal())).toMatchObject({ outcome: 'ok' });
      expect(await left()).toBe(3);
      expect(await control.execute(first.undo[0]!, signal())).toMatchObject({ outcome: 'ok' });
    });

    test('that Traefik never shows is taken away again', async () => {
      const control = createTraefikControl({ ...scene.source, dynamicDirectory: scene.stray }, systemClock);
      await writeFile(join(scene.stray, 'app.yml'), app());
      const without = [`app@file/127.0.0.1:${scene.ports[2]}`];
      const plan = rendered(await control.render({ kind: 'service-servers', backend: 'app@file', without, replace: [] }, before));
      expect(await control.execute(plan.commands[0]!, signal())).toMatchObject({
        outcome: 'failed',
        detail: expect.stringContaining('taken away again'),
      });
      expect(await readdir(scene.stray)).toEqual(['app.yml']);
    }, 30_000);

    test('is not written beside a file that does not parse, and its undo says when it has no effect', async () => {
      const control = createTraefikControl(scene.source, systemClock);
      const without = [`app@file/127.0.0.1:${scene.ports[2]}`];
      const plan = rendered(await control.render({ kind: 'service-servers', backend: 'app@file', without, replace: [] }, before));
      expect(await control.execute(plan.commands[0]!, signal())).toMatchObject({ outcome: 'ok' });
      await writeFile(join(scene.dynamic, 'bad.yml'), 'http: {routers: {}}\n');
      expect(await control.execute(plan.undo[0]!, signal())).toMatchObject({
        outcome: 'failed',
        detail: expect.stringContaining('bad.yml'),
      });
      expect(await control.execute(plan.commands[0]!, signal())).toMatchObject({
        outcome: 'failed',
        detail: expect.stringContaining('nothing was written'),
      });
    }, 30_000);

    test('is refused when no server would be left, and for commands that are not ours', async () => {
      const control = createTraefikControl(scene.source, systemClock);
      const all = scene.ports.map((port) => `app@file/127.0.0.1:${port}`);
      expect(await control.render({ kind: 'service-servers', backend: 'app@file', without: all, replace: [] }, before)).toEqual({
        impossible: 'app@file would have no server left',
      });
      const command = {
        kind: 'write-file',
        target: 'front',
        content: 'http: {routers: {a: {rule: x, service: b}}}',
        subject: 'app@file',
      } as const;
      for (const path of ['app.yml', '../!proxymedic-x.yml', 'sub/!proxymedic-x.yml']) {
        expect(await control.execute({ ...command, path: join(scene.dynamic, path) }, signal())).toMatchObject({ outcome: 'failed' });
      }
      const options = {
        ...command,
        path: join(scene.dynamic, '!proxymedic-x.yml'),
        content: 'tls: {options: {default: {minVersion: VersionTLS10}}}',
      };
      expect(await control.execute(options, signal())).toMatchObject({
        outcome: 'failed',
        detail: expect.stringContaining('none of ours'),
      });
      expect(await readdir(scene.dynamic)).toEqual(['app.yml']);
    });
  });

  test('a limit holds for one client and path, and nothing of it is left after its undo', async () => {
    const two = [scene.ports[0] ?? 0, scene.ports[1] ?? 0];
    const before = await scene.load({ 'app.yml': app('', two) }, (now) => serversOf(now, 'app@file').length === 2);
    const control = createTraefikControl(scene.source, systemClock);
    const intent = { kind: 'limit', backend: 'app@file', client: '127.0.0.1', path: '/login', averagePerSecond: 1, burst: 1 } as const;
    const plan = rendered(await control.render(intent, before));
    expect(await control.execute(plan.commands[0]!, signal())).toMatchObject({ outcome: 'ok' });
    expect(await control.observe(plan.expected[0]!, signal())).toBe('present');
    const statuses = [];
    for (let count = 0; count < 5; count++) statuses.push((await scene.ask('/login')).status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(3);
    for (let count = 0; count < 5; count++) expect((await scene.ask('/other')).status).toBe(200);
    expect(await control.execute(plan.undo[0]!, signal())).toMatchObject({ outcome: 'ok' });
    expect(await control.observe(plan.expected[0]!, signal())).toBe('absent');
    expect((await scene.state()).routes).toEqual(before.routes);
  });

  test('a limit beside a router with TLS options leaves them to both', async () => {
    const text = `${app('', [scene.ports[0] ?? 0])}tls: {options: {strict: {minVersion: VersionTLS13}}}\n`.replace(
      'entryPoints: [web]',
      'entryPoints: [secure], tls: {options: strict}',
    );
    const before = await scene.load(
      { 'app.yml': text },
      (now) => now.routes?.[0]?.entries[0] === 'secure' && serversOf(now, 'app@file').length === 1,
    );
    const control = createTraefikControl(scene.source, systemClock);
    const intent = { kind: 'limit', backend: 'app@file', client: '127.0.0.1', path: null, averagePerSecond: 1, burst: 1 } as const;
    const plan = rendered(await control.render(intent, before));
    expect(await control.execute(plan.commands[0]!, signal())).toMatchObject({ outcome: 'ok' });
    const during = await scene.state();
    expect(during.problems).toEqual([]);
    expect(during.routes?.map((route) => [route.state, route.name.includes('conflicted')])).toEqual([
      ['enabled', false],
      ['enabled', false],
    ]);
    const content = 'content' in plan.commands[0]! ? plan.commands[0].content : '';
    const careless = {
      ...plan.commands[0]!,
      content: content.replace('"strict@file"', '"default"').replace('average: 1', 'average: 2'),
    } as WireCommand;
    expect(await control.execute(plan.undo[0]!, signal())).toMatchObject({ outcome: 'ok' });
    expect(await control.execute(careless, signal())).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('taken away again'),
    });
    expect((await scene.state()).routes).toEqual(before.routes);
  });

  test('no change is made while another service lives from leaving a dead server out', async () => {
    const text = `${app('', [scene.ports[0] ?? 0, scene.ports[1] ?? 0])}${scene.service('other', CHECK)}`.replace(
      '  routers:\n',
      '  routers:\n    other: {rule: "Host(`other.example`)", service: other, entryPoints: [web]}\n',
    );
    const state = await scene.load({ 'app.yml': text }, (now) => serversOf(now, 'other@file').some((server) => server.state === 'down'));
    const refused = await createTraefikControl(scene.source, systemClock).render(
      { kind: 'service-servers', backend: 'app@file', without: [`app@file/127.0.0.1:${scene.ports[0]}`], replace: [] },
      state,
    );
    expect(refused).toEqual({ impossible: expect.stringContaining('other@file') });
  });
});
