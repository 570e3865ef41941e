import { expect, test } from 'vitest';
import { loadConfig } from '../config/load-config.ts';
import { createServer } from '../interfaces/api/server.ts';
import { WebFiles } from '../interfaces/api/web-files.ts';
import { scriptedVerbs } from '../interfaces/scripted-verbs.ts';
import type { RuleView } from '../interfaces/verbs.ts';
import { labelsOf } from '../model/labels.ts';
import { createGeneration } from './generation.ts';
import { liveSite } from './live-site.ts';

const clock = { now: () => Date.parse('2026-01-01T00:01:00Z') };
const loaded = loadConfig('metrics: { url: "http://127.0.0.1:9" }\n', 'proxymedic.yml', {});
if ('errors' in loaded) throw new RangeError('the configuration of this test does not load');
const generation = await createGeneration(loaded.config, 'proxymedic.yml', [], clock);

const place = 'pages/given/haproxy-exporter-v1/HaproxyBackendDown.html';

function served(rules: readonly RuleView[]) {
  const { verbs } = scriptedVerbs();
  return liveSite({ ...verbs, rules: () => rules }, () => generation, clock);
}

async function pageWith(rules: readonly RuleView[]): Promise<string> {
  const file = await served(rules)(place);
  return file !== null && 'content' in file ? new TextDecoder().decode(file.content) : '';
}

const inactive: RuleView = {
  id: 'r',
  kind: 'alert',
  name: 'HaproxyBackendDown',
  group: 'g',
  file: 'f',
  line: 1,
  expr: 'x',
  forMs: 0,
  keepFiringForMs: 0,
  labels: {},
  annotations: {},
  state: 'inactive',
  alerts: [],
  error: null,
  evaluatedAt: 0,
  durationMs: 0,
  intervalMs: null,
  groupLimit: 0,
  groupDurationMs: 0,
};
const alert: RuleView['alerts'][number] = {
  fingerprint: 'f',
  name: 'HaproxyBackendDown',
  labels: labelsOf([
    ['alertname', 'HaproxyBackendDown'],
    ['backend', 'api'],
  ]),
  annotations: {},
  state: 'firing',
  value: 1,
  startsAt: Date.parse('2026-01-01T00:00:30Z'),
  endsAt: null,
  source: 'rules',
  generatorUrl: null,
  activeAt: Date.parse('2026-01-01T00:00:00Z'),
  keptSinceAt: null,
};

test('says of the alert of a page what its rules say now, the most urgent first', async () => {
  expect(await pageWith([])).toContain('is not among the rules that are evaluated here');
  expect(await pageWith([{ ...inactive, name: 'Other', state: 'firing' }])).toContain('is not among the rules');
  expect(await pageWith([inactive])).toContain('<strong>The alert is inactive</strong>');
  expect(await pageWith([inactive, { ...inactive, state: 'error', error: 'many-to-many' }])).toContain(
    'could not be evaluated</strong>: many-to-many',
  );
  const firing = await pageWith([inactive, { ...inactive, state: 'firing', alerts: [alert] }]);
  expect(firing).toContain('<b>firing</b> since <time datetime="2026-01-01T00:00:30.000Z">');
  expect(firing).toContain('as of <time datetime="2026-01-01T00:01:00.000Z">');
  const pending = await pageWith([{ ...inactive, state: 'pending', alerts: [{ ...alert, state: 'pending' }] }]);
  expect(pending).toContain('<b>pending</b> since <time datetime="2026-01-01T00:00:00.000Z">');
});

test('links the open incident of the alert', async () => {
  const { verbs } = scriptedVerbs();
  const { incidents } = await verbs.incidents.list({ limit: 1 });
  const [incident] = incidents;
  expect(incident?.alerts.map(({ name }) => name)).toContain('HaproxyBackendDown');
  expect(await pageWith([inactive])).toContain(`<a href="/incidents/${incident?.id}">`);
});

test('is the whole site, and nothing that is asked for becomes a path on the disk', async () => {
  const site = served([inactive]);
  expect(await site('index.html')).toMatchObject({ type: 'text/html; charset=utf-8' });
  expect(await site('assets/site.css')).toMatchObject({ type: 'text/css; charset=utf-8' });
  expect(await site('assets/pages.js')).toMatchObject({ type: 'text/javascript; charset=utf-8' });
  for (const wrong of ['', '../package.json', 'assets/../../package.json', 'pages/none.html', '/etc/passwd'])
    expect(await site(wrong)).toBeNull();
});

test('is served below /runbooks', async () => {
  const { verbs } = scriptedVerbs();
  const server = createServer({ verbs, web: new WebFiles([], served([inactive])), hosts: ['localhost'], onError: () => {} });
  const ask = (url: string) => server.inject({ method: 'GET', url, headers: { host: 'localhost' } });
  expect((await ask('/runbooks')).headers['location']).toBe('/runbooks/index.html');
  expect((await ask(`/runbooks/${place}`)).body).toContain('The alert is inactive');
  expect((await ask('/runbooks/')).body).toContain('<h1>Runbooks</h1>');
  expect((await ask('/runbooks/pages/none.html')).statusCode).toBe(404);
  // What runbook_url says in the alerts of the catalog.
  expect((await ask('/runbooks/HaproxyBackendDown')).headers['location']).toBe(`/runbooks/${place}`);
  expect((await ask('/runbooks/TraefikHighHttp5xxErrorRateService')).headers['location']).toMatch(
    /TraefikHighHttp5xxErrorRateBackend\.html$/,
  );
  await server.close();
});
