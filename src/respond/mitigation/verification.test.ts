import { describe, expect, it } from 'vitest';
import type { ServerState } from '../../model/proxy.ts';
import { healthOf } from './health-snapshot.ts';
import { SimulatedProxy } from './simulated-proxy.ts';
import { type VerificationFacts, verify } from './verification.ts';

const doneAtMs = 100_000;

function stateWith(change: (server: ServerState) => Partial<ServerState> = () => ({})) {
  const state = new SimulatedProxy(
    'edge',
    [
      ['api', 3],
      ['shop', 2],
    ],
    () => doneAtMs,
  ).state();
  const backends = state.backends?.map((backend) => ({
    ...backend,
    servers: backend.servers.map((server) => ({ ...server, ...change(server) })),
  }));
  return { ...state, backends: backends ?? null };
}

const s1Down = (server: ServerState) => (server.subject === 'api/s1' ? ({ state: 'down', status: 'DOWN' } as const) : {});

/** api/s1 was dead and was started; everything is well again. */
function recovered(changes: Partial<VerificationFacts> = {}): VerificationFacts {
  return {
    plan: { target: 'edge', backend: 'api', subjects: ['api/s1'], effects: [{ subject: 'api/s1', does: 'restart' }], expected: [] },
    nowMs: doneAtMs + 10_000,
    doneAtMs,
    deadlineMs: 60_000,
    before: healthOf(stateWith(s1Down)),
    state: stateWith(),
    scrapedUp: true,
    trafficBefore: { requests: 1000, errorShare: 0.3 },
    trafficSince: { requests: 100, errorShare: 0 },
    errorShareMax: 0.05,
    probe: 'ok',
    alert: 'cleared',
    ...changes,
  };
}

const late = { nowMs: doneAtMs + 60_000 };

describe('recovery needs positive evidence of everything', () => {
  it('is there when all is well', () => {
    const { verdict, indicators } = verify(recovered());
    expect(verdict).toBe('recovered');
    expect(indicators.every((indicator) => indicator.ok === true)).toBe(true);
  });

  it('finds a server that is called by its address under the new one', () => {
    const before = { subject: 'api/10.0.0.9:80', does: 'readdress' } as const;
    const moved = { subject: before.subject, field: 'address', was: 'http://10.0.0.9:80', becomes: 'http://10.0.0.1:80/app' } as const;
    const state = stateWith(({ subject }) => (subject === 'api/s1' ? { subject: 'api/10.0.0.1:80' } : {}));
    const plan = { target: 'edge', backend: 'api', subjects: [before.subject], effects: [before], expected: [moved] };
    expect(verify(recovered({ plan, state })).verdict).toBe('recovered');
    expect(verify(recovered({ plan: { ...plan, expected: [] }, state })).verdict).toBe('waiting');
  });

  it('may be while the window of a rate still drains', () => {
    expect(verify(recovered({ alert: 'draining' })).verdict).toBe('recovered');
  });

  it('may be without traffic when our own request passes, and without a known door when traffic flows', () => {
    expect(verify(recovered({ trafficSince: { requests: 0, errorShare: 0 } })).verdict).toBe('recovered');
    expect(verify(recovered({ trafficSince: null })).verdict).toBe('recovered');
    expect(verify(recovered({ probe: 'none' })).verdict).toBe('recovered');
    expect(verify(recovered({ probe: 'none', trafficSince: null })).verdict).toBe('waiting');
  });

  it.each<[string, Partial<VerificationFacts>, 'not-recovered' | 'unknown']>([
    ['the server still down', { state: stateWith(s1Down) }, 'not-recovered'],
    ['the alert firing', { alert: 'firing' }, 'not-recovered'],
    ['errors as before', { trafficSince: { requests: 100, errorShare: 0.3 } }, 'not-recovered'],
    ['a front door that does not answer', { probe: 'failed' }, 'not-recovered'],
    ['a proxy whose state cannot be read', { state: null }, 'unknown'],
    ['no scrape yet', { scrapedUp: null }, 'unknown'],
    ['an alert nobody knows about', { alert: null }, 'unknown'],
    ['no probe and no traffic', { probe: null, trafficSince: null }, 'unknown'],
    ['no picture of before', { before: null }, 'unknown'],
    ['a server not yet checked', { state: stateWith((one) => (one.name === 's1' ? { state: 'starting' } : {})) }, 'unknown'],
    [
      'a server that is gone from the proxy',
      { plan: { ...recovered().plan, effects: [{ subject: 'api/s9', does: 'restart' }] } },
      'unknown',
    ],
  ])('is not there with %s: first it waits, at the deadline it says so', (_, changes, verdict) => {
    expect(verify(recovered(changes)).verdict).toBe('waiting');
    expect(verify(recovered({ ...changes, ...late }))).toMatchObject({ verdict });
  });

  it('is never an alert that vanished together with its proxy', () => {
    const gone = { state: null, scrapedUp: false, probe: 'failed', trafficSince: null, alert: 'cleared', before: null } as const;
    expect(verify(recovered({ ...gone, ...late })).verdict).toBe('not-recovered');
  });
});

describe('what got worse ends the waiting at once', () => {
  it.each<[string, Partial<VerificationFacts>, RegExp]>([
    [
      'a neighbour',
      { state: stateWith((one) => (one.subject === 'shop/s1' ? { state: 'down' } : {})) },
      /shop has 1 serving servers, it had 2/,
    ],
    [
      'its own backend',
      { state: stateWith((one) => (one.backend === 'api' ? { state: 'down' } : {})) },
      /api has 0 serving servers, it had 2/,
    ],
    ['the proxy', { scrapedUp: false }, /not scraped any more/],
    ['the share of errors', { trafficSince: { requests: 50, errorShare: 0.8 } }, /rose from 30% to 80%/],
  ])('%s', (_, changes, reason) => {
    expect(verify(recovered(changes))).toMatchObject({ verdict: 'regressed', reason: expect.stringMatching(reason) });
  });

  it('does not count servers that were taken out on purpose, listed or not', () => {
    const plan = { ...recovered().plan, effects: [{ subject: 'api/s1', does: 'take-out' }] } as const;
    const before = healthOf(stateWith());
    const drained = stateWith((one) => (one.subject === 'api/s1' ? { administrative: 'drain' } : {}));
    expect(verify(recovered({ plan, before, state: drained })).verdict).toBe('recovered');
    const backends = stateWith().backends?.map((one) => ({ ...one, servers: one.servers.filter(({ subject }) => subject !== 'api/s1') }));
    expect(verify(recovered({ plan, before, state: { ...stateWith(), backends: backends ?? null } })).verdict).toBe('recovered');
  });

  it('does not count servers that a reload made unchecked for a moment', () => {
    const state = stateWith((one) => (one.backend === 'shop' ? { state: 'starting' } : {}));
    expect(verify(recovered({ state })).verdict).toBe('recovered');
  });

  it('does not take a handful of requests for a share', () => {
    expect(verify(recovered({ trafficSince: { requests: 4, errorShare: 1 } })).verdict).toBe('recovered');
  });
});
