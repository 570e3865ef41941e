import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { ExpositionPlayer } from '../../lab/exposition/player.ts';
import { traefikOneRun } from '../../lab/exposition/traefik-one.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { freePort } from '../../lab/ports.ts';
import { findHaproxyExporter } from '../../lab/proxies/exporter.ts';
import { findHaproxy } from '../../lab/proxies/haproxy.ts';
import { findTraefik } from '../../lab/proxies/traefik.ts';
import { eventually, House, type Json } from './house.ts';

/**
 * The five given alerts in all their forms, through the whole machine: a proxy, its metrics, rules, alert, incident, page,
 * cause. The rates need a minute, so everything happens at once, each fault in a backend of its own.
 */
const patienceMs = 150_000;

/** What is done to a backend, and what is expected of its incident. */
interface Expected {
  readonly backend: string;
  readonly alert: string;
  readonly page: string;
  readonly cause: string;
  readonly subjects: readonly string[] | null;
}

async function holds(house: House, expected: Expected): Promise<Json> {
  const incident = await house.incident(expected.backend, expected.alert, [expected.cause], patienceMs);
  const { diagnosis } = incident;
  expect(diagnosis.runbook, expected.alert).toBe(expected.page);
  expect(diagnosis.steps.length, expected.alert).toBeGreaterThan(5);
  expect(diagnosis.steps.filter((step: Json) => step.outcome === 'unbound')).toEqual([]);
  if (expected.subjects !== null) expect([...diagnosis.causes[0].subjects].sort()).toEqual([...expected.subjects].sort());
  await carriesFindings(house, incident, expected);
  return incident;
}

/** What is expected, and nothing beside it. On a starved machine scrapes are missed, and that is then said, too: rightly. */
async function isOneIncidentEach(house: House, expected: readonly Expected[]): Promise<void> {
  await Promise.all(expected.map(({ backend, alert, cause }) => house.incident(backend, alert, [cause], patienceMs)));
  const missedScrapes = (incident: Json) => incident.alerts.every((alert: Json) => /^(Haproxy|Traefik)Down$/.test(alert.name));
  const backends = (await house.incidents()).filter((incident) => !missedScrapes(incident)).map((incident) => incident.backend);
  expect([...backends].sort()).toEqual(expected.map(({ backend }) => backend).sort());
}

/** What was found goes out with the alert, wherever somebody reads it. */
async function carriesFindings(house: House, incident: Json, { alert, cause }: Expected): Promise<void> {
  const { incidents } = await house.get('/medic/v1/incidents');
  const shown = incidents.find((one: Json) => one.id === incident.id).alerts.find((one: Json) => one.name === alert);
  const sent = (await house.get('/api/v2/alerts')).find((one: Json) => one.fingerprint === shown.fingerprint);
  for (const { annotations } of [shown, sent]) {
    expect(annotations).toMatchObject({ cause, diagnosis: expect.stringContaining(cause) });
    expect(annotations.incident_url).toContain(`/incidents/${incident.id}`);
    expect(annotations.summary).toBeTruthy();
  }
}

/** Says how long it took from the first scrape that shows the failure to the verdict; only the order is certain. */
function inOrder(incident: Json, alert: string, downAtMs: number): void {
  // The alert of the first server may have opened the incident a moment before.
  const firedAt = incident.alerts.find((one: Json) => alert.startsWith(one.name)).startsAt;
  const firedAtMs = typeof firedAt === 'number' ? firedAt : Date.parse(firedAt);
  const opened = incident.timeline.find((entry: Json) => entry.kind === 'opened');
  const diagnosed = incident.timeline.find((entry: Json) => entry.kind === 'diagnosis');
  const at = (entry: Json) => (typeof entry.at === 'number' ? entry.at : Date.parse(entry.at));
  console.log(`${alert} on ${incident.target}: scrape +${firedAtMs - downAtMs} ms alert, +${at(diagnosed) - downAtMs} ms verdict`);
  expect(firedAtMs).toBeGreaterThanOrEqual(downAtMs);
  expect(at(diagnosed)).toBeGreaterThanOrEqual(at(opened));
}

/** Every rule was evaluated and none failed. */
async function evaluates(house: House, alerts: readonly string[]): Promise<Json[]> {
  return await eventually(
    () => 'every rule is evaluated',
    60_000,
    async () => {
      const { rules } = await house.get('/medic/v1/rules');
      expect(rules.map((rule: Json) => rule.name)).toEqual(expect.arrayContaining([...alerts]));
      expect(rules.filter((rule: Json) => rule.error !== null)).toEqual([]);
      return rules.every((rule: Json) => rule.evaluatedAt !== null) ? rules : null;
    },
  );
}

