import fc from 'fast-check';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { type ScriptedChanges, scriptedAt, scriptedEntry, scriptedPlan, scriptedVerbs } from '../scripted-verbs.ts';
import type { IncidentVerbs } from '../verbs.ts';
import { allRoutes } from './all-routes.ts';
import { createServer } from './server.ts';
import { WebFiles } from './web-files.ts';

const opened: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

function serve(changes: ScriptedChanges = {}) {
  const { verbs, calls } = scriptedVerbs(changes);
  const errors: unknown[] = [];
  const server = createServer({
    verbs,
    web: new WebFiles([]),
    hosts: ['localhost', '127.0.0.1', '::1'],
    onError: (error) => errors.push(error),
  });
  opened.push(server);
  const ask = (method: InjectOptions['method'], url: string, body?: unknown, headers: Record<string, string> = {}) =>
    server.inject({
      method: method ?? 'GET',
      url,
      headers: { host: 'localhost:9920', ...headers },
      ...(body === undefined
        ? {}
        : {
            payload: typeof body === 'string' ? body : JSON.stringify(body),
            headers: { host: 'localhost:9920', 'content-type': 'application/json', ...headers },
          }),
    });
  return { server, ask, calls, errors };
}

const hash = scriptedPlan.hash;
const alert = { labels: { alertname: 'HaproxyBackendDown', backend: 'api' }, startsAt: '2026-11-20T09:59:00.123456789Z' };
const silence = {
  matchers: [{ name: 'backend', value: 'api', isRegex: false, isEqual: true }],
  startsAt: '2026-11-20T10:00:00Z',
  endsAt: '2026-11-20T11:00:00Z',
  createdBy: 'mia',
  comment: 'known',
};

