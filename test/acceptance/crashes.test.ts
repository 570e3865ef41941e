import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import {
  allowedPlan,
  allUp,
  approve,
  beginLab,
  type ChildDaemon,
  eventually,
  expectWholeAudit,
  get,
  incidentWithCause,
  type Json,
  post,
  proxies,
  pushed,
  restarts,
  startChild,
  untilPlan,
  untilResolved,
} from './running-daemon.ts';

async function again(daemon: ChildDaemon, configPath: string): Promise<ChildDaemon> {
  await daemon.kill();
  return await startChild(configPath);
}

/** No command had a second effect. */
async function expectEachOnce(lab: Lab, names: readonly string[]): Promise<void> {
  expect([...(await restarts(lab))].sort()).toEqual([...names].sort());
}

const all = ['api/s1', 'api/s2', 'api/s3'];

describe.each(proxies)('kill -9 of the daemon on $kind', ({ kind, installed, target }) => {
  test.skipIf(!installed)(
    'an acknowledged alert, a proposed plan, an approved plan and a verification all go on where they were',
    { timeout: 240_000 },
    async () => {
      const { lab, configPath } = await beginLab(kind, { countRestarts: true });
      let daemon = await startChild(configPath);
      const alert = pushed({ alertname: 'HomeMade', target, job: 'other' });
      expect((await post(daemon, '/api/v2/alerts', [alert])).status).toBe(200);
      daemon = await again(daemon, configPath);
      const known = await get(daemon, '/api/v2/alerts');
      expect(known.map((one: Json) => one.labels.alertname)).toContain('HomeMade');
      await post(daemon, '/api/v2/alerts', [{ ...alert, endsAt: new Date().toISOString() }]);
      await allUp(daemon, lab);

      await lab.inject('connection-refused', { backend: 'api' });
      const incident = await incidentWithCause(daemon, 'connection-refused');
      const plan = await allowedPlan(daemon, incident.id);
      daemon = await again(daemon, configPath);
      const [same] = (await get(daemon, `/medic/v1/incidents/${incident.id}/plans`)).plans.filter((one: Json) => one.state === 'proposed');
      expect([same.id, same.hash]).toEqual([plan.id, plan.hash]);
      await expectEachOnce(lab, []);

      const approved = await eventually('the plan may be approved', 30_000, async () => {
        const answer = await approve(daemon, plan);
        return answer.status === 200 ? answer : null;
      });
      expect(approved.body.state).toBe('approved');
      daemon = await again(daemon, configPath);
      const ended = await untilPlan(daemon, plan.id, ['done', 'unknown', 'failed']);
      await eventually('the recovery is being verified', 30_000, async () => {
        const { state } = await get(daemon, `/medic/v1/incidents/${incident.id}`);
        return state === 'verifying' || state === 'resolved' || ended.state !== 'done';
      });
      daemon = await again(daemon, configPath);
      if (ended.state === 'done') await expectEachOnce(lab, all);
      else await finishByHand(daemon, lab, incident.id);
      const { timeline } = await untilResolved(daemon, incident.id);
      expect(timeline.filter((entry: Json) => entry.kind === 'approval' && entry.data.plan === plan.id)).toHaveLength(1);
      await expectWholeAudit(daemon);
      expect((await get(daemon, '/medic/v1/incidents')).incidents.filter((one: Json) => one.backend !== null)).toHaveLength(1);
      expect(await daemon.end()).toBe(0);
    },
  );

  test.skipIf(!installed)(
    'between two commands of one plan: it is unknown and a person decides about the rest',
    { timeout: 240_000 },
    async () => {
      const { lab, configPath } = await beginLab(kind, { countRestarts: true });
      let daemon = await startChild(configPath);
      await allUp(daemon, lab);
      await lab.inject('connection-refused', { backend: 'api' });
      const incident = await incidentWithCause(daemon, 'connection-refused');
      const plan = await allowedPlan(daemon, incident.id);
      const second = String(plan.commands[1].argv?.at(-1) ?? plan.commands[1].split(' ').at(-1));
      const gate = join(lab.directory, `gate-${second.replace('/', '-')}`);
      await writeFile(gate, '');
      expect((await approve(daemon, plan)).status).toBe(200);
      await eventually('the second command runs', 40_000, async () => (await restarts(lab)).includes(second));
      await daemon.kill();
      await rm(gate);
      daemon = await startChild(configPath);
      const ended = await untilPlan(daemon, plan.id, ['unknown'], 90_000);
      expect(ended.state).toBe('unknown');
      const begun = await restarts(lab);
      expect(new Set(begun).size, 'nothing was started twice').toBe(begun.length);
      const rest = await allowedPlan(daemon, incident.id);
      expect((await get(daemon, `/medic/v1/incidents/${incident.id}`)).waitingFor).toBe('approval');
      expect(rest.subjects).toHaveLength(1);
      expect((await approve(daemon, rest)).status).toBe(200);
      await untilResolved(daemon, incident.id);
      await expectEachOnce(lab, all);
      await expectWholeAudit(daemon);
    },
  );
});

/** A crash between two commands leaves the plan unknown: what is still down gets a plan of its own. */
async function finishByHand(daemon: ChildDaemon, lab: Lab, incident: string): Promise<void> {
  expect((await approve(daemon, await allowedPlan(daemon, incident))).status).toBe(200);
  await eventually('every server was started once', 40_000, async () => (await restarts(lab)).length === all.length);
}
