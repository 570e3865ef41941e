import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { createHaproxyControl } from '../../connectors/proxies/haproxy/control.ts';
import { askSocket } from '../../connectors/proxies/haproxy/haproxy-socket.ts';
import { readHaproxyState } from '../../connectors/proxies/haproxy/read-state.ts';
import {
  haproxyIsInstalled,
  type RunningHaproxy,
  startHaproxy,
  startWebServer,
  until,
} from '../../connectors/proxies/haproxy/running-haproxy.ts';
import { openStore, type Store } from '../../connectors/storage/embedded/open-store.ts';
import type { Plan } from '../../model/plan.ts';
import type { Mitigation } from './mitigation.ts';
import { Killed, type RealWorld, SimulatedSite } from './simulated-site.ts';

const never = new AbortController().signal;
const directory = mkdtempSync(join(tmpdir(), 'medic-live-'));
const mia = { name: 'mia', mayApprove: true };

describe.skipIf(!haproxyIsInstalled)('plans on a running HAProxy (skipped where haproxy is absent)', () => {
  let haproxy: RunningHaproxy;
  let web: Awaited<ReturnType<typeof startWebServer>>;
  let world: RealWorld;
  let store: Store;
  let stores = 0;

  const ask = (line: string) => askSocket(haproxy.socket, line, { signal: never });
  /** Every column that somebody can set; ages and results of checks left out. */
  const settings = async () =>
    (await ask('show servers state'))
      .split('\n')
      .map((line) =>
        line
          .split(' ')
          .filter((_, column) => ![5, 9, 10, 11, 12, 13].includes(column))
          .join(' '),
      )
      .join('\n');

  beforeAll(async () => {
    web = await startWebServer(() => 200);
    haproxy = await startHaproxy(`
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
backend api
  option httpchk GET /
  default-server check inter 100ms rise 1 fall 2
  server s1 127.0.0.1:${web.port}
  server s2 127.0.0.1:${web.port}
  server s3 127.0.0.1:${web.port} weight 50
backend shop
  server s1 127.0.0.1:${web.port}
`);
    const source = { target: 'edge', statsSocket: haproxy.socket, configFiles: [haproxy.configFile] };
    world = {
      control: createHaproxyControl(source, systemClock),
      readState: () => readHaproxyState(source, never, systemClock),
    };
    await until(async () => (await world.readState()).backends?.[0]?.servers.every((server) => server.state === 'up') === true);
  });

  afterAll(async () => {
    await store?.close();
    await haproxy?.stop();
    await web?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function newSite(): Promise<{ site: SimulatedSite; medic: Mitigation }> {
    await store?.close();
    stores += 1;
    store = await openStore({ directory: join(directory, String(stores)) });
    const site = new SimulatedSite(store, [], world);
    await site.openIncident();
    return { site, medic: site.start() };
  }

  async function approved(site: SimulatedSite, medic: Mitigation, cause: string, subjects: readonly string[]): Promise<Plan> {
    const situation = site.situation(cause, subjects, 'api', await world.readState());
    const plan = await medic.propose({ incident: 'i1', step: null, runbook: null, action: null, situation });
    if ('impossible' in plan) throw new Error(plan.impossible);
    const answer = await medic.approve(plan.id, { planHash: plan.hash, reason: 'test' }, mia);
    expect(answer).toMatchObject({ status: 200 });
    return plan;
  }

  it('drain, read back, and an undo that restores every setting', async () => {
    const { site, medic } = await newSite();
    const before = await settings();
    const plan = await approved(site, medic, 'bad-server', ['api/s3']);
    expect(await medic.run(plan.id)).toMatchObject({ state: 'done' });
    const after = (await world.readState()).backends?.flatMap((backend) => backend.servers).map((server) => server.administrative);
    expect(after).toEqual(['ready', 'ready', 'drain', 'ready']);
    expect(await medic.undo(plan.id, 'mia', 'repaired')).toMatchObject({ kind: 'undone' });
    expect(await settings()).toBe(before);
  });

  it('a server out for maintenance comes back through its check, and the undo takes it out again', async () => {
    const { site, medic } = await newSite();
    await ask('set server api/s2 state maint');
    const before = await settings();
    const plan = await approved(site, medic, 'administratively-disabled', ['api/s2']);
    expect(plan.commands).toMatchObject([{ line: 'set server api/s2 state drain' }, { line: 'set server api/s2 state ready' }]);
    expect(await medic.run(plan.id)).toMatchObject({ state: 'done' });
    expect(await medic.undo(plan.id, 'mia', 'it was meant so')).toMatchObject({ kind: 'undone' });
    expect(await settings()).toBe(before);
    await ask('set server api/s2 state drain');
    await ask('set server api/s2 state ready');
    await until(async () => (await world.readState()).backends?.[0]?.servers.every((server) => server.state === 'up') === true);
  });

  it('a plan is not begun when somebody else took a server out in the meantime', async () => {
    const { site, medic } = await newSite();
    const plan = await approved(site, medic, 'bad-server', ['api/s3']);
    await ask('set server api/s1 state maint');
    await ask('set server api/s2 state maint');
    expect(await medic.run(plan.id)).toMatchObject({ state: 'refused' });
    for (const name of ['s1', 's2']) await ask(`set server api/${name} state ready`);
    expect((await world.readState()).backends?.[0]?.servers[2]?.administrative).toBe('ready');
    await until(async () => (await world.readState()).backends?.[0]?.servers.every((server) => server.state === 'up') === true);
  });

  const crashes = Array.from({ length: 24 }, (_, i) => i * 5);
  it.each(crashes)('killed at operation %i: HAProxy is as before or as intended, and the record says which', async (operations) => {
    const { site, medic } = await newSite();
    const before = await settings();
    const plan = await approved(site, medic, 'bad-server', ['api/s3']);
    try {
      await site.start(operations).run(plan.id);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    const again = site.start();
    await again.recover();
    const after = await store.plans.get(plan.id);
    const drained = (await world.readState()).backends?.[0]?.servers[2]?.administrative === 'drain';
    expect([after?.state, drained]).toEqual([drained ? 'done' : expect.stringMatching(/^(failed|done)$/), drained]);
    if (!drained) expect(after?.state).toBe('failed');
    const journal = await store.journal.ofPlan(plan.id);
    expect(journal.filter((entry) => !['done', 'failed'].includes(entry.state))).toEqual([]);
    expect(await store.audit.verify()).toMatchObject({ ok: true });
    if (drained) expect(await again.undo(plan.id, 'mia', 'x')).toMatchObject({ kind: 'undone' });
    expect(await settings()).toBe(before);
  });
});
