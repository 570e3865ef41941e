import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { findHaproxy } from '../../lab/proxies/haproxy.ts';
import { findTraefik } from '../../lab/proxies/traefik.ts';
import { waitFor } from '../../lab/waiting.ts';
import { systemClock } from '../base/clock.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import { labelsOf } from '../model/labels.ts';
import type { Look } from '../respond/look.ts';
import { fileStem } from '../respond/runbooks/parse-page.ts';
import { catalogDirectory } from './catalog-directory.ts';
import { lookOnce } from './diagnose-once.ts';
import { runPageTests } from './page-test-files.ts';
import { recordLook } from './record-look.ts';
import { loadShelf } from './runbook-shelf.ts';

const waitMs = 20_000;

function configOf(lab: Lab): Config {
  const loaded = loadConfig(lab.proxymedicConfig(), '/nowhere/proxymedic.yml', {});
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  return loaded.config;
}

async function look(lab: Lab, name: string, labels: Readonly<Record<string, string>>): Promise<Look | null> {
  const { pages } = await loadShelf(['catalog']);
  const alert = { name, labels: labelsOf(Object.entries(labels)) };
  return await lookOnce({ config: configOf(lab), pages, alert, clock: systemClock, signal: new AbortController().signal });
}

async function diagnose(lab: Lab, name: string, labels: Readonly<Record<string, string>>): Promise<Diagnosis | null> {
  return (await look(lab, name, labels))?.diagnosis ?? null;
}

/** A test file beside a copy of the page, for one recorded look. */
async function testOfRecording(directory: string, seen: Look): Promise<string> {
  const [page, bindings] = ['.md', '.bindings.yml'].map((ending) => `${fileStem(seen.page?.path ?? '')}${ending}`);
  const folder = dirname(join(catalogDirectory, '..', seen.page?.path ?? ''));
  for (const name of [page, bindings]) await cp(join(folder, name ?? ''), join(directory, name ?? ''));
  const { verdict, causes } = seen.diagnosis;
  const expected = JSON.stringify({ verdict, causes: Object.fromEntries(causes.map(({ id, subjects }) => [id, subjects])) });
  const path = join(directory, 'recorded.test.yml');
  await writeFile(path, `page: ${page}\ntests:\n  - { name: recorded, recorded: seen.json, expect: ${expected} }\n`);
  return path;
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

    test('is written down, and says the same when it is run again without the proxy', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'proxymedic-recorded-'));
      await lab.inject('connection-refused', { backend: 'api' });
      let seen: Look | null = null;
      await waitFor('the cause', waitMs, async () => {
        seen = await look(lab, alert, { backend: 'api' });
        return seen?.diagnosis.verdict === 'cause-found';
      });
      await lab.heal();
      if (seen === null) throw new Error('nothing was seen');
      await recordLook(seen, configOf(lab), join(directory, 'seen.json'));
      const [file] = await runPageTests([await testOfRecording(directory, seen)], null);
      expect(file).toMatchObject({ findings: [], tests: [{ name: 'recorded', differences: [] }] });
      await expect(recordLook(seen, configOf(lab), join(directory, 'seen.json'))).rejects.toThrow('it exists already');
      await rm(directory, { recursive: true, force: true });
    });

    test('fits no target of another kind', async () => {
      const other = kind === 'haproxy' ? 'TraefikServiceDown' : 'HaproxyBackendDown';
      expect(await diagnose(lab, other, { backend: 'api' })).toBeNull();
    });
  });
}
