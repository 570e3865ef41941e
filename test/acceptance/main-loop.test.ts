import { describe, expect, test } from 'vitest';
import {
  allowedPlan,
  approve,
  begin,
  expectWholeAudit,
  get,
  incidentWithCause,
  type Json,
  post,
  proxies,
  untilAlert,
  untilResolved,
} from './running-daemon.ts';

const alerts = { haproxy: 'HaproxyBackendDown', traefik: 'TraefikServiceDown' };

describe.each(proxies)('on $kind', ({ kind, installed, api }) => {
  test.skipIf(!installed)(
    'killed servers become an incident, a cause, an approved restart, a proven recovery and a report',
    { timeout: 180_000 },
    async () => {
      const daemon = await begin(kind);
      await daemon.lab.inject('connection-refused', { backend: 'api' });

      const { id } = await incidentWithCause(daemon, 'connection-refused');
      const incident = await untilAlert(daemon, id, alerts[kind]);
      expect(incident.verdict).toBe('cause-found');
      expect(incident.causes.map((cause: Json) => cause.id)).toEqual(['connection-refused']);
      const servers = daemon.lab.serversOf('api').map((server) => (kind === 'haproxy' ? server.subject : `${api}/${server.address}`));

      const plan = await allowedPlan(daemon, incident.id);
      expect(plan.action).toBe('process/restart');
      expect([...plan.subjects].sort()).toEqual([...servers].sort());
      const guess = await post(daemon, `/medic/v1/plans/${plan.id}/approval`, { planHash: 'f'.repeat(64), reason: 'a guess' });
      expect(guess.status).toBe(409);
      const approved = await approve(daemon, plan, 'the servers are dead');
      expect([approved.status, approved.body.hash]).toEqual([200, plan.hash]);
      expect((await approve(daemon, plan, 'the servers are dead')).status).toBe(200);

      await untilResolved(daemon, incident.id);
      const report = await (await fetch(`${daemon.address}/medic/v1/incidents/${incident.id}/report`)).text();
      for (const part of ['connection-refused', 'the servers are dead', 'recovered', ...servers]) expect(report).toContain(part);
      expect((await expectWholeAudit(daemon)).entries.length).toBeGreaterThan(0);
      expect((await get(daemon, '/medic/v1/incidents')).total, 'one fault is one incident').toBe(1);
    },
  );
});
