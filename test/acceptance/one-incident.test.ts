import { describe, expect, test } from 'vitest';
import {
  allowedPlan,
  approve,
  begin,
  type Door,
  eventually,
  get,
  incidentWithCause,
  type Json,
  post,
  proxies,
  pushed,
  untilResolved,
} from './running-daemon.ts';

/** A quiet proxy is watched for so long; set it to ten minutes before a release. */
const quietMs = Number(process.env['PROXYMEDIC_QUIET_MS'] ?? 20_000);

async function all(door: Door): Promise<readonly Json[]> {
  return (await get(door, '/medic/v1/incidents')).incidents;
}

async function untilAlert(door: Door, incident: string, name: RegExp): Promise<Json> {
  return await eventually(`${name} joins incident ${incident}`, 60_000, async () => {
    const found = await get(door, `/medic/v1/incidents/${incident}`);
    return found.alerts.some((alert: Json) => name.test(alert.name)) ? found : null;
  });
}

describe.each(proxies)('one fault is one incident on $kind', ({ kind, installed, target, api, shop }) => {
  test.skipIf(!installed)('one server of several, then its return; two faults in two backends', { timeout: 240_000 }, async () => {
    const daemon = await begin(kind);
    await daemon.lab.inject('connection-refused', { backend: 'api', servers: ['s2'] });
    const first = await incidentWithCause(daemon, 'connection-refused');
    expect([first.backend, first.causes[0].subjects.length]).toEqual([api, 1]);
    await post(daemon, '/api/v2/alerts', [
      pushed({
        alertname: kind === 'haproxy' ? 'HaproxyHighHttp5xxErrorRateBackend' : 'TraefikHighHttp5xxErrorRateService',
        target,
        backend: 'api',
      }),
    ]);
    await untilAlert(daemon, first.id, /5xx/);
    expect(await all(daemon)).toHaveLength(1);

    await daemon.lab.inject('connection-refused', { backend: 'shop' });
    await eventually('the second fault has its own incident', 60_000, async () => {
      const incidents = await all(daemon);
      return incidents.length === 2 && incidents.every((one: Json) => one.verdict === 'cause-found');
    });
    expect((await all(daemon)).map((one: Json) => one.backend).sort()).toEqual([api, shop].sort());

    await post(daemon, '/api/v2/alerts', [
      pushed(
        {
          alertname: kind === 'haproxy' ? 'HaproxyHighHttp5xxErrorRateBackend' : 'TraefikHighHttp5xxErrorRateService',
          target,
          backend: 'api',
        },
        { endsAt: new Date().toISOString() },
      ),
    ]);
    await daemon.lab.heal();
    for (const { id } of await all(daemon)) {
      const { timeline } = await untilResolved(daemon, id);
      expect(
        timeline.some((entry: Json) => entry.kind === 'verification'),
        'silence alone is no recovery',
      ).toBe(true);
    }
    expect(await all(daemon)).toHaveLength(2);
    expect(daemon.log.filter((line) => line.includes('a bug'))).toEqual([]);
  });

  test.skipIf(!installed)('a killed proxy absorbs what its backends complained of; a restart ends it', { timeout: 240_000 }, async () => {
    const daemon = await begin(kind);
    await daemon.lab.inject('connection-refused', { backend: 'shop' });
    const backend = await incidentWithCause(daemon, 'connection-refused');
    await daemon.lab.inject('proxy-down');
    // The backend's own incident may see it first: what is waited for is the one of the target.
    const incident = await eventually('an incident of the target', 60_000, async () =>
      (await all(daemon)).find((one: Json) => one.backend === null && one.causes[0]?.id === 'proxy-down'),
    );
    expect(incident.target).toBe(target);
    const absorbed = await untilResolved(daemon, backend.id);
    expect(absorbed.timeline.at(-1).summary).toContain(incident.id);
    expect((await all(daemon)).filter((one: Json) => one.state !== 'resolved')).toHaveLength(1);
    await daemon.lab.heal('connection-refused');

    const plan = await allowedPlan(daemon, incident.id);
    expect([plan.action, plan.subjects]).toEqual(['process/restart', [target]]);
    expect((await approve(daemon, plan)).status).toBe(200);
    await untilResolved(daemon, incident.id);
    expect(await all(daemon)).toHaveLength(2);
  });

  test.skipIf(!installed)(
    'a proxy that hangs is one incident and goes on by itself when it answers again',
    { timeout: 240_000 },
    async () => {
      const daemon = await begin(kind);
      await daemon.lab.inject('proxy-hung');
      const incident = await incidentWithCause(daemon, 'proxy-hung');
      expect([incident.backend, incident.target]).toEqual([null, target]);
      await daemon.lab.heal();
      await untilResolved(daemon, incident.id);
      expect(await all(daemon)).toHaveLength(1);
    },
  );

  test.skipIf(!installed)('a proxy without a fault has none', { timeout: quietMs + 60_000 }, async () => {
    const daemon = await begin(kind);
    const endsAt = Date.now() + quietMs;
    await eventually('nothing', quietMs + 20_000, async () => {
      expect(await all(daemon)).toEqual([]);
      return Date.now() > endsAt;
    });
  });
});
