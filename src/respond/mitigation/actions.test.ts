import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../model/diagnosis.ts';
import type { ProxyKind, ServerState } from '../../model/proxy.ts';
import { causeRules } from '../diagnosis/causes.ts';
import { type ActionSituation, type ConfiguredServer, hostAndPort } from './action.ts';
import type { Intent } from './control.ts';
import { actionById, actions, actionsFor, answeredCauses, answerTo, mitigationOffers } from './mitigations.ts';
import { effectsOf } from './plan.ts';
import { SimulatedProxy } from './simulated-proxy.ts';

const nowMs = 1000;
const valid = { outcome: 'valid', detail: 'exit 0' } as const;

interface Wish {
  readonly proxy?: ProxyKind;
  readonly cause: string;
  readonly subjects: readonly string[];
  readonly backend?: string | null;
  readonly evidence?: readonly Evidence[];
  readonly servers?: readonly ConfiguredServer[];
  readonly target?: Partial<ActionSituation['target']>;
  readonly change?: (server: ServerState) => Partial<ServerState>;
}

function situation(wish: Wish): ActionSituation {
  const proxy = wish.proxy ?? 'haproxy';
  const backendName = proxy === 'traefik' ? 'api@file' : 'api';
  const state = new SimulatedProxy(
    'edge',
    [
      [backendName, 3],
      ['shop', 1],
    ],
    () => nowMs,
  ).state();
  const backends = state.backends?.map((backend) => ({
    ...backend,
    servers: backend.servers.map((server) => ({ ...server, ...wish.change?.(server) })),
  }));
  return {
    cause: { id: wish.cause, subjects: wish.subjects, confidence: 1, because: [], mitigations: [] },
    evidence: wish.evidence ?? [],
    target: { name: 'edge', proxy, restart: null, validation: valid, entry: { host: '127.0.0.1', port: 80 }, ...wish.target },
    backend: wish.backend === undefined ? backendName : wish.backend,
    state: { ...state, proxy, backends: backends ?? null },
    servers: wish.servers ?? [],
  };
}

function intents(id: string, wish: Wish): readonly Intent[] | string {
  const answer = actionById(id)?.intents(situation(wish));
  if (answer === undefined) throw new Error(`there is no ${id}`);
  return 'impossible' in answer ? answer.impossible : answer;
}

function entry(
  server: string | null,
  port: number,
  restart: readonly string[] | null = ['start', String(port)],
  backend = 'api',
): ConfiguredServer {
  return { backend, server, address: { host: '127.0.0.1', port }, restart };
}

function says(subject: string, address: unknown, cause = 'wrong-server-address'): Evidence {
  return {
    id: 'e1',
    check: 'servers/address',
    finding: 'supports',
    cause,
    subject,
    summary: '',
    facts: { expectedAddress: address },
    observedAt: '',
    durationMs: 0,
    fix: null,
  };
}

