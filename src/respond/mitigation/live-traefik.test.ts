import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { createTraefikControl } from '../../connectors/proxies/traefik/control.ts';
import { readTraefikState } from '../../connectors/proxies/traefik/read-state.ts';
import { openStore, type Store } from '../../connectors/storage/embedded/open-store.ts';
import type { Plan } from '../../model/plan.ts';
import type { ProxyState } from '../../model/proxy.ts';
import type { Mitigation } from './mitigation.ts';
import { Killed, type RealWorld, SimulatedSite } from './simulated-site.ts';

const places = (process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, 'traefik'));
const binary = [process.env['TRAEFIK_BIN'] ?? '', '/tmp/traefik-build/traefik', ...places].find((path) => path !== '' && existsSync(path));
const directory = mkdtempSync(join(tmpdir(), 'medic-traefik-'));
const dynamic = join(directory, 'dynamic');
const mia = { name: 'mia', mayApprove: true };

describe.skipIf(binary === undefined)('plans on a running Traefik (skipped without TRAEFIK_BIN)', () => {
  const servers: Server[] = [];
  let traefik: ChildProcess;
  let world: RealWorld;
  let store: Store;
  let stores = 0;
  let ports: number[] = [];

  beforeAll(async () => {
    for (let i = 0; i < 3; i += 1) servers.push(await startServer());
    ports = servers.map((server) => (server.address() as AddressInfo).port);
    const [web, api] = [await freePort(), await freePort()];
    mkdirSync(dynamic);
    writeFileSync(join(dynamic, 'app.yml'), dynamicConfig(ports));
    writeFileSync(join(directory, 'static.yml'), staticConfig(web, api));
    traefik = spawn(binary ?? '', [`--configfile=${join(directory, 'static.yml')}`], { stdio: 'ignore' });
    const source = {
      target: 'edge',
      apiUrl: `http://127.0.0.1:${api}`,
      metricsUrl: `http://127.0.0.1:${api}/metrics`,
      dynamicDirectory: dynamic,
      staticFile: join(directory, 'static.yml'),
      logFile: null,
      accessLogFile: null,
    };
    world = {
      control: createTraefikControl(source, systemClock),
      readState: () => readTraefikState(source, AbortSignal.timeout(5000), systemClock),
    };
    await untilAllUp(3);
  });

  afterAll(async () => {
    await store?.close();
    traefik?.kill('SIGKILL');
    for (const server of servers) server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function untilAllUp(count: number): Promise<void> {
    for (let i = 0; i < 300; i += 1) {
      const state = await world.readState().catch(() => null);
      const all = appServers(state);
      if (all.length === count && all.every((server) => server.state === 'up')) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`Traefik does not show ${count} servers up`);
  }

  const appServers = (state: ProxyState | null) => state?.backends?.find((backend) => backend.name === 'app@file')?.servers ?? [];
  const present = async () => appServers(await world.readState()).map((server) => server.name);

  async function approvedPlan(): Promise<{ site: SimulatedSite; medic: Mitigation; plan: Plan }> {
    await store?.close();
    stores += 1;
    store = await openStore({ directory: join(directory, `data${stores}`) });
    const site = new SimulatedSite(store, [], world);
    await site.openIncident();
    const medic = site.start();
    const situation = site.situation('bad-server', [`app@file/127.0.0.1:${ports[2]}`], 'app@file', await world.readState());
    const onTraefik = { ...situation, target: { ...situation.target, proxy: 'traefik' as const } };
    const plan = await medic.propose({ incident: 'i1', step: null, runbook: null, action: null, situation: onTraefik });
    if ('impossible' in plan) throw new Error(plan.impossible);
    expect(plan.guards.filter((guard) => !guard.allow)).toEqual([]);
    expect(await medic.approve(plan.id, { planHash: plan.hash, reason: 'test' }, mia)).toMatchObject({ status: 200 });
    return { site, medic, plan };
  }

  it('a service without its bad server, read back, and an undo that leaves nothing behind', async () => {
    const { medic, plan } = await approvedPlan();
    expect(plan).toMatchObject({ action: 'traefik/shadow-service', subjects: [`app@file/127.0.0.1:${ports[2]}`] });
    expect(await medic.run(plan.id)).toMatchObject({ state: 'done' });
    expect(await present()).toEqual([`127.0.0.1:${ports[0]}`, `127.0.0.1:${ports[1]}`]);
    expect(readdirSync(dynamic)).toHaveLength(2);
    expect(await medic.undo(plan.id, 'mia', 'repaired')).toMatchObject({ kind: 'undone' });
    expect(await present()).toHaveLength(3);
    expect(readdirSync(dynamic)).toEqual(['app.yml']);
    await untilAllUp(3);
  });

  it.each([0, 30, 44, 46, 48, 50, 52, 54, 60, 80])(
    'killed at operation %i: Traefik is as before or as intended, and the record says which',
    async (operations) => {
      const { site, plan } = await approvedPlan();
      try {
        await site.start(operations).run(plan.id);
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
      const again = site.start();
      await again.recover();
      const after = await store.plans.get(plan.id);
      const shadowed = (await present()).length === 2;
      expect(after?.state).toBe(shadowed ? 'done' : 'failed');
      expect(await store.audit.verify()).toMatchObject({ ok: true });
      if (shadowed) expect(await again.undo(plan.id, 'mia', 'x')).toMatchObject({ kind: 'undone' });
      expect(readdirSync(dynamic)).toEqual(['app.yml']);
      await untilAllUp(3);
    },
    60_000,
  );
});

function staticConfig(web: number, api: number): string {
  return `
entryPoints: { web: { address: "127.0.0.1:${web}" }, traefik: { address: "127.0.0.1:${api}" } }
api: { insecure: true, dashboard: false }
metrics: { prometheus: {} }
providers: { providersThrottleDuration: 0s, file: { directory: ${dynamic}, watch: true } }
global: { checkNewVersion: false, sendAnonymousUsage: false }
log: { level: ERROR }
`;
}

function dynamicConfig(ports: readonly number[]): string {
  const urls = ports.map((port) => `{ url: "http://127.0.0.1:${port}" }`).join(', ');
  return `
http:
  routers: { app: { rule: "PathPrefix(\`/\`)", service: app, entryPoints: [web] } }
  services:
    app: { loadBalancer: { servers: [${urls}], healthCheck: { path: /, interval: 200ms, timeout: 150ms } } }
`;
}

function startServer(): Promise<Server> {
  const server = createServer((_, response) => response.end('ok'));
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function freePort(): Promise<number> {
  const server = createTcpServer();
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    }),
  );
}
