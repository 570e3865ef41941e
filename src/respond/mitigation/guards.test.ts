import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PlanEffect } from '../../model/plan.ts';
import type { ProxyState, ServerState } from '../../model/proxy.ts';
import { allowed, type GuardContext, type GuardedPlan, judgeAll } from './guard.ts';
import { guards } from './guards.ts';
import { healthOf } from './health-snapshot.ts';
import { actionById } from './mitigations.ts';
import { planHash } from './plan-hash.ts';
import { preconditionOf } from './precondition.ts';
import { SimulatedProxy } from './simulated-proxy.ts';
import { defaultSettings } from './simulated-site.ts';

const nowMs = 1_000_000;

function proxyState(change: (server: ServerState) => Partial<ServerState> = () => ({}), readAt = nowMs): ProxyState {
  const state = new SimulatedProxy(
    'edge',
    [
      ['api', 4],
      ['shop', 2],
      ['web', 2],
      ['cart', 2],
    ],
    () => readAt,
  ).state();
  const backends = state.backends?.map((backend) => {
    const servers = backend.servers.map((server) => ({ ...server, ...change(server) }));
    return { ...backend, servers, state: servers.every((server) => server.state === 'down') ? ('down' as const) : ('up' as const) };
  });
  return { ...state, backends: backends ?? null };
}

function drainPlan(subjects: readonly string[] = ['api/s4'], does: PlanEffect['does'] = 'take-out'): GuardedPlan {
  return {
    id: 'p1',
    incident: 'i1',
    target: 'edge',
    backend: 'api',
    action: 'haproxy/drain-server',
    runbook: 'HaproxyBackendDown',
    subjects,
    commands: subjects.map((subject) => ({ kind: 'haproxy', target: 'edge', line: `set server ${subject} state drain`, subject })),
    undo: subjects.map((subject) => ({ kind: 'haproxy', target: 'edge', line: `set server ${subject} state ready`, subject })),
    expected: subjects.map((subject) => ({ subject, field: 'administrative', was: 'ready', becomes: 'drain' })),
    effects: subjects.map((subject) => ({ subject, does })),
    preconditions: subjects.map((subject) => preconditionOf(subject, proxyState())),
    configHash: 'c1',
  };
}

const clean = {
  plan: 'p0',
  action: 'haproxy/drain-server',
  target: 'edge',
  backend: 'api',
  runbook: null,
  startedAt: 1,
  approvedByPerson: true,
} as const;

/** A moment in which nothing speaks against acting, not even without a person. */
function fine(changes: Partial<GuardContext> = {}): GuardContext {
  return {
    phase: 'act',
    nowMs,
    plan: drainPlan(),
    automatic: true,
    actionAutomatic: true,
    settings: { ...defaultSettings, mode: 'auto' },
    state: proxyState(),
    pollIntervalMs: 5000,
    configHash: 'c1',
    changed: [],
    pauses: [],
    lease: { key: 'edge/api', owner: 'us', token: 7, expiresAt: nowMs + 1 },
    holder: { owner: 'us', token: 7 },
    changes: [],
    record: Array.from({ length: 3 }, () => ({ ...clean, outcome: 'recovered' as const })),
    breakers: [],
    recentIncidents: 1,
    handsOff: [],
    clockSkewMs: null,
    baseline: healthOf(proxyState()),
    audit: { ok: true, through: 3, problem: null },
    ownAddresses: ['127.0.0.1:9920'],
    ownClients: ['127.0.0.1'],
    ...changes,
  };
}

function refusing(context: GuardContext): string[] {
  return judgeAll(guards, context)
    .filter((verdict) => !verdict.allow)
    .map((verdict) => verdict.id);
}

const downIn = (backend: string) => proxyState((server) => (server.backend === backend ? { state: 'down' } : {}));
const noMinimum = { ...defaultSettings, mode: 'auto', minHealthy: { unit: 'percent', value: 0 } } as const;
const allOfApi = ['api/s1', 'api/s2', 'api/s3', 'api/s4'];
const pauseAll = { id: 'x', scope: 'all', reason: 'migration', actor: 'mia', at: 1, until: null };