function configOf(
  lab: Lab,
  wishes: { readonly haproxyMetrics?: 'embedded' | 'exporter'; readonly rules?: readonly string[] } = {},
): string {
  const { rules = ['catalog'], ...rest } = wishes;
  return stringify({
    ...parse(lab.proxymedicConfig({ listen: '127.0.0.1:0', scrapeInterval: '1s', ...rest })),
    storage: { path: './data' },
    rules,
  });
}

async function ready(house: House, target: string): Promise<void> {
  await eventually(
    () => `${target} is watched and every server is up`,
    90_000,
    async () => {
      const { backends } = await house.get(`/medic/v1/targets/${target}/topology`).catch(() => ({ backends: null }));
      const isUp = ({ servers }: Json) => servers.every((server: Json) => server.state === 'up');
      return house.daemon.verbs.ready() && backends?.every(isUp);
    },
  );
}

describe.skipIf(findHaproxy() === null || findHaproxyExporter() === null)('on HAProxy', { concurrent: true }, () => {
  let lab: Lab;
  let embedded: House;
  let standalone: House;
  let published: House;

  beforeAll(async () => {
    lab = await startLab({
      proxies: ['haproxy'],
      exporter: true,
      topology: {
        backends: [
          { name: 'down', servers: 2 },
          { name: 'failing', servers: 2 },
          { name: 'refusing', servers: 2 },
          { name: 'one', servers: 3 },
          { name: 'kept', servers: 2 },
          { name: 'out', servers: 2 },
        ],
      },
    });
    embedded = await House.open(lab.directory, 'embedded', configOf(lab));
    standalone = await House.open(lab.directory, 'standalone', configOf(lab, { haproxyMetrics: 'exporter' }));
    published = await House.open(lab.directory, 'published', configOf(lab, { haproxyMetrics: 'exporter', rules: ['catalog/published'] }));
    for (const house of [embedded, standalone, published]) await ready(house, 'edge');
    for (const backend of ['down', 'one', 'failing', 'refusing']) lab.startTraffic(backend, { requestsPerSecond: 8 });
    // One of several, taken out by a person: nobody should be called.
    await lab.haproxy?.command('set server kept/s1 state maint');
    await lab.inject('connection-refused', { backend: 'down' });
    await lab.inject('connection-refused', { backend: 'one', servers: ['s1'] });
    await lab.inject('administratively-disabled', { backend: 'out' });
    await lab.inject('application-errors', { backend: 'failing' });
    await lab.inject('authentication-rejected-by-application', { backend: 'refusing' });
  }, 180_000);

  afterAll(async () => {
    for (const house of [embedded, standalone, published]) await house?.daemon.stop();
    await lab?.stop();
  });

  const expected: readonly Expected[] = [
    {
      backend: 'down',
      alert: 'HaproxyBackendDown',
      page: 'HaproxyBackendDown',
      cause: 'connection-refused',
      subjects: ['down/s1', 'down/s2'],
    },
    {
      backend: 'out',
      alert: 'HaproxyBackendDown',
      page: 'HaproxyBackendDown',
      cause: 'administratively-disabled',
      subjects: ['out/s1', 'out/s2'],
    },
    { backend: 'one', alert: 'HaproxyServerDown', page: 'HaproxyServerDown', cause: 'connection-refused', subjects: ['one/s1'] },
    {
      backend: 'failing',
      alert: 'HaproxyHighHttp5xxErrorRateBackend',
      page: 'HaproxyHighHttp5xxErrorRateBackend',
      cause: 'application-errors',
      subjects: null,
    },
    {
      backend: 'refusing',
      alert: 'HaproxyHighHttp4xxErrorRateBackend',
      page: 'HaproxyHighHttp4xxErrorRateBackend',
      cause: 'authentication-rejected-by-application',
      subjects: null,
    },
  ];

  test.each(expected)('$alert of $backend on both exporters', { timeout: patienceMs + 10_000 }, async (one) => {
    const [first, second] = await Promise.all([holds(embedded, one), holds(standalone, one)]);
    if (one.backend !== 'down') return;
    const shown = await embedded.samples('haproxy_backend_status{proxy="down",state="DOWN"}');
    inOrder(first, one.alert, shown.find(({ value }) => value === 1)?.atMs ?? Number.NaN);
    const counted = await standalone.samples('haproxy_backend_up{backend="down"}');
    inOrder(second, `${one.alert} (standalone)`, counted.find(({ value }) => value === 0)?.atMs ?? Number.NaN);
  });

  test('each failure is one incident, and one server taken out by hand is none', { timeout: patienceMs + 20_000 }, async () => {
    await Promise.all([isOneIncidentEach(embedded, expected), isOneIncidentEach(standalone, expected)]);
  });

  test('the published rules load, and HaproxyBackendDown fires', { timeout: patienceMs }, async () => {
    await evaluates(published, ['HaproxyBackendDown', 'HaproxyHasNoAliveBackends', 'HaproxyHighHttp5xxErrorRateBackend']);
    await published.incident('down', 'HaproxyBackendDown', ['connection-refused'], patienceMs);
  });
});