describe('process/restart', () => {
  it('starts the affected servers that have a command, found by name or by address', () => {
    const servers = [entry('s1', 8000), entry(null, 8001), entry('s3', 8002, null)];
    expect(intents('process/restart', { cause: 'connection-refused', subjects: ['api'], servers })).toEqual([
      { kind: 'restart', subject: 'api/s1', argv: ['start', '8000'], address: { host: '127.0.0.1', port: 8000 } },
      { kind: 'restart', subject: 'api/s2', argv: ['start', '8001'], address: { host: '127.0.0.1', port: 8001 } },
    ]);
  });

  it('finds the servers of a Traefik service with or without its provider', () => {
    const servers = [entry(null, 8000, ['start'], 'api'), entry(null, 8001, ['start2'], 'api@file')];
    const wish = { proxy: 'traefik', cause: 'connection-refused', subjects: ['api/s1', 'api@file/s2'], servers } as const;
    expect(intents('process/restart', wish)).toHaveLength(2);
  });

  it('starts a process once that serves several backends', () => {
    const servers = [entry('s1', 9000, ['start']), entry('s2', 9000, ['start'])];
    expect(intents('process/restart', { cause: 'connection-refused', subjects: ['api/s1', 'api/s2'], servers })).toHaveLength(1);
  });

  it('says which key would give it a command', () => {
    const answer = intents('process/restart', { cause: 'connection-refused', subjects: ['api/s1'], servers: [] });
    expect(answer).toBe('no command restarts api/s1; add control.restart to its entry in servers');
  });

  it.each([
    ['without a command', { restart: null }, /add targets\[edge\]\.control\.restart/],
    ['with an invalid configuration', { validation: { outcome: 'invalid', detail: 'line 3' } }, /line 3.*never restart/],
    ['with a configuration nobody validated', { validation: { outcome: 'not-run', detail: 'no command' } }, /not known to be valid/],
    ['whose address is not known', { entry: null }, /could not be read back/],
  ] as const)('does not restart a proxy %s', (_, target, reason) => {
    const wish = { cause: 'proxy-down', subjects: ['edge'], target: { restart: ['restart'], ...target } };
    expect(intents('process/restart', wish)).toMatch(reason);
  });

  it('restarts a proxy whose configuration was just found valid', () => {
    const wish = { cause: 'proxy-down', subjects: ['edge'], target: { restart: ['restart', 'haproxy'] } };
    expect(intents('process/restart', wish)).toMatchObject([{ subject: 'edge', argv: ['restart', 'haproxy'], address: { port: 80 } }]);
  });
});

describe('taking out', () => {
  it('drains the servers that are named', () => {
    expect(intents('haproxy/drain-server', { cause: 'bad-server', subjects: ['api/s2'] })).toEqual([
      { kind: 'server-administrative', subject: 'api/s2', becomes: 'drain' },
    ]);
  });

  it('leaves them out of the service in Traefik', () => {
    expect(intents('traefik/shadow-service', { proxy: 'traefik', cause: 'bad-server', subjects: ['api/s2', 'api@file/s3'] })).toEqual([
      { kind: 'service-servers', backend: 'api@file', without: ['api@file/s2', 'api@file/s3'], replace: [] },
    ]);
  });

  it.each(['haproxy/drain-server', 'traefik/shadow-service'])('%s is no answer when all are affected', (id) => {
    expect(intents(id, { cause: 'bad-server', subjects: ['api'] })).toMatch(/all 3 servers of api are affected/);
    expect(intents(id, { cause: 'bad-server', subjects: ['shop/s1'] })).toMatch(/all 1 servers of shop/);
    expect(intents(id, { cause: 'bad-server', subjects: ['api/s9', 'nobody'] })).toMatch(/names no server/);
  });

  it('does not take out twice', () => {
    const wish: Wish = { cause: 'bad-server', subjects: ['api/s2'], change: () => ({ administrative: 'drain' }) };
    expect(intents('haproxy/drain-server', wish)).toMatch(/already taken out/);
  });
});