/** For each guard a moment in which it alone says no, and words of its reason. */
const moments: readonly (readonly [string, GuardContext, RegExp])[] = [
  [
    'min-healthy',
    fine({ plan: drainPlan(['api/s2', 'api/s3', 'api/s4']) }),
    /1 of 4 servers of api would serve, 2 are needed \(min_healthy 50%\)/,
  ],
  ['last-server', fine({ plan: drainPlan(allOfApi), settings: noMinimum }), /no server of api would serve/],
  [
    'capacity',
    fine({ state: proxyState((server) => (server.backend === 'api' ? { currentSessions: 70, sessionLimit: 100 } : {})) }),
    /280 sessions on 3 servers of api would be 93% of their limit of 300, more than 80%/,
  ],
  ['fresh-state', fine({ state: proxyState(undefined, nowMs - 10_001) }), /10 s old, the limit is 10 s/],
  ['storm', fine({ recentIncidents: 11 }), /11 incidents within 600 s, more than 10/],
  ['pause', fine({ pauses: [pauseAll] }), /paused by mia for all until somebody ends it: migration/],
  ['lease', fine({ holder: { owner: 'us', token: 6 } }), /our token 6 is not the present one \(7\)/],
  [
    'rate-limit',
    fine({ changes: Array.from({ length: 10 }, () => ({ ...clean, outcome: 'recovered' as const })) }),
    /10 changes of haproxy\/drain-server/,
  ],
  ['breaker', fine({ breakers: [{ scope: 'haproxy/drain-server@edge', reason: 'regressed', openedAt: 0 }] }), /open since 1970.*regressed/],
  ['mode', fine({ settings: defaultSettings }), /mode of haproxy\/drain-server is approve: a person must approve/],
  [
    'no-regression',
    fine({ state: proxyState((server) => (server.subject === 'shop/s1' ? { state: 'down' } : {})) }),
    /shop has 1 serving servers, it had 2/,
  ],
  ['audit', fine({ audit: { ok: false, through: 2, problem: 'entry 3 was changed' } }), /broken after entry 2: entry 3 was changed/],
  ['self-lockout', fine({ ownAddresses: ['127.0.0.1:8003'] }), /api\/s4 is on the path we work through/],
  ['hands-off', fine({ handsOff: ['under silence 3f: deploy'] }), /under silence 3f/],
];

describe('every guard matters', () => {
  it('when nothing speaks against it, all allow and say why', () => {
    const verdicts = judgeAll(guards, fine());
    expect(verdicts.filter((verdict) => !verdict.allow)).toEqual([]);
    expect(verdicts.every((verdict) => verdict.reason.length > 5)).toBe(true);
  });

  it('there is a moment for each', () => {
    expect(moments.map(([id]) => id).sort()).toEqual(guards.map((guard) => guard.id).sort());
  });

  it.each(moments)('%s alone refuses its moment, with the numbers; without it the plan would pass', (id, context, reason) => {
    expect(refusing(context)).toEqual([id]);
    expect(judgeAll(guards, context).find((verdict) => verdict.id === id)?.reason).toMatch(reason);
    const without = guards.filter((guard) => guard.id !== id);
    expect(allowed(judgeAll(without, context))).toBe(true);
  });
});

describe('what is unknown is refused', () => {
  const unreadable: readonly (readonly [string, Partial<GuardContext>, readonly string[]])[] = [
    [
      'the state',
      { state: null },
      ['hands-off', 'fresh-state', 'min-healthy', 'last-server', 'capacity', 'no-regression', 'self-lockout', 'storm'],
    ],
    [
      'the servers',
      { state: { ...proxyState(), backends: null, gaps: [{ what: 'state', reason: 'the socket refuses', fix: null }] } },
      ['hands-off', 'fresh-state', 'min-healthy', 'last-server', 'capacity', 'no-regression', 'self-lockout', 'storm'],
    ],
    ['pauses', { pauses: null }, ['pause']],
    ['the lease', { lease: 'unreadable' }, ['lease']],
    ['a lease that ran out', { lease: { key: 'k', owner: 'us', token: 7, expiresAt: nowMs } }, ['lease']],
    ['earlier changes', { changes: null }, ['rate-limit']],
    ['breakers', { breakers: null }, ['breaker']],
    ['the record', { record: null }, ['mode']],
    ['the action', { actionAutomatic: null }, ['mode']],
    ['incidents', { recentIncidents: null }, ['storm']],
    ['silences', { handsOff: null }, ['hands-off']],
    ['the audit', { audit: null }, ['audit']],
    ['our own addresses', { ownAddresses: null }, ['self-lockout']],
    ['health before', { baseline: null }, ['no-regression']],
    ['the configuration', { configHash: null }, ['hands-off']],
    ['a server', { state: proxyState((server) => (server.subject === 'api/s4' ? { state: 'unknown' } : {})) }, ['fresh-state']],
  ];
  it.each(unreadable)('%s', (_, changes, ids) => {
    expect(new Set(refusing(fine(changes)))).toEqual(new Set(ids));
  });

  it('a guard that breaks refuses', () => {
    const broken = {
      id: 'broken',
      judge: () => {
        throw new Error('boom');
      },
    };
    expect(judgeAll([broken], fine())).toEqual([{ id: 'broken', allow: false, reason: 'could not judge: boom' }]);
  });
});