/** method, path, body, status: every route at least once, its good answer and its noes. */
const requests: readonly (readonly [InjectOptions['method'], string, unknown, number])[] = [
  ['GET', '/-/healthy', undefined, 200],
  ['GET', '/-/ready', undefined, 200],
  ['POST', '/-/reload', undefined, 200],
  ['GET', '/metrics', undefined, 200],

  ['GET', '/medic/v1/incidents', undefined, 200],
  ['GET', '/medic/v1/incidents?state=waits&limit=5', undefined, 200],
  ['GET', '/medic/v1/incidents?state=closed', undefined, 400],
  ['GET', '/medic/v1/incidents?limit=0', undefined, 400],
  ['GET', '/medic/v1/incidents?limit=501', undefined, 400],
  ['GET', '/medic/v1/incidents/i1', undefined, 200],
  ['GET', '/medic/v1/incidents/nope', undefined, 404],
  ['GET', '/medic/v1/incidents/%2e%2e%2fetc', undefined, 400],
  ['GET', '/medic/v1/incidents/i1/report', undefined, 200],
  ['GET', '/medic/v1/incidents/nope/report', undefined, 404],
  ['GET', '/medic/v1/incidents/i1/plans', undefined, 200],
  ['GET', '/medic/v1/incidents/nope/plans', undefined, 404],
  ['GET', '/medic/v1/incidents/i1/steps', undefined, 200],
  ['GET', '/medic/v1/incidents/nope/steps', undefined, 404],
  ['PUT', '/medic/v1/incidents/i1/steps/diagnosis%2F1/tick', { done: true }, 200],
  ['PUT', '/medic/v1/incidents/i1/steps/diagnosis/1/tick', { done: true, note: 'seen' }, 200],
  ['PUT', '/medic/v1/incidents/i1/steps/diagnosis/9/tick', { done: true }, 404],
  ['PUT', '/medic/v1/incidents/i1/steps/diagnosis/1/tick', { done: 'yes' }, 400],
  ['GET', '/medic/v1/incidents/i1/evidence/e1/series', undefined, 200],
  ['GET', '/medic/v1/incidents/i1/evidence/e9/series', undefined, 404],
  ['POST', '/medic/v1/incidents/i1/acknowledgement', undefined, 200],
  ['POST', '/medic/v1/incidents/i1/acknowledgement', { note: 'looking' }, 200],
  ['POST', '/medic/v1/incidents/nope/acknowledgement', {}, 404],
  ['POST', '/medic/v1/incidents/i1/notes', { text: 'called the team' }, 201],
  ['POST', '/medic/v1/incidents/i1/notes', { text: '   ' }, 400],
  ['POST', '/medic/v1/incidents/nope/notes', { text: 'x' }, 404],
  ['POST', '/medic/v1/incidents/i1/diagnosis', {}, 200],
  ['POST', '/medic/v1/incidents/nope/diagnosis', {}, 404],
  ['POST', '/medic/v1/incidents/i1/resolution', { reason: 'done' }, 422],
  ['POST', '/medic/v1/incidents/i1/resolution', { reason: 'done', evenIfFiring: true }, 200],
  ['POST', '/medic/v1/incidents/i1/resolution', {}, 400],

  ['GET', '/medic/v1/plans/p1', undefined, 200],
  ['GET', '/medic/v1/plans/nope', undefined, 404],
  ['POST', '/medic/v1/plans/p1/approval', { planHash: hash, reason: 'known' }, 200],
  ['POST', '/medic/v1/plans/nope/approval', { planHash: hash, reason: 'known' }, 404],
  ['POST', '/medic/v1/plans/p1/approval', [], 400],
  ['POST', '/medic/v1/plans/p1/rejection', { reason: 'wrong one' }, 200],
  ['POST', '/medic/v1/plans/p1/rejection', { reason: '' }, 400],
  ['POST', '/medic/v1/plans/nope/rejection', { reason: 'wrong one' }, 404],
  ['POST', '/medic/v1/plans/p1/undo', { reason: 'did not help' }, 200],
  ['POST', '/medic/v1/plans/nope/undo', { reason: 'did not help' }, 404],
  ['POST', '/medic/v1/plans/p1/check', {}, 200],
  ['POST', '/medic/v1/plans/nope/check', {}, 404],
  ['GET', '/medic/v1/plans/p1/effect', undefined, 200],
  ['GET', '/medic/v1/plans/nope/effect', undefined, 404],

  ['POST', '/medic/v1/diagnoses', { alert: 'HaproxyBackendDown', labels: { backend: 'api' } }, 200],
  ['POST', '/medic/v1/diagnoses', { alert: 'Nope' }, 404],
  ['POST', '/medic/v1/diagnoses', { alert: 'TraefikDown' }, 404],
  ['POST', '/medic/v1/diagnoses', { alert: 'HaproxyBackendDown', labels: { 'not a label': 'x' } }, 400],
  ['POST', '/medic/v1/diagnoses', undefined, 400],
  ['GET', '/medic/v1/targets', undefined, 200],
  ['GET', '/medic/v1/targets/edge/topology', undefined, 503],
  ['GET', '/medic/v1/targets/nope/topology', undefined, 404],
  ['GET', '/medic/v1/runbooks', undefined, 200],
  ['GET', '/medic/v1/runbooks/HaproxyBackendDown', undefined, 200],
  ['GET', '/medic/v1/runbooks/Nope', undefined, 404],
  ['GET', '/medic/v1/rules', undefined, 200],
  ['GET', '/medic/v1/audit?actor=local&before=9', undefined, 200],
  ['GET', '/medic/v1/audit?before=soon', undefined, 400],
  ['GET', '/medic/v1/status', undefined, 200],
  ['GET', '/medic/v1/pauses', undefined, 200],
  ['POST', '/medic/v1/pauses', { reason: 'release' }, 201],
  ['POST', '/medic/v1/pauses', { scope: 'edge' }, 400],
  ['POST', '/medic/v1/pauses', { reason: 'release', until: 'tomorrow' }, 400],
  ['DELETE', '/medic/v1/pauses/w9', undefined, 404],
  ['HEAD', '/medic/v1/events', undefined, 200],

  ['POST', '/api/v2/alerts', [alert], 200],
  ['POST', '/api/v2/alerts', alert, 400],
  ['POST', '/api/v2/alerts', [{ labels: { backend: 'api' } }], 400],
  ['GET', '/api/v2/alerts', undefined, 200],
  ['GET', '/api/v2/alerts/groups', undefined, 200],
  ['POST', '/webhooks/alertmanager', { version: '4', alerts: [{ ...alert, status: 'firing' }] }, 200],
  ['POST', '/webhooks/alertmanager', { version: '3', alerts: [] }, 400],
  ['GET', '/api/v2/status', undefined, 200],
  ['GET', '/api/v2/receivers', undefined, 200],
  ['GET', '/api/v2/silences', undefined, 200],
  ['POST', '/api/v2/silences', silence, 200],
  ['POST', '/api/v2/silences', { ...silence, endsAt: silence.startsAt }, 400],
  ['POST', '/api/v2/silences', { ...silence, matchers: [{ name: 'a', value: '(', isRegex: true }] }, 400],
  ['DELETE', '/api/v2/silence/s1', undefined, 200],
  ['DELETE', '/api/v2/silence/nope', undefined, 404],

  ['GET', '/api/v1/query?query=up', undefined, 200],
  ['POST', '/api/v1/query', { query: 'up' }, 200],
  ['GET', '/api/v1/query_range?query=up&start=0&end=60&step=1m30s', undefined, 200],
  ['POST', '/api/v1/query_range', { query: 'up', start: '0', end: '60', step: '5' }, 200],
  ['GET', '/api/v1/format_query?query=up', undefined, 200],
  ['POST', '/api/v1/format_query', { query: 'up' }, 200],
  ['GET', '/api/v1/series?match[]=up', undefined, 200],
  ['POST', '/api/v1/series', { 'match[]': ['up'] }, 200],
  ['GET', '/api/v1/series', undefined, 400],
  ['GET', '/api/v1/labels', undefined, 200],
  ['POST', '/api/v1/labels', undefined, 200],
  ['GET', '/api/v1/label/job/values', undefined, 200],
  ['GET', '/api/v1/metadata', undefined, 200],
  ['GET', '/api/v1/rules', undefined, 200],
  ['GET', '/api/v1/alerts', undefined, 200],
  ['GET', '/api/v1/targets', undefined, 200],
  ['GET', '/api/v1/status/buildinfo', undefined, 200],

  ['GET', '/nope', undefined, 404],
  ['PATCH', '/medic/v1/incidents', undefined, 405],
  ['DELETE', '/medic/v1/incidents/i1', undefined, 405],
];