describe('the right address', () => {
  const subjects = ['api/s1', 'api/s2'];
  it('is set from the evidence, per server', () => {
    const evidence = [says('api/s1', '127.0.0.1:9001'), says('api/s2', '[::1]:9002')];
    expect(intents('haproxy/set-server-address', { cause: 'wrong-server-address', subjects, evidence })).toEqual([
      { kind: 'server-address', subject: 'api/s1', host: '127.0.0.1', port: 9001 },
      { kind: 'server-address', subject: 'api/s2', host: '::1', port: 9002 },
    ]);
  });

  it('replaces the URL in Traefik and keeps its scheme', () => {
    const wish: Wish = {
      proxy: 'traefik',
      cause: 'wrong-server-address',
      subjects: ['api/s1'],
      evidence: [says('api@file/s1', '[::1]:9001')],
      change: (server) => ({ address: { ...server.address, scheme: 'https' } }),
    };
    expect(intents('traefik/shadow-service', wish)).toEqual([
      { kind: 'service-servers', backend: 'api@file', without: [], replace: [{ subject: 'api@file/s1', url: 'https://[::1]:9001' }] },
    ]);
  });

  it.each([
    ['for another cause', says('api/s1', '127.0.0.1:9001', 'connection-refused')],
    ['for another server', says('api/s3', '127.0.0.1:9001')],
    ['that is no address', says('api/s1', '127.0.0.1:9001; shutdown frontend web')],
    ['that is no text', says('api/s1', { host: 'x' })],
    ['that is the present one', says('api/s1', '127.0.0.1:8000')],
  ])('is not taken from evidence %s', (_, evidence) => {
    const wish: Wish = { cause: 'wrong-server-address', subjects, evidence: [evidence] };
    expect(intents('haproxy/set-server-address', wish)).toMatch(/no evidence says/);
  });

  it('never contains anything but an address', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('0', ':', '.', ';', '[', ']', '\n', ' ', '/', 'a') })),
        (text) => {
          const read = hostAndPort(text);
          expect(read === null || /^[0-9a-zA-Z.:-]+$/.test(read.host)).toBe(true);
        },
      ),
    );
  });
});

describe('giving back', () => {
  it('is offered for servers in drain or maintenance only, and never by the machine alone', () => {
    const change = (server: ServerState) => (server.name === 's3' ? {} : { administrative: 'maintenance' as const });
    expect(intents('haproxy/return-server', { cause: 'administratively-disabled', subjects: ['api'], change })).toEqual([
      { kind: 'server-administrative', subject: 'api/s1', becomes: 'ready' },
      { kind: 'server-administrative', subject: 'api/s2', becomes: 'ready' },
    ]);
    expect(actionById('haproxy/return-server')?.automatic).toBe(false);
  });
});

describe('traefik/limit-client', () => {
  const limit = (subjects: readonly string[], backend: string | null = 'api@file') =>
    intents('traefik/limit-client', { proxy: 'traefik', cause: 'client-scan', subjects, backend });

  it('limits the named clients on the routes of the service', () => {
    expect(limit(['client:203.0.113.9', 'client:2001:db8::1'])).toMatchObject([
      { kind: 'limit', backend: 'api@file', client: '203.0.113.9', path: null },
      { kind: 'limit', client: '2001:db8::1' },
    ]);
  });

  it.each([
    'client:*',
    'client:10.0.0.0/8',
    'client:1.2.3.4`) || Host(`x',
    'client:999.1.1.1',
    'client::',
    'api/s1',
    'client:01.2.3.4',
    'client:1:2:3',
  ])('does not take %j for a client', (subject) => {
    expect(limit([subject])).toMatch(/names no client/);
  });

  it('stays with a person when there are many clients or no service', () => {
    expect(limit(Array.from({ length: 6 }, (_, i) => `client:10.0.0.${i}`))).toMatch(/6 clients are named, more than 5/);
    expect(limit(['client:1.2.3.4'], null)).toMatch(/no service/);
  });
});

describe('every action', () => {
  it.each(actions.map((action) => [action.id, action] as const))('%s refuses what it cannot see', (_, action) => {
    for (const cause of action.causes) {
      const blind = { ...situation({ cause, subjects: ['api/s1', 'client:x'] }), state: null };
      expect(action.intents(blind)).toHaveProperty('impossible');
    }
  });

  it('says what it does to whom', () => {
    expect(effectsOf({ kind: 'server-administrative', subject: 'a/b', becomes: 'ready' })).toEqual([{ subject: 'a/b', does: 'give-back' }]);
    expect(effectsOf({ kind: 'service-servers', backend: 'a', without: ['a/1'], replace: [{ subject: 'a/2', url: 'u' }] })).toEqual([
      { subject: 'a/1', does: 'take-out' },
      { subject: 'a/2', does: 'readdress' },
    ]);
    const limit = { kind: 'limit', backend: 'a', path: null, averagePerSecond: 1, burst: 1 } as const;
    expect(effectsOf({ ...limit, client: null })).toEqual([{ subject: 'a', does: 'limit' }]);
  });
});

