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
  restarts,
  untilResolved,
} from './running-daemon.ts';

describe.each(proxies)('approvals on $kind', ({ kind, installed }) => {
  test.skipIf(!installed)('only the plan that was seen, only in the right words, and only once', { timeout: 180_000 }, async () => {
    const daemon = await begin(kind, { countRestarts: true });
    await daemon.lab.inject('connection-refused', { backend: 'api' });
    const incident = await incidentWithCause(daemon, 'connection-refused');
    const plan = await allowedPlan(daemon, incident.id);
    const path = `/medic/v1/plans/${plan.id}/approval`;
    const hash = plan.hash;

    const wrong = await post(daemon, path, { planHash: hash.replace(/./, (digit: string) => (digit === '0' ? '1' : '0')), reason: 'x' });
    expect([wrong.status, wrong.body.code]).toEqual([409, 'plan-changed']);
    for (const body of [
      { planHash: hash },
      { reason: 'no hash' },
      { planHash: 7, reason: 'x' },
      { planHash: hash, reason: '  ' },
      { planHash: hash, reason: 'x'.repeat(2_001) },
      [],
      'not json',
      '{"planHash":',
    ])
      expect((await post(daemon, path, body)).status, JSON.stringify(body).slice(0, 60)).toBe(400);
    expect((await post(daemon, '/medic/v1/plans/nothing/approval', { planHash: hash, reason: 'x' })).status).toBe(404);
    expect(await restarts(daemon.lab)).toEqual([]);

    const both = await Promise.all([approve(daemon, plan, 'one of two'), approve(daemon, plan, 'the other of two')]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    await untilResolved(daemon, incident.id);
    expect([...(await restarts(daemon.lab))].sort()).toEqual(['api/s1', 'api/s2', 'api/s3']);
    const { timeline } = await get(daemon, `/medic/v1/incidents/${incident.id}`);
    expect(timeline.filter((entry: Json) => entry.kind === 'approval')).toHaveLength(1);
    expect((await approve(daemon, plan, 'once more')).body.state).toBe('done');
    expect(await restarts(daemon.lab)).toHaveLength(3);
    await expectWholeAudit(daemon);
  });
});

describe.skipIf(!proxies[0].installed)('a world that changed since the plan was made', () => {
  test('a server that somebody took out by hand since then', { timeout: 120_000 }, async () => {
    const daemon = await begin('haproxy', { countRestarts: true });
    await daemon.lab.inject('connection-refused', { backend: 'api' });
    const incident = await incidentWithCause(daemon, 'connection-refused');
    const plan = await allowedPlan(daemon, incident.id);
    await daemon.lab.haproxy?.command('set server api/s2 state maint');
    const answer = await approve(daemon, plan);
    expect([409, 422]).toContain(answer.status);
    if (answer.status === 422) {
      const refusing = answer.body.guards.filter((guard: Json) => !guard.allow);
      expect(refusing.map((guard: Json) => guard.reason).join('; ')).toContain('api/s2');
    }
    expect(await restarts(daemon.lab)).toEqual([]);
    await daemon.lab.haproxy?.command('set server api/s2 state ready');
  });

  test('servers that somebody started by hand: the plan is void and the incident ends by itself', { timeout: 120_000 }, async () => {
    const daemon = await begin('haproxy', { countRestarts: true });
    await daemon.lab.inject('connection-refused', { backend: 'api' });
    const incident = await incidentWithCause(daemon, 'connection-refused');
    const plan = await allowedPlan(daemon, incident.id);
    await daemon.lab.heal();
    const { timeline } = await untilResolved(daemon, incident.id);
    expect(timeline.some((entry: Json) => entry.kind === 'verification')).toBe(true);
    expect([409, 410]).toContain((await approve(daemon, plan)).status);
    expect((await get(daemon, `/medic/v1/plans/${plan.id}`)).state).toBe('superseded');
    expect(await restarts(daemon.lab)).toEqual([]);
  });
});