test.each(requests)('%s %s %j is answered %i', async (method, url, body, status) => {
  const { ask, errors } = serve();
  const answer = await ask(method, url, body);
  expect([answer.statusCode, errors]).toEqual([status, []]);
  if (status >= 400 && !url.startsWith('/api/')) {
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.json()).toMatchObject({ status, code: expect.any(String), detail: expect.any(String), title: expect.any(String) });
  }
});

test('every route is asked at least once', () => {
  const asked = new Set(
    requests.flatMap(([method, url]) =>
      allRoutes
        .filter((route) => (route.method === method || method === 'HEAD') && matches(route.path, url))
        .map((route) => `${route.method} ${route.path}`),
    ),
  );
  expect(allRoutes.map((route) => `${route.method} ${route.path}`).filter((name) => !asked.has(name))).toEqual([]);
});

function matches(pattern: string, url: string): boolean {
  const [wanted, given] = [pattern.split('/'), (url.split('?')[0] ?? '').split('/')];
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith(':') || part === given[index]);
}

describe('who may ask', () => {
  const post = ['POST', '/medic/v1/pauses', { reason: 'x' }] as const;
  test.each([
    ['a foreign host name', { host: 'evil.example' }, 403],
    ['a foreign host name with our port', { host: 'evil.example:9920' }, 403],
    ['no foreign host, IPv6', { host: '[::1]:9920' }, 201],
    ['a page of ours', { origin: 'http://localhost:9920', 'sec-fetch-site': 'same-origin' }, 201],
    ['a foreign page', { origin: 'http://evil.example' }, 403],
    ['a page of another port', { origin: 'http://localhost:3000' }, 403],
    ['a page that hides where it is from', { origin: 'null' }, 403],
    ['a cross-site request without an origin', { 'sec-fetch-site': 'cross-site' }, 403],
    ['an origin that is no URL', { origin: '%' }, 403],
  ])('%s', async (_, headers, status) => {
    const { ask, calls } = serve();
    expect((await ask(...post, headers)).statusCode).toBe(status);
    if (status === 403) expect(calls).toEqual([]);
  });

  test('reads are refused under a foreign host name, too', async () => {
    expect((await serve().ask('GET', '/medic/v1/status', undefined, { host: 'evil.example' })).statusCode).toBe(403);
  });

  test('every answer forbids what a page of ours never needs', async () => {
    for (const url of ['/medic/v1/status', '/nope', '/']) {
      const { headers } = await serve().ask('GET', url);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
  });
});

describe('bodies', () => {
  test.each([
    ['no JSON', '{', 'application/json', 400, 'bad-request'],
    ['text', '{"reason":"x"}', 'text/plain', 415, 'not-json'],
    ['a form', 'reason=x', 'application/x-www-form-urlencoded', 415, 'not-json'],
    ['XML', '<a/>', 'application/xml', 415, 'not-json'],
    ['a prototype', '{"__proto__":{"reason":"x"}}', 'application/json', 400, 'bad-request'],
  ])('%s', async (_, body, type, status, code) => {
    const answer = await serve().ask('POST', '/medic/v1/pauses', body, { 'content-type': type });
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
  });

  test('one that is too large is refused', async () => {
    const answer = await serve().ask('POST', '/medic/v1/pauses', JSON.stringify({ reason: 'x'.repeat(17 * 1_048_576) }));
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'too-large']);
  });

  test('a path that is none is a problem like any other', async () => {
    const answer = await serve().ask('GET', '/medic/v1/incidents/%zz');
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'bad-request']);
  });

  test('whatever is posted, no route answers 500', async () => {
    const routes = allRoutes.filter((route) => route.body !== null);
    const { ask, errors } = serve();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), fc.json({ maxDepth: 3 }), async (route, body) => {
        const answer = await ask(route.method, route.path.replace(/:\w+/g, 'i1'), body);
        expect(answer.statusCode).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
    expect(errors).toEqual([]);
  });
});

