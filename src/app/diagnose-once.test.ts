import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { findHaproxy } from '../../lab/proxies/haproxy.ts';
import { findTraefik } from '../../lab/proxies/traefik.ts';
import { waitFor } from '../../lab/waiting.ts';
import { systemClock } from '../base/clock.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import { labelsOf } from '../model/labels.ts';
import { diagnoseOnce } from './diagnose-once.ts';
import { loadShelf } from './runbook-shelf.ts';

const waitMs = 20_000;

async function diagnose(lab: Lab, name: string, labels: Readonly<Record<string, string>>): Promise<Diagnosis | null> {
  const loaded = loadConfig(lab.proxymedicConfig(), '/nowhere/proxymedic.yml', {});
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  const { pages } = await loadShelf(['catalog']);
  const alert = { name, labels: labelsOf(Object.entries(labels)) };
  return await diagnoseOnce({ config: loaded.config, pages, alert, clock: systemClock, signal: new AbortController().signal });
}

const kinds = [
  { kind: 'haproxy', installed: findHaproxy() !== null, alert: 'HaproxyBackendDown' },
  { kind: 'traefik', installed: findTraefik() !== null, alert: 'TraefikServiceDown' },
] as const;

for (const { kind, installed, alert } of kinds) {
  if (!installed) console.log(`skipped: diagnosing without a daemon, because ${kind} is not installed`);

  describe.runIf(installed)(`one look at a real ${kind}`, () => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ proxies: [kind], topology: { backends: [{ name: 'api', servers: 2 }] } });
      const traffic = lab.startTraffic('api', { requestsPerSecond: 20 });
      await waitFor('answers', waitMs, () => (traffic.counts().byStatus[200] ?? 0) >= 20);
    });
    afterAll(async () => await lab.stop());

    test('finds no fault where there is none, counts traffic from two scrapes, and says what it cannot remember', async () => {
      const diagnosis = await diagnose(lab, alert, { backend: 'api' });
      expect(diagnosis).toMatchObject({ verdict: 'no-fault-found', causes: [], runbook: alert, target: lab.proxies[0]?.name });
      const unknown = diagnosis?.evidence.filter((item) => item.finding === 'unknown').map((item) => item.summary);
      expect(unknown).toEqual([expect.stringContaining('it is not being watched')]);
      expect(diagnosis?.steps.length).toBeGreaterThan(5);
    });

    test.each(['backend', 'service', 'proxy'])('names the cause with the label called %s', async (label) => {
      await lab.inject('connection-refused', { backend: 'api' });
      let diagnosis: Diagnosis | null = null;
      await waitFor('the cause', waitMs, async () => {
        diagnosis = await diagnose(lab, alert, { [label]: 'api' });
        return diagnosis?.verdict === 'cause-found';
      });
      expect(diagnosis).toMatchObject({ causes: [{ id: 'connection-refused' }] });
      await lab.heal();
    });

    test('fits no target of another kind', async () => {
      const other = kind === 'haproxy' ? 'TraefikServiceDown' : 'HaproxyBackendDown';
      expect(await diagnose(lab, other, { backend: 'api' })).toBeNull();
    });
  });
}