describe('capacity', () => {
  const restartOf = (subjects: readonly string[], was = 'not-listening 127.0.0.1:1'): GuardedPlan => ({
    ...drainPlan(subjects, 'restart'),
    expected: subjects.map((subject) => ({ subject, field: 'process', was, becomes: 'listening 127.0.0.1:1' })),
  });

  it('is not lost by starting servers that are down, even all of them', () => {
    const state = downIn('api');
    const plan = { ...restartOf(allOfApi), preconditions: allOfApi.map((subject) => preconditionOf(subject, state)) };
    expect(refusing(fine({ plan, state, baseline: healthOf(state) }))).toEqual([]);
  });

  it('is not lost by starting a server that nobody checks and at whose address nothing listens', () => {
    const state = proxyState(() => ({ state: 'no-check' }));
    const plan = { ...restartOf(allOfApi), preconditions: [] };
    expect(refusing(fine({ plan, state, baseline: healthOf(state) }))).toEqual([]);
  });

  it('is lost by restarting servers that serve', () => {
    const plan = { ...restartOf(allOfApi, 'listening 127.0.0.1:1') };
    expect(refusing(fine({ plan }))).toEqual(['min-healthy', 'last-server']);
  });

  it.each([
    [3, { unit: 'percent', value: 50 }, 2],
    [5, { unit: 'percent', value: 50 }, 3],
    [3, { unit: 'percent', value: 34 }, 2],
    [10, { unit: 'percent', value: 100 }, 10],
    [10, { unit: 'servers', value: 3 }, 3],
  ] as const)('of %i servers with min_healthy %j needs %i', (count, minHealthy, needed) => {
    const proxy = new SimulatedProxy('edge', [['api', count]], () => nowMs);
    const state = proxy.state();
    const settings = { ...defaultSettings, mode: 'auto', minHealthy } as const;
    for (let out = 1; out < count; out += 1) {
      const subjects = Array.from({ length: out }, (_, i) => `api/s${i + 1}`);
      const plan = { ...drainPlan(subjects), preconditions: [] };
      const ids = refusing(fine({ plan, state, settings, baseline: healthOf(state) }));
      expect([out, ids]).toEqual([out, count - out >= needed ? [] : ['min-healthy']]);
    }
  });

  it.each<[string, Partial<ServerState>]>([
    ['in maintenance', { administrative: 'maintenance' }],
    ['drained', { administrative: 'drain' }],
    ['down', { state: 'down' }],
    ['of weight 0', { weight: 0 }],
    ['without an address', { administrative: 'resolution' }],
    ['a backup', { backup: true }],
    ['not checked since a reload', { state: 'starting' }],
  ])('does not count a server that is %s', (_, change) => {
    const state = proxyState((server) => (['api/s1', 'api/s2', 'api/s3'].includes(server.subject) ? change : {}));
    expect(refusing(fine({ state, baseline: healthOf(state) }))).toContain('last-server');
  });

  it('counts servers that follow the one taken out, and their followers', () => {
    const tracks: Record<string, string> = { 'shop/s1': 'api/s4', 'shop/s2': 'shop/s1' };
    const state = proxyState((server) => ({ tracks: tracks[server.subject] ?? null }));
    expect(refusing(fine({ state }))).toEqual(['min-healthy', 'last-server']);
  });

  it('is not known when sessions of servers with limits are not', () => {
    const state = proxyState((server) => (server.backend === 'api' ? { currentSessions: null, sessionLimit: 10 } : {}));
    expect(refusing(fine({ state }))).toEqual(['capacity']);
  });
});