test('a bug of ours is told to the log and not to the client', async () => {
  const { ask, errors } = serve({
    incidents: {
      get: () => Promise.reject(new Error('secret detail')),
    },
  });
  const answer = await ask('GET', '/medic/v1/incidents/i1');
  expect([answer.statusCode, answer.json().code]).toEqual([500, 'internal']);
  expect(answer.body).not.toContain('secret');
  expect(errors).toHaveLength(1);
});

describe('approvals', () => {
  const refusal = {
    reason: 'no',
    guards: [{ id: 'min-healthy', allow: false, reason: 'only 1 of 2 would stay' }],
    plan: scriptedPlan,
    kind: 'no',
  };
  test.each([
    [400, 'bad-request'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [409, 'plan-changed'],
    [410, 'expired'],
    [422, 'guard-refuses'],
  ])('a %i is told with code %s', async (status, code) => {
    const { ask } = serve({ plans: { approve: async () => ({ ...refusal, status }) } });
    const answer = await ask('POST', '/medic/v1/plans/p1/approval', { planHash: hash, reason: 'known' });
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    if (status === 422) expect(answer.json().guards).toEqual(refusal.guards);
    if (status === 409) expect(answer.json()).toMatchObject({ plan: { id: 'p1' }, diff: [{ path: 'hash' }, { path: 'state' }] });
  });

  test('the hash and the reason reach the verb as they came', async () => {
    const { ask, calls } = serve();
    await ask('POST', '/medic/v1/plans/p1/approval', { planHash: 7, reason: ['x'] });
    expect(calls).toEqual([{ verb: 'plans.approve', given: ['p1', { planHash: 7, reason: ['x'] }, 'local'] }]);
  });
});

test('an incident carries its diagnosis, plans with readable commands, and its timeline with ISO instants', async () => {
  const incident = (await serve().ask('GET', '/medic/v1/incidents/i1')).json();
  expect(incident).toMatchObject({
    id: 'i1',
    state: 'open',
    verdict: 'cause-found',
    openedAt: '2026-11-20T10:00:00.000Z',
    resolvedAt: null,
    causes: [{ id: 'connection-refused', subjects: ['api/s1'], confidence: 0.97 }],
    alerts: [{ name: 'HaproxyBackendDown', state: 'firing', startsAt: '2026-11-20T10:00:00.000Z' }],
    diagnosis: { evidence: [{ id: 'e1' }, { id: 'e2' }, { id: 'e3' }] },
    plans: [{ id: 'p1', commands: ['systemctl restart api@1'], guards: [{ id: 'min-healthy', allow: true }], hash }],
    timeline: [{ at: '2026-11-20T10:00:00.000Z', kind: 'opened' }],
  });
});

describe("Prometheus' API", () => {
  test.each([
    ['/api/v1/query?query=(', 400, 'bad_data', 'parse error'],
    ['/api/v1/query?query=slow', 503, 'timeout', 'timed out'],
    ['/api/v1/query?query=many', 422, 'execution', 'many-to-many'],
    ['/api/v1/query?query=up&time=soon', 400, 'bad_data', 'invalid parameter "time"'],
    ['/api/v1/query?query=up&time=x%201', 400, 'bad_data', 'invalid parameter "time"'],
    ['/api/v1/query?query=up&query=down', 400, 'bad_data', 'query'],
    ['/api/v1/query_range?query=up&start=0&end=60&step=0', 400, 'bad_data', 'invalid parameter "step"'],
    ['/api/v1/query_range?query=up&start=60&end=0&step=1', 400, 'bad_data', 'end timestamp must not be before start time'],
    ['/api/v1/query_range?query=up&start=0&end=11001&step=1', 400, 'bad_data', 'exceeded maximum resolution'],
    ['/api/v1/series?match[]=(', 400, 'bad_data', 'parse error'],
    ['/api/v1/nope', 404, 'not_found', 'nothing'],
  ])('%s is an error as Prometheus tells it', async (url, status, errorType, text) => {
    const answer = await serve().ask('GET', url);
    expect([answer.statusCode, answer.json()]).toEqual([status, { status: 'error', errorType, error: expect.stringContaining(text) }]);
  });

  test.each([
    ['1763632800', 1_763_632_800_000],
    ['1763632800.5', 1_763_632_800_500],
    ['1.7636328e9', 1_763_632_800_000],
    ['2025-11-20T10:00:00Z', 1_763_632_800_000],
    ['2025-11-20T11:00:00%2B01:00', 1_763_632_800_000],
  ])('the time %s is %i', async (time, atMs) => {
    const { ask, calls } = serve();
    await ask('GET', `/api/v1/query?query=up&time=${time}`);
    expect(calls).toEqual([{ verb: 'queries.instant', given: ['up', atMs] }]);
  });

  test('a form is read as Grafana and promtool send it', async () => {
    const { ask, calls } = serve();
    const answer = await ask('POST', '/api/v1/query_range', 'query=up&start=0&end=3600&step=1m', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(answer.statusCode).toBe(200);
    expect(calls).toEqual([{ verb: 'queries.range', given: ['up', 0, 3_600_000, 60_000] }]);
  });

  test('an instant query answers a vector, with warnings beside it', async () => {
    expect((await serve().ask('GET', '/api/v1/query?query=odd')).json()).toEqual({
      status: 'success',
      data: { resultType: 'vector', result: [{ metric: { __name__: 'up', job: 'haproxy' }, value: [scriptedAt / 1000, '1'] }] },
      warnings: ['odd'],
    });
  });

  test('rules come in their groups with their alerts', async () => {
    const { data } = (await serve().ask('GET', '/api/v1/rules')).json();
    expect(data.groups).toMatchObject([
      {
        name: 'haproxy',
        rules: [{ type: 'alerting', state: 'firing', duration: 60, health: 'ok', alerts: [{ state: 'firing', value: '1e+00' }] }],
      },
    ]);
  });
});

describe("Alertmanager's API", () => {
  const received = async (url: string, body: unknown) => {
    const { ask, calls } = serve();
    expect((await ask('POST', url, body)).statusCode).toBe(200);
    return calls[0]?.given[0];
  };

  test('an alert without an end fires for five minutes more, one with an end in the past is over', async () => {
    const before = Date.now();
    const [open, over] = (await received('/api/v2/alerts', [alert, { ...alert, endsAt: '2026-01-01T00:00:00Z' }])) as {
      state: string;
      endsAt: number;
      startsAt: number;
    }[];
    expect(open).toMatchObject({ state: 'firing', source: 'prometheus', startsAt: Date.parse('2026-11-20T09:59:00.123Z') });
    expect(open?.endsAt).toBeGreaterThanOrEqual(before + 300_000);
    expect(over).toMatchObject({ state: 'resolved', endsAt: Date.parse('2026-01-01T00:00:00Z') });
  });

  test("Go's zero time means that there is no end", async () => {
    expect(await received('/api/v2/alerts', [{ ...alert, endsAt: '0001-01-01T00:00:00Z' }])).toMatchObject([{ state: 'firing' }]);
  });

  test('what a webhook says fires has no end, what it says is over is over', async () => {
    const body = {
      version: '4',
      groupKey: 'x',
      alerts: [
        { ...alert, status: 'firing', endsAt: '0001-01-01T00:00:00Z' },
        { ...alert, status: 'resolved', endsAt: '2026-11-20T10:00:00Z' },
      ],
    };
    expect(await received('/webhooks/alertmanager', body)).toMatchObject([
      { state: 'firing', endsAt: null, source: 'alertmanager', name: 'HaproxyBackendDown' },
      { state: 'resolved' },
    ]);
  });

  test('one bad alert refuses them all, before any is taken', async () => {
    const { ask, calls } = serve();
    const answer = await ask('POST', '/api/v2/alerts', [alert, { labels: { backend: 'x' } }]);
    expect([answer.statusCode, answer.json()]).toEqual([400, 'an alert has no alertname label']);
    expect(calls).toEqual([]);
  });

  test.each([
    ['', 1],
    ['?filter=alertname%3D%22HaproxyBackendDown%22', 1],
    ['?filter=HaproxyBackendDown', 1],
    ['?filter=alertname%3DHaproxyBackendDown', 1],
    ['?filter=backend!%3Dapi', 0],
    ['?filter=backend%3D~a.*', 1],
    ['?filter=alertname%3D%22Other%22', 0],
    ['?filter=backend!%3D%22api%22', 0],
    ['?filter=backend%3D~%22a.*%22&filter=alertname%3D~%22Ha.*%22', 1],
    ['?filter=%7Bbackend%3D%22api%22%7D', 1],
    ['?active=false', 0],
  ])('GET /api/v2/alerts%s lists %i', async (query, count) => {
    expect((await serve().ask('GET', `/api/v2/alerts${query}`)).json()).toHaveLength(count);
  });

  test.each(['?filter=%7B', '?filter=a%3D~(', '?filter=a%3D%22b%22%7D%20or%20up%7Ba%3D%22b%22'])(
    'a filter that is none is refused: %s',
    async (query) => {
      expect((await serve().ask('GET', `/api/v2/alerts${query}`)).statusCode).toBe(400);
    },
  );

  test('a silence comes back with its state', async () => {
    const { ask } = serve();
    expect((await ask('POST', '/api/v2/silences', silence)).json()).toEqual({ silenceID: 's1' });
    expect((await ask('GET', '/api/v2/silences')).json()).toMatchObject([
      { id: 's1', comment: 'known', status: { state: expect.stringMatching(/active|expired|pending/) } },
    ]);
  });
});

describe('events', () => {
  type Event = Parameters<Parameters<IncidentVerbs['watch']>[0]>[0];
  const event = (seq: number): Event => ({ incident: 'i1', entry: { ...scriptedEntry, seq } });

  /** Reads frames of a stream until `wanted` of one kind were seen; their ids. */
  async function idsOf(response: Response, kind: string, wanted: number): Promise<number[]> {
    const ids: number[] = [];
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) if (frame.startsWith(`event: ${kind}\n`)) ids.push(Number(/^id: (\d+)$/m.exec(frame)?.[1] ?? Number.NaN));
      if (ids.length >= wanted) return ids;
    }
    return ids;
  }

  async function stream(parts: Partial<IncidentVerbs>, headers: Record<string, string> = {}) {
    const { server } = serve({ incidents: parts });
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    return { address, response: await fetch(`${address}/medic/v1/events`, { headers }) };
  }

  test('what happened while the past was replayed comes after it, and nothing twice', async () => {
    const since: IncidentVerbs['since'] = async (seq) => {
      expect(seq).toBe(3);
      // The world goes on while the store is read: 5 is in both.
      live(event(5));
      live(event(6));
      return [event(4), event(5)];
    };
    let live: (event: Event) => void = () => {};
    const watch: IncidentVerbs['watch'] = (listener) => {
      live = listener;
      return () => {};
    };
    const { response } = await stream({ since, watch }, { 'last-event-id': '3' });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await idsOf(response, 'timeline', 3)).toEqual([4, 5, 6]);
  });

  test('without a number only what is new is told', async () => {
    let live: (event: Event) => void = () => {};
    const watch: IncidentVerbs['watch'] = (listener) => {
      live = listener;
      return () => {};
    };
    const { response } = await stream({ watch, lastSeq: async () => 7 });
    const ids = idsOf(response, 'timeline', 1);
    live(event(7));
    live(event(8));
    expect(await ids).toEqual([8]);
  });

  test('who missed too much is told to load the page again', async () => {
    const { response } = await stream(
      { since: async () => Array.from({ length: 5_001 }, (_, index) => event(index + 1)) },
      { 'last-event-id': '0' },
    );
    expect(await idsOf(response, 'reset', 1)).toHaveLength(1);
  });

  test('a reader that goes away is no longer watched for', async () => {
    const ended = Promise.withResolvers<void>();
    const { response } = await stream({ watch: () => () => ended.resolve() });
    await response.body?.cancel();
    await ended.promise;
  });

  test('a store that cannot be read ends the connection', async () => {
    const broken = stream({ since: () => Promise.reject(new Error('disk')) });
    await expect(broken.then(({ response }) => response.text())).rejects.toThrow();
  });
});
