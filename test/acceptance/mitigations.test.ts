import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import {
  allowedPlan,
  approve,
  begin,
  eventually,
  get,
  incidentWithCause,
  type Json,
  post,
  proxies,
  pushed,
  type Running,
  untilPlan,
  untilResolved,
} from './running-daemon.ts';

const [haproxy, traefik] = proxies;

/** A fault, its one incident, the plan for it, a yes, and the proven end. */
async function mended(daemon: Running, cause: string, action: string): Promise<{ readonly plan: Json; readonly incident: Json }> {
  const incident = await incidentWithCause(daemon, cause);
  const plan = await allowedPlan(daemon, incident.id);
  expect(plan.action).toBe(action);
  expect((await approve(daemon, plan, `because of ${cause}`)).status).toBe(200);
  await untilPlan(daemon, plan.id, ['done']);
  const resolved = await untilResolved(daemon, incident.id);
  const verified = resolved.timeline.filter((entry: Json) => entry.kind === 'verification').at(-1);
  expect(verified.data.verdict).toBe('recovered');
  expect((await get(daemon, '/medic/v1/incidents')).total).toBe(1);
  return { plan, incident };
}

/** Administrative state, address and weight of every server, as HAProxy says it. */
async function serversState(lab: Lab): Promise<readonly string[]> {
  const text = (await lab.haproxy?.command('show servers state')) ?? '';
  const lines = text.split('\n').filter((line) => /^\d+ /.test(line));
  // be_name srv_name srv_addr srv_admin_state srv_uweight srv_port
  return lines.map((line) => line.split(' ')).map((field) => [1, 3, 4, 6, 7, 18].map((index) => field[index]).join(' '));
}

async function answers200(lab: Lab, backend: string): Promise<void> {
  const traffic = lab.startTraffic(backend, {});
  await eventually('twenty requests in a row are answered well', 30_000, async () => {
    const { answered, byStatus } = traffic.counts();
    if (answered < 20) return false;
    const well = byStatus['200'] === answered;
    traffic.clear();
    return well;
  });
  traffic.stop();
}

describe.skipIf(!haproxy.installed)('approved on haproxy', () => {
  test('a bad server is drained, and its undo restores every server', { timeout: 180_000 }, async () => {
    const daemon = await begin('haproxy');
    const before = await serversState(daemon.lab);
    await daemon.lab.inject('bad-server', { backend: 'api' });
    await post(daemon, '/api/v2/alerts', [pushed({ alertname: 'HaproxyHighHttp5xxErrorRateBackend', target: 'edge', proxy: 'api' })]);
    const { plan } = await mended(daemon, 'bad-server', 'haproxy/drain-server');
    expect(plan.subjects).toEqual(['api/s1']);
    expect(await serversState(daemon.lab)).not.toEqual(before);
    await answers200(daemon.lab, 'api');
    const undone = await post(daemon, `/medic/v1/plans/${plan.id}/undo`, { reason: 'it was repaired' });
    expect([undone.status, undone.body.state]).toEqual([200, 'undone']);
    expect(await serversState(daemon.lab)).toEqual(before);
    expect((await post(daemon, `/medic/v1/plans/${plan.id}/undo`, { reason: 'again' })).status).toBe(422);
  });

  test('wrong addresses are put right', { timeout: 180_000 }, async () => {
    const daemon = await begin('haproxy');
    await daemon.lab.inject('wrong-server-address', { backend: 'api' });
    const { plan } = await mended(daemon, 'wrong-server-address', 'haproxy/set-server-address');
    expect([...plan.subjects].sort()).toEqual(['api/s1', 'api/s2', 'api/s3']);
    await answers200(daemon.lab, 'api');
  });

  test('servers that somebody took out are given back', { timeout: 180_000 }, async () => {
    const daemon = await begin('haproxy');
    const before = await serversState(daemon.lab);
    await daemon.lab.inject('administratively-disabled', { backend: 'api' });
    await mended(daemon, 'administratively-disabled', 'haproxy/return-server');
    expect(await serversState(daemon.lab)).toEqual(before);
  });
});

describe.skipIf(!traefik.installed)('approved on traefik', () => {
  test('a bad server is left out by a file of our own, and the undo deletes it', { timeout: 180_000 }, async () => {
    const daemon = await begin('traefik');
    const directory = daemon.lab.traefik?.dynamicDirectory ?? '';
    const before = await readdir(directory);
    await daemon.lab.inject('bad-server', { backend: 'api' });
    await post(daemon, '/api/v2/alerts', [
      pushed({ alertname: 'TraefikHighHttp5xxErrorRateService', target: 'front', service: 'api@file' }),
    ]);
    const { plan } = await mended(daemon, 'bad-server', 'traefik/shadow-service');
    expect((await readdir(directory)).length).toBe(before.length + 1);
    await answers200(daemon.lab, 'api');
    const undone = await post(daemon, `/medic/v1/plans/${plan.id}/undo`, { reason: 'it was repaired' });
    expect([undone.status, undone.body.state]).toEqual([200, 'undone']);
    expect(await readdir(directory)).toEqual(before);
  });

  test('wrong addresses are put right by a file of our own', { timeout: 180_000 }, async () => {
    const daemon = await begin('traefik');
    await daemon.lab.inject('wrong-server-address', { backend: 'api' });
    await mended(daemon, 'wrong-server-address', 'traefik/shadow-service');
    await answers200(daemon.lab, 'api');
  });

  test('a client that scans is limited, the others are not', { timeout: 180_000 }, async () => {
    const daemon = await begin('traefik');
    await daemon.lab.inject('client-scan', { backend: 'api' });
    await post(daemon, '/api/v2/alerts', [
      pushed({ alertname: 'TraefikHighHttp4xxErrorRateService', target: 'front', service: 'api@file' }),
    ]);
    const incident = await incidentWithCause(daemon, 'client-scan');
    const plan = await allowedPlan(daemon, incident.id);
    expect([plan.action, plan.cause]).toEqual(['traefik/limit-client', 'client-scan']);
    expect((await approve(daemon, plan)).status).toBe(200);
    await untilPlan(daemon, plan.id, ['done']);
    await answers200(daemon.lab, 'api');
    // The scanner goes on all the while; what counts is what everybody else gets.
    await untilResolved(daemon, incident.id);
  });
});
