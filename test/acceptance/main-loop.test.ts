import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { findHaproxy } from '../../lab/proxies/haproxy.ts';
import { findTraefik } from '../../lab/proxies/traefik.ts';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';

/** Everything through the front door: the HTTP API of a real daemon, a real proxy, real servers. */
const proxies = [
  { kind: 'haproxy', installed: findHaproxy() !== null, alert: 'HaproxyBackendDown', backend: 'api' },
  { kind: 'traefik', installed: findTraefik() !== null, alert: 'TraefikServiceDown', backend: 'api@file' },
] as const;

interface Running {
  readonly lab: Lab;
  readonly daemon: Daemon;
}

const running: Running[] = [];

afterEach(async () => {
  for (const { lab, daemon } of running.splice(0)) {
    await daemon.stop();
    await lab.stop();
  }
});

async function begin(kind: 'haproxy' | 'traefik', change: (yaml: string) => string = (yaml) => yaml): Promise<Running> {
  const lab = await startLab({
    proxies: [kind],
    topology: {
      backends: [
        { name: 'api', servers: 3 },
        { name: 'shop', servers: 2 },
      ],
    },
  });
  const configPath = join(lab.directory, 'proxymedic.yml');
  // Port 0: the system picks one that is free.
  await writeFile(configPath, change(lab.proxymedicConfig({ listen: '127.0.0.1:0', scrapeInterval: '1s' })));
  const daemon = await startDaemon({ configPath, environment: {}, log: () => undefined });
  running.push({ lab, daemon });
  lab.startTraffic('api', {});
  lab.startTraffic('shop', {});
  await eventually('the daemon is ready and every server is up', 30_000, async () => {
    const { backends } = await get(daemon, `/medic/v1/targets/${lab.proxies[0]?.name}/topology`).catch(() => ({ backends: null }));
    return (
      daemon.verbs.ready() && backends?.every((one: { servers: { state: string }[] }) => one.servers.every(({ state }) => state === 'up'))
    );
  });
  return { lab, daemon };
}

// biome-ignore lint/suspicious/noExplicitAny: what comes over HTTP is foreign here, as it is for a client.
type Json = any;

async function get(daemon: Daemon, path: string): Promise<Json> {
  const response = await fetch(`${daemon.address}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return await response.json();
}

async function post(daemon: Daemon, path: string, body: unknown): Promise<{ status: number; body: Json }> {
  const response = await fetch(`${daemon.address}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

async function eventually<T>(what: string, forMs: number, look: () => Promise<T | null | undefined | false>): Promise<T> {
  const endsAt = Date.now() + forMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > endsAt) throw new Error(`not within ${forMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function openIncident(daemon: Daemon): Promise<Json> {
  return await eventually('an incident with a verdict', 30_000, async () => {
    const { incidents } = await get(daemon, '/medic/v1/incidents?state=open');
    return incidents[0]?.verdict ? await get(daemon, `/medic/v1/incidents/${incidents[0].id}`) : null;
  });
}

describe.each(proxies)('on $kind', ({ kind, installed, alert, backend }) => {
  test.skipIf(!installed)(
    'killed servers become an incident, a cause, an approved restart, a proven recovery and a report',
    { timeout: 120_000 },
    async () => {
      const { lab, daemon } = await begin(kind);
      await lab.inject('connection-refused', { backend: 'api' });

      const incident = await openIncident(daemon);
      expect(incident.alerts.map((one: Json) => one.name)).toContain(alert);
      expect(incident.verdict).toBe('cause-found');
      expect(incident.causes.map((cause: Json) => cause.id)).toEqual(['connection-refused']);
      const servers = lab.serversOf('api').map((server) => (kind === 'haproxy' ? server.subject : `${backend}/${server.address}`));
      expect([...incident.causes[0].subjects].sort()).toEqual([...servers].sort());

      const plan = await eventually('a plan that all guards allow', 15_000, async () => {
        const { plans } = await get(daemon, `/medic/v1/incidents/${incident.id}/plans`);
        return plans.find((one: Json) => one.state === 'proposed' && one.guards.every((guard: Json) => guard.allow));
      });
      expect(plan.action).toBe('process/restart');
      expect((await post(daemon, `/medic/v1/plans/${plan.id}/approval`, { planHash: 'f'.repeat(64), reason: 'a guess' })).status).toBe(409);
      const approved = await post(daemon, `/medic/v1/plans/${plan.id}/approval`, { planHash: plan.hash, reason: 'the servers are dead' });
      expect([approved.status, approved.body.hash]).toEqual([200, plan.hash]);
      expect(
        (await post(daemon, `/medic/v1/plans/${plan.id}/approval`, { planHash: plan.hash, reason: 'the servers are dead' })).status,
      ).toBe(200);

      await eventually(
        'the incident is resolved',
        60_000,
        async () => (await get(daemon, `/medic/v1/incidents/${incident.id}`)).state === 'resolved',
      );
      const report = await (await fetch(`${daemon.address}/medic/v1/incidents/${incident.id}/report`)).text();
      for (const part of ['connection-refused', 'the servers are dead', 'recovered', ...servers]) expect(report).toContain(part);
      const { total, chain } = { ...(await get(daemon, '/medic/v1/incidents')), ...(await get(daemon, '/medic/v1/audit')) };
      expect(chain.ok).toBe(true);
      expect((await get(daemon, '/medic/v1/incidents')).total, 'one fault is one incident').toBe(1);
      expect(total).toBeGreaterThan(0);
    },
  );
});
