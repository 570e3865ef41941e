import { expect, test } from 'vitest';
import type { Diagnosis } from '../model/diagnosis.ts';
import type { Incident } from '../model/incident.ts';
import type { Plan } from '../model/plan.ts';
import type { BackendState, ProxyState, ServerState, TrafficCounters } from '../model/proxy.ts';
import type { CountRow } from '../respond/diagnosis/questions.ts';
import { type TopologyParts, topologyView } from './topology-view.ts';

const counters: TrafficCounters = {
  requests: null,
  responses2xx: null,
  responses3xx: null,
  responses4xx: null,
  responses5xx: null,
  connectionErrors: null,
  responseErrors: null,
  retries: null,
  redispatches: null,
};

function server(name: string, change: Partial<ServerState> = {}): ServerState {
  return {
    backend: 'api',
    name,
    subject: `api/${name}`,
    address: { host: '127.0.0.1', hostname: null, port: 8081, scheme: 'http' },
    tls: null,
    state: 'up',
    administrative: 'ready',
    status: 'UP',
    adminMask: 0,
    weight: 100,
    initialWeight: 100,
    backup: false,
    tracks: null,
    healthCheck: null,
    lastCheck: null,
    changedAt: 5_000,
    currentSessions: 3,
    sessionLimit: null,
    queued: 0,
    counters,
    responseTimeMs: null,
    ...change,
  };
}

function state(servers: readonly ServerState[], change: Partial<ProxyState> = {}): ProxyState {
  const backend: BackendState = {
    name: 'api',
    state: 'up',
    mode: 'http',
    servers,
    counters,
    queued: 0,
    usedBy: ['web'],
    errors: [],
    serverTimeoutMs: null,
    connectTimeoutMs: null,
    sticky: false,
  };
  return {
    target: 'edge',
    proxy: 'haproxy',
    version: '2.6.12',
    readAt: 10_000,
    startedAt: null,
    pid: null,
    lastReloadAt: null,
    backends: [backend],
    entries: [{ name: 'web', binds: ['127.0.0.1:80'], state: 'open', sessionLimit: 100, currentSessions: 4, counters }],
    routes: [
      {
        name: 'r',
        entries: ['web', 'websecure'],
        rule: 'default',
        backend: 'api',
        middlewares: [],
        state: 'enabled',
        errors: [],
        priority: null,
      },
    ],
    configFiles: null,
    declared: null,
    problems: [],
    connections: { current: null, limit: null },
    gaps: [],
    ...change,
  };
}

function row(scope: CountRow['scope'], name: string, total: number, errors: number, ofServer: string | null = null): CountRow {
  const byClass = { '1xx': 0, '2xx': total - errors, '3xx': 0, '4xx': 0, '5xx': errors };
  return { scope, name, server: ofServer, total, byClass, byCode: {} };
}

function seen(servers: readonly ServerState[], change: Partial<TopologyParts> = {}) {
  return topologyView({
    state: state(servers),
    counts: null,
    history: null,
    minHealthy: { unit: 'percent', value: 50 },
    staleAfterMs: 15_000,
    incidents: [],
    changes: [],
    ...change,
  });
}

test('traffic is what was counted in the seconds that were covered, and unknown where nobody counts', () => {
  const rows = [row('entry', 'web', 400, 100), row('backend', 'api', 300, 100), row('server', 'api', 100, 100, 's1')];
  const map = seen([server('s1'), server('s2')], { counts: { coveredMs: 10_000, rows } });
  expect(map.entries?.[0]).toMatchObject({ id: 'web', bind: '127.0.0.1:80', rps: 40, errorShare: 0.25, connections: 4, limit: 100 });
  expect(map.backends?.[0]).toMatchObject({ id: 'api', ready: 2, needed: 1, rps: 30, incident: null });
  const [first, second] = map.backends?.[0]?.servers ?? [];
  expect(first).toMatchObject({ rps: 10, errorShare: 1, failing: true, reason: 'answers with errors' });
  expect(second).toMatchObject({ rps: null, errorShare: null, failing: false, reason: null });
  expect(map.routes).toHaveLength(2);
  expect(map.routes?.[1]).toMatchObject({ entry: 'websecure', backend: 'api', rps: null });
});