describe('a person', () => {
  const person = { automatic: false, settings: defaultSettings } as const;
  it.each<[string, Partial<GuardContext>]>([
    ['a storm', { recentIncidents: 99 }],
    ['an open breaker', { breakers: [{ scope: 'haproxy/drain-server@edge', reason: 'x', openedAt: 0 }] }],
    ['the rate limit', { changes: Array.from({ length: 99 }, () => ({ ...clean, outcome: 'failed' as const })) }],
    ['a bad record', { record: [] }],
  ])('may act in spite of %s', (_, changes) => {
    expect(refusing(fine({ ...person, ...changes }))).toEqual([]);
  });

  it.each<[string, Partial<GuardContext>, string]>([
    ['a pause', { pauses: [pauseAll] }, 'pause'],
    ['a silence', { handsOff: ['silence'] }, 'hands-off'],
    ['mode suggest', { settings: { ...defaultSettings, mode: 'suggest' } }, 'mode'],
    [
      'mode observe for this action',
      { settings: { ...defaultSettings, actions: { 'haproxy/drain-server': { mode: 'observe' } } } },
      'mode',
    ],
    ['clocks that disagree', { clockSkewMs: -40_000 }, 'hands-off'],
    ['a changed configuration', { configHash: 'c2' }, 'hands-off'],
    ["somebody else's change", { state: proxyState((server) => (server.subject === 'api/s4' ? { weight: 50 } : {})) }, 'hands-off'],
    ["somebody else's lease", { lease: { key: 'edge/api', owner: 'them', token: 8, expiresAt: nowMs + 1 } }, 'lease'],
  ])('is stopped by %s', (_, changes, id) => {
    expect(refusing(fine({ ...person, ...changes }))).toEqual([id]);
  });

  it('is not stopped by what this very run has already changed', () => {
    const state = proxyState((server) => (server.subject === 'api/s4' ? { administrative: 'drain' } : {}));
    expect(refusing(fine({ ...person, state }))).toEqual(['hands-off']);
    expect(refusing(fine({ ...person, state, changed: ['api/s4'] }))).toEqual([]);
  });

  it('never limits ourselves', () => {
    const plan = { ...drainPlan(['client:127.0.0.1'], 'limit'), preconditions: [] };
    expect(refusing(fine({ ...person, plan }))).toEqual(['self-lockout']);
  });
});

describe('the machine', () => {
  it.each<[string, Partial<GuardContext>]>([
    ['an action that never runs by itself', { actionAutomatic: false }],
    ['a plan without a way back', { plan: { ...drainPlan(), undo: [] } }],
    [
      'two clean runs',
      {
        record: [
          { ...clean, outcome: 'recovered' },
          { ...clean, outcome: 'recovered' },
        ],
      },
    ],
    [
      'a failure among the last three',
      { record: [{ ...clean, outcome: 'regressed' }, ...Array.from({ length: 9 }, () => ({ ...clean, outcome: 'recovered' as const }))] },
    ],
  ])('is stopped by %s', (_, changes) => {
    expect(refusing(fine(changes))).toEqual(['mode']);
  });

  it('stands back when most backends are down', () => {
    const state = proxyState((server) => (server.backend === 'api' ? {} : { state: 'down' }));
    expect(refusing(fine({ state, baseline: healthOf(state) }))).toEqual(['storm']);
  });
});

describe('the hash of a plan', () => {
  const plan = drainPlan();
  const sha256 = (text: string) => text;
  it('does not depend on the order of keys, and depends on everything it covers', () => {
    const shuffled = {
      ...plan,
      commands: plan.commands.map((command) => Object.fromEntries(Object.entries(command).reverse()) as typeof command),
    };
    expect(planHash(shuffled, sha256)).toBe(planHash(plan, sha256));
    const changes: readonly Partial<GuardedPlan>[] = [
      { action: 'x/y' },
      { subjects: [] },
      { commands: [] },
      { undo: [] },
      { preconditions: [] },
      { configHash: null },
    ];
    const hashes = changes.map((change) => planHash({ ...plan, ...change }, sha256));
    expect(new Set([...hashes, planHash(plan, sha256)]).size).toBe(changes.length + 1);
  });
});

describe('the page about guards', () => {
  const page = new URL('../../../docs/guards.md', import.meta.url);
  it('has a section for each guard and no other', () => {
    expect(existsSync(page)).toBe(true);
    const sections = [...readFileSync(page, 'utf8').matchAll(/^### `([^`]+)`$/gm)].map((match) => match[1] ?? '');
    expect(sections.sort()).toEqual(guards.map((guard) => guard.id).sort());
  });

  it('and the list know only actions that exist', () => {
    expect(actionById('haproxy/drain-server')?.automatic).toBe(true);
    expect(actionById('toString')).toBeNull();
  });
});