describe('the table of answers', () => {
  it('answers every cause that a diagnosis can name', () => {
    expect(causeRules.map((rule) => rule.id).filter((id) => answerTo(id) === null)).toEqual([]);
  });

  it('offers an action only for the causes it declares, on the proxy it is for', () => {
    for (const cause of answeredCauses()) {
      for (const proxy of ['haproxy', 'traefik'] as const) {
        for (const action of actionsFor(cause, proxy)) {
          expect([cause, action.id, action.causes.includes(cause)]).toEqual([cause, action.id, true]);
          const family = action.id.split('/')[0];
          expect([proxy, 'process']).toContain(family);
        }
      }
    }
  });

  it('has each cause that an action declares', () => {
    for (const action of actions) {
      const family = action.id.split('/')[0];
      const proxies = family === 'process' ? (['haproxy', 'traefik'] as const) : ([family] as ProxyKind[]);
      for (const cause of action.causes) {
        for (const proxy of proxies)
          expect([cause, actionsFor(cause, proxy).map(({ id }) => id)]).toEqual([cause, expect.arrayContaining([action.id])]);
      }
    }
  });

  it.each([
    ['connection-refused', ['process/restart', 'haproxy/drain-server'], ['process/restart', 'traefik/shadow-service']],
    ['bad-server', ['haproxy/drain-server'], ['traefik/shadow-service']],
    ['wrong-server-address', ['haproxy/set-server-address'], ['traefik/shadow-service']],
    ['client-scan', [], ['traefik/limit-client']],
    ['administratively-disabled', ['haproxy/return-server'], []],
    ['proxy-down', ['process/restart'], ['process/restart']],
    ['application-errors', [], []],
    ['bad-endpoint', [], []],
    ['proxy-hung', [], []],
    ['pending-bad-config', [], []],
    ['health-check-misconfigured', [], []],
    ['missing-content', [], []],
    ['authentication-rejected-by-application', [], []],
    ['low-traffic', [], []],
  ])('%s', (cause, haproxy, traefik) => {
    expect(mitigationOffers(cause, 'haproxy').map(({ action }) => action)).toEqual(haproxy);
    expect(mitigationOffers(cause, 'traefik').map(({ action }) => action)).toEqual(traefik);
  });

  it('knows no cause from a prototype', () => {
    expect(answerTo('constructor')).toBeNull();
    expect(actionsFor('__proto__', 'haproxy')).toEqual([]);
  });
});

const vocabulary = new URL('../../../../shared/reference/faults.md', import.meta.url);
describe('the vocabulary of causes', () => {
  it.skipIf(!existsSync(vocabulary))('is answered completely (skipped: no ../shared/reference/faults.md)', () => {
    const ids = [...readFileSync(vocabulary, 'utf8').matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map((match) => match[1] ?? '');
    expect(ids.length).toBeGreaterThan(50);
    expect(ids.filter((id) => answerTo(id) === null)).toEqual([]);
    expect(answeredCauses().filter((id) => !ids.includes(id))).toEqual([]);
  });
});

describe('the page about actions', () => {
  it('has a section for each action and no other, which names its causes', () => {
    const page = readFileSync(new URL('../../../docs/actions.md', import.meta.url), 'utf8');
    const sections = page.split(/^### `/m).slice(1);
    expect(sections.map((section) => section.split('`')[0] ?? '').sort()).toEqual(actions.map((action) => action.id).sort());
    for (const section of sections) {
      const action = actionById(section.split('`')[0] ?? '');
      expect(action?.causes.filter((cause) => !section.includes(`\`${cause}\``))).toEqual([]);
    }
  });
});