test('no requests are a rate of zero and an unknown share', () => {
  const map = seen([server('s1')], { counts: { coveredMs: 10_000, rows: [row('backend', 'api', 0, 0)] } });
  expect(map.backends?.[0]).toMatchObject({ rps: 0, errorShare: null });
});

test('what could not be read is null, never an empty list', () => {
  const unread = state([], {
    backends: null,
    entries: null,
    routes: null,
    gaps: [{ what: 'state', reason: 'no stats socket', fix: null }],
  });
  expect(seen([], { state: unread })).toMatchObject({ backends: null, entries: null, routes: null, gaps: ['no stats socket'] });
});

test.each([
  ['is up', {}, 'up', 1],
  ['is down', { state: 'down', status: 'DOWN' }, 'down', 0],
  ['drains', { administrative: 'drain' }, 'draining', 0],
  ['was taken out', { administrative: 'maintenance', state: 'down' }, 'maintenance', 0],
  ['has no name in DNS', { administrative: 'resolution' }, 'maintenance', 0],
  ['has weight 0', { weight: 0 }, 'up', 0],
  ['is not checked', { state: 'no-check' }, 'no-check', 1],
  ['is unknown', { state: 'unknown' }, 'unknown', null],
] as const)('a server that %s', (_, change, shown, ready) => {
  const [backend] = seen([server('s1', change)]).backends ?? [];
  expect([backend?.servers[0]?.state, backend?.ready]).toEqual([shown, ready]);
});

test('a server that a cause names is failing, with the cause as the reason', () => {
  const diagnosis = { causes: [{ id: 'bad-server', subjects: ['api/s1'], confidence: 0.9, because: [], mitigations: [] }] };
  const incident = { id: 'i1', backend: 'api', diagnosis: diagnosis as unknown as Diagnosis } as Incident;
  const [backend] = seen([server('s1'), server('s2')], { incidents: [incident] }).backends ?? [];
  expect(backend?.incident).toBe('i1');
  expect(backend?.servers.map(({ failing, reason }) => [failing, reason])).toEqual([
    [true, 'bad-server'],
    [false, null],
  ]);
});

test('a drain of ours has its plan, one of somebody else is foreign, and one that was given back is neither', () => {
  const plan = { id: 'p1', action: 'haproxy/drain-server', approvedBy: 'mia', approvedAt: 7_000 };
  const changes = [{ ...plan, effects: [{ subject: 'api/s1', does: 'take-out' }] } as unknown as Plan];
  const drained = { administrative: 'drain' } as const;
  const [ours, theirs] = seen([server('s1', drained), server('s2', drained)], { changes }).backends?.[0]?.servers ?? [];
  expect(ours).toMatchObject({ change: { plan: 'p1', actor: 'mia', at: 7_000 }, foreign: null });
  expect(theirs).toMatchObject({ change: null, foreign: { field: 'administrative', was: 'ready', at: 5_000 } });
  expect(seen([server('s1')], { changes }).backends?.[0]?.servers[0]).toMatchObject({ change: null, foreign: null });
});

test('a server that moved says where it was', () => {
  const moved = { subject: 'api/s1', backend: 'api', was: '127.0.0.1:80', becomes: '127.0.0.1:8081', at: 9_000 };
  const history = { since: 0, addressChanges: [moved], configChanges: [], reloads: [], removed: [] };
  const [one] = seen([server('s1')], { history }).backends?.[0]?.servers ?? [];
  expect(one).toMatchObject({ address: '127.0.0.1:8081', foreign: { field: 'address', was: '127.0.0.1:80', at: 9_000 } });
});