describe.skipIf(findTraefik() === null)('on Traefik 3', { concurrent: true }, () => {
  let lab: Lab;
  let corrected: House;
  let published: House;

  beforeAll(async () => {
    lab = await startLab({
      proxies: ['traefik'],
      topology: {
        backends: [
          { name: 'down', servers: 2 },
          { name: 'failing', servers: 2 },
          { name: 'refusing', servers: 2 },
          { name: 'one', servers: 3 },
        ],
      },
    });
    corrected = await House.open(lab.directory, 'corrected', configOf(lab));
    published = await House.open(lab.directory, 'published', configOf(lab, { rules: ['catalog/published'] }));
    for (const house of [corrected, published]) await ready(house, 'front');
    for (const backend of ['down', 'one', 'failing', 'refusing']) lab.startTraffic(backend, { requestsPerSecond: 8 });
    await lab.inject('connection-refused', { backend: 'down' });
    await lab.inject('connection-refused', { backend: 'one', servers: ['s1'] });
    await lab.inject('application-errors', { backend: 'failing' });
    await lab.inject('authentication-rejected-by-application', { backend: 'refusing' });
  }, 180_000);

  afterAll(async () => {
    for (const house of [corrected, published]) await house?.daemon.stop();
    await lab?.stop();
  });

  const expected: readonly (Expected & { readonly servers: readonly string[] | null })[] = [
    {
      backend: 'down@file',
      alert: 'TraefikServiceDown',
      page: 'TraefikServiceDown',
      cause: 'connection-refused',
      servers: ['s1', 's2'],
      subjects: null,
    },
    {
      backend: 'one@file',
      alert: 'TraefikServerDown',
      page: 'TraefikServerDown',
      cause: 'connection-refused',
      servers: ['s1'],
      subjects: null,
    },
    {
      backend: 'failing@file',
      alert: 'TraefikHighHttp5xxErrorRateService',
      page: 'TraefikHighHttp5xxErrorRateBackend',
      cause: 'application-errors',
      servers: null,
      subjects: null,
    },
    {
      backend: 'refusing@file',
      alert: 'TraefikHighHttp4xxErrorRateService',
      page: 'TraefikHighHttp4xxErrorRateBackend',
      cause: 'authentication-rejected-by-application',
      servers: null,
      subjects: null,
    },
  ];

  /** Where the servers are is known only when the lab runs. */
  const subjectsOf = (backend: string, names: readonly string[]) =>
    lab.serversOf(backend.replace('@file', '')).flatMap((server) => (names.includes(server.name) ? [`${backend}/${server.address}`] : []));

  test.each(expected)('$alert of $backend', { timeout: patienceMs + 10_000 }, async (one) => {
    const subjects = one.servers === null ? null : subjectsOf(one.backend, one.servers);
    const incident = await holds(corrected, { ...one, subjects });
    if (one.alert !== 'TraefikServiceDown') return;
    const samples = await corrected.samples('traefik_service_server_up{service="down@file"}');
    // Two servers, one series each: the service is down from the first scrape in which both are.
    const zeros = samples.filter(({ value }) => value === 0).map(({ atMs }) => atMs);
    const downAtMs = zeros.find((atMs) => samples.filter((other) => other.atMs === atMs).every(({ value }) => value === 0));
    inOrder(incident, one.alert, downAtMs ?? Number.NaN);
  });

  test('each failure is one incident', { timeout: patienceMs + 20_000 }, () => isOneIncidentEach(corrected, expected));

  test('the published TraefikServiceDown never fires although all servers are down', { timeout: patienceMs }, async () => {
    await evaluates(published, ['TraefikServiceDown', 'TraefikHighHttp5xxErrorRateService', 'TraefikBackendDown']);
    await corrected.incident('down@file', 'TraefikServiceDown', ['connection-refused'], patienceMs);
    await stillSilent(published, 'TraefikServiceDown', 'traefik_service_server_up{service="down@file"}');
  });
});

/** All servers were down over ten scrapes and more, the rule was evaluated all the time, and nothing came of it. */
async function stillSilent(house: House, alert: string, selector: string): Promise<void> {
  await eventually(
    () => `ten scrapes with ${selector} at 0`,
    90_000,
    async () => (await house.samples(selector)).filter(({ value }) => value === 0).length >= 20,
  );
  const rules = await evaluates(house, [alert]);
  expect(rules.filter((rule) => rule.name === alert).map((rule) => rule.state)).toEqual(['inactive']);
  expect((await house.incidents()).flatMap((incident) => incident.alerts.map((one: Json) => one.name))).not.toContain(alert);
}

/** Traefik 1 cannot be built any more: what it showed is played, in front of real servers. */
describe('on Traefik 1', { concurrent: true }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'proxymedic-traefik-one-'));
  const targets = ['down', 'failing', 'refusing'] as const;
  const players = new Map<string, ExpositionPlayer>();
  const apis = new Map<string, string>();
  const servers: Server[] = [];
  let corrected: House;
  let published: House;
  let clock: NodeJS.Timeout;

  beforeAll(async () => {
    const addresses = {
      down: [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`],
      failing: [await answering(500), await answering(500)],
      refusing: [await answering(401), await answering(401)],
    };
    for (const name of targets) players.set(name, await ExpositionPlayer.start(stepsOf(name, addresses[name]), { hold: true }));
    for (const name of targets) apis.set(name, await traefikOneApi(name, addresses[name]));
    const config = (rules: string) =>
      stringify({
        listen: '127.0.0.1:0',
        storage: { path: './data' },
        rules: [rules],
        targets: targets.map((name) => ({
          name: `old-${name}`,
          proxy: 'traefik',
          metrics_url: players.get(name)?.url,
          // The players share this process with everything else: a late answer must not be a missed scrape.
          scrape_interval: '3s',
          traefik: { api_url: apis.get(name) },
        })),
        servers: targets.flatMap((name) => addresses[name].map((address) => ({ target: `old-${name}`, backend: name, address }))),
      });
    corrected = await House.open(directory, 'corrected', config('catalog'));
    published = await House.open(directory, 'published', config('catalog/published'));
    clock = setInterval(() => {
      for (const player of players.values()) player.goTo(Math.min(player.position + 1, stepCount - 1));
    }, stepMs);
  }, 60_000);

  afterAll(async () => {
    clearInterval(clock);
    for (const house of [corrected, published]) await house?.daemon.stop();
    for (const player of players.values()) await player.stop();
    for (const server of servers) server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const answering = (status: number) => listening(createServer((_, response) => void response.writeHead(status).end(`${status}\n`)));

  /** What Traefik 1 tells about itself: its providers with their backends and frontends. */
  async function traefikOneApi(name: string, addresses: readonly string[]): Promise<string> {
    const backend = {
      servers: Object.fromEntries(addresses.map((address, index) => [`s${index + 1}`, { url: `http://${address}`, weight: 1 }])),
      loadBalancer: { method: 'wrr' },
      healthCheck: { path: '/health', interval: '1s' },
    };
    const frontend = { entryPoints: ['http'], backend: name, routes: { host: { rule: `Host:${name}.lab.test` } } };
    const answers: Readonly<Record<string, object>> = {
      '/api/version': { Version: '1.7.34', Codename: 'maroilles' },
      '/api': { file: { backends: { [name]: backend }, frontends: { [name]: frontend } } },
    };
    const api = createServer(({ url }, response) => {
      const answer = answers[url ?? ''];
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
    });
    return `http://${await listening(api)}`;
  }

  async function listening(server: Server): Promise<string> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  const expected: readonly Expected[] = (
    [
      ['down', 'TraefikBackendDown', 'connection-refused'],
      ['failing', 'TraefikHighHttp5xxErrorRateBackend', 'application-errors'],
      ['refusing', 'TraefikHighHttp4xxErrorRateBackend', 'authentication-rejected-by-application'],
    ] as const
  ).map(([backend, alert, cause]) => ({ backend, alert, page: alert, cause, subjects: null }));

  test.each(expected)('$alert of $backend', { timeout: patienceMs + 10_000 }, async (one) => void (await holds(corrected, one)));

  test('each failure is one incident', { timeout: patienceMs + 20_000 }, () => isOneIncidentEach(corrected, expected));

  test('the published TraefikBackendDown never fires although all servers are down', { timeout: patienceMs }, async () => {
    await corrected.incident('down', 'TraefikBackendDown', ['connection-refused'], patienceMs);
    await stillSilent(published, 'TraefikBackendDown', 'traefik_backend_server_up{backend="down"}');
  });
});

const stepMs = 500;
const stepCount = 700;
const healthySteps = 10;

/** Healthy for five seconds, then everything that its name says. */
function stepsOf(name: 'down' | 'failing' | 'refusing', addresses: readonly string[]) {
  const serversAt = (up: boolean) => addresses.map((address) => ({ url: `http://${address}`, up }));
  const code = { down: '503', failing: '500', refusing: '401' }[name];
  const first = { backend: name, servers: serversAt(true), requests: { '200': 1000 } };
  const steps = Array.from({ length: stepCount }, (_, step) =>
    step < healthySteps ? { more: { '200': 5 } } : { servers: serversAt(name !== 'down'), more: name === 'down' ? {} : { [code]: 5 } },
  );
  return traefikOneRun(first, steps).map((text) => ({ kind: 'text' as const, text }));
}
