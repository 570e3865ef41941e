import { describe, expect, test } from 'vitest';
import type { HealthCheck, RequestRecord, ServerState } from '../../../model/proxy.ts';
import { allChecks } from '../all-checks.ts';
import {
  businessQuestion,
  countsQuestions,
  eventsQuestion,
  healthQuestion,
  historyQuestion,
  metricsQuestion,
  requestsQuestion,
  stateQuestion,
  tcpQuestion,
  tlsQuestion,
} from '../ask.ts';
import type { Check, Observation } from '../check.ts';
import type { CountRow, HttpAnswer, Question } from '../questions.ts';
import { Book, nowMs, proxyState, request, server, situation } from '../rehearsal.ts';
import type { Situation } from '../situation.ts';

const edge = situation();

function check(id: string): Check {
  const found = allChecks.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`no check ${id}`);
  return found;
}

function judged(id: string, book: Book, where: Situation = edge): string[] {
  return check(id)
    .judge(where, book)
    .map(({ sign, subject }: Observation) => `${sign} ${subject}`)
    .sort();
}

function bookOf(...servers: ServerState[]): Book {
  return new Book().answer(stateQuestion(edge), proxyState(servers));
}

const httpCheck: HealthCheck = {
  kind: 'http',
  method: 'GET',
  path: '/health',
  hostHeader: null,
  headers: {},
  host: null,
  port: null,
  scheme: 'http',
  expectStatus: [[200, 399]],
  expectText: null,
  intervalMs: 1_000,
  timeoutMs: 1_000,
  rise: 1,
  fall: 1,
};

const answered: HttpAnswer = { outcome: 'answered', status: 200, headers: {}, body: 'well', complete: true, code: null, elapsedMs: 4 };

describe('before the proxy was read', () => {
  test.each(allChecks.map((one) => [one.id, one] as const))('%s says nothing and knows what to ask', (_, one) => {
    const book = new Book();
    expect(one.judge(edge, book)).toEqual([]);
    expect(one.needs(edge, book).length).toBeGreaterThan(0);
  });
});

describe('when nothing can be looked at', () => {
  test.each(allChecks.map((one) => [one.id, one] as const))('%s calls nothing bad, and never claims health', (_, one) => {
    const book = new Book();
    for (const asked of allChecks.flatMap((any) => any.needs(edge, book)) as Question[]) book.refuse(asked, 'nobody may look');
    for (const seen of one.judge(edge, book)) expect(seen).toMatchObject({ sign: 'could-not-look' });
  });
});

describe('proxy/server-states', () => {
  const down = (status: string, changes: Partial<ServerState['lastCheck']> = {}) =>
    server('s1', { state: 'down', status: 'DOWN', lastCheck: { status, code: null, text: null, durationMs: 1, ...changes } });

  test.each<[string, ServerState, string[]]>([
    ['is up', server('s1'), ['backend-serves api', 'proxy-says-up api/s1']],
    ['is not checked', server('s1', { state: 'no-check' }), ['backend-serves api', 'server-not-checked api/s1']],
    [
      'is refused',
      down('L4CON', { text: 'Connection refused' }),
      ['backend-has-no-server api', 'check-refused api/s1', 'proxy-says-down api/s1'],
    ],
    ['is refused, as metrics tell it', down('L4CON'), ['backend-has-no-server api', 'check-refused api/s1', 'proxy-says-down api/s1']],
    [
      'gets 404',
      down('L7STS', { code: 404 }),
      ['backend-has-no-server api', 'check-status api/s1', 'health-wrong-status api/s1', 'proxy-says-down api/s1'],
    ],
    ['gets no connection', down('L4TOUT'), ['backend-has-no-server api', 'check-timeout api/s1', 'proxy-says-down api/s1']],
    [
      'was taken out, the only one',
      server('s1', { administrative: 'maintenance', state: 'down', status: 'MAINT' }),
      ['all-taken-out-by-hand api/s1', 'backend-has-no-server api', 'taken-out-by-hand api/s1'],
    ],
    [
      'has weight 0, the only one',
      server('s1', { weight: 0 }),
      ['all-taken-out-by-hand api/s1', 'backend-has-no-server api', 'taken-out-by-hand api/s1'],
    ],
    ['has no address', server('s1', { administrative: 'resolution', state: 'down' }), ['backend-has-no-server api', 'no-address api/s1']],
  ])('a server that %s', (_, one, wanted) => {
    expect(judged('proxy/server-states', bookOf(one))).toEqual(wanted);
  });

  test('one of two taken out is no outage', () => {
    const book = bookOf(server('s1', { administrative: 'drain' }), server('s2'));
    expect(judged('proxy/server-states', book)).toEqual(['backend-serves api', 'proxy-says-up api/s2', 'taken-out-by-hand api/s1']);
  });

  test('a backend that the proxy does not know is said so', () => {
    const elsewhere = situation({ backend: 'nosuch' });
    expect(judged('proxy/server-states', bookOf(server('s1')), elsewhere)).toEqual(['backend-unknown nosuch']);
  });
});

describe('network/tcp-connect', () => {
  test.each([
    ['connected', 'tcp-connects api/s1'],
    ['refused', 'tcp-refused api/s1'],
    ['timeout', 'tcp-timeout api/s1'],
    ['unreachable', 'tcp-unreachable api/s1'],
    ['reset', 'tcp-connects api/s1'],
    ['local-limit', 'described api/s1'],
  ] as const)('%s', (outcome, wanted) => {
    const book = bookOf(server('s1')).answer(
      tcpQuestion('10.0.0.1', 8001),
      outcome === 'connected' ? { outcome, elapsedMs: 1 } : { outcome, code: 'CODE', elapsedMs: 1 },
    );
    expect(judged('network/tcp-connect', book)).toEqual([wanted]);
  });

  test('a check that goes to another port is tried there, too', () => {
    const book = bookOf(server('s1', { healthCheck: { ...httpCheck, port: 9_999 } }))
      .answer(tcpQuestion('10.0.0.1', 8001), { outcome: 'connected', elapsedMs: 1 })
      .answer(tcpQuestion('10.0.0.1', 9_999), { outcome: 'refused', code: 'ECONNREFUSED', elapsedMs: 1 });
    expect(judged('network/tcp-connect', book)).toEqual(['health-port-refused api/s1', 'tcp-connects api/s1']);
  });
});

describe('network/http-get', () => {
  const one = server('s1', { healthCheck: httpCheck });
  const ask = (health: Partial<HttpAnswer>, business: readonly Partial<HttpAnswer>[]) => {
    const book = bookOf(one).answer(requestsQuestion(edge), []);
    const healthAsked = healthQuestion(one);
    if (healthAsked !== null) book.answer(healthAsked, { ...answered, ...health });
    business.forEach((answer, index) => {
      const asked = businessQuestion(edge, book, one, index + 1);
      if (asked !== null) book.answer(asked, { ...answered, ...answer });
    });
    return judged('network/http-get', book);
  };

  test.each<[string, Partial<HttpAnswer>, readonly Partial<HttpAnswer>[], readonly string[]]>([
    ['all is well', {}, [{}], ['business-ok api/s1', 'health-ok api/s1']],
    ['the check gets 404', { status: 404 }, [{}], ['business-ok api/s1', 'health-wrong-status api/s1']],
    ['the check is rejected', { status: 403 }, [{}], ['business-ok api/s1', 'health-rejected api/s1']],
    ['a request hangs', {}, [{ outcome: 'timeout-answer', status: null }], ['business-hangs api/s1', 'health-ok api/s1']],
    ['a request takes longer than people wait', {}, [{ elapsedMs: 2_500 }], ['business-slow api/s1', 'health-ok api/s1']],
    ['a request takes longer than the proxy waits', {}, [{ elapsedMs: 3_500 }], ['business-hangs api/s1', 'health-ok api/s1']],
    ['one of two requests fails', {}, [{ status: 500 }, {}], ['described api/s1', 'health-ok api/s1']],
    [
      'all requests fail',
      {},
      [{ status: 500 }, { status: 500 }, { status: 500 }],
      ['business-5xx api/s1', 'errors-everywhere api', 'health-ok api/s1'],
    ],
    ['the server is overloaded', {}, [{ status: 429 }], ['business-overload api/s1', 'health-ok api/s1']],
  ])('%s', (_, health, business, wanted) => {
    expect(ask(health, business)).toEqual(wanted);
  });

  test('without a log, a server that fails now and then is found by asking often', () => {
    const [first, second] = [server('s1'), server('s2')];
    const book = bookOf(first, second).refuse(requestsQuestion(edge), 'no log');
    const row = counted('backend', 'api', null, 90, { '5xx': 20 });
    for (const asked of countsQuestions(edge)) book.answer(asked, { coveredMs: 10_000, rows: [row] });
    for (const attempt of Array.from({ length: 8 }, (__, index) => index + 1)) {
      const [one1, two2] = [businessQuestion(edge, book, first, attempt), businessQuestion(edge, book, second, attempt)];
      if (one1 !== null) book.answer(one1, { ...answered, status: attempt % 2 === 0 ? 500 : 200 });
      if (two2 !== null) book.answer(two2, answered);
    }
    expect(judged('network/http-get', book)).toContain('errors-one-server api/s1');
  });
});

describe('network/tls', () => {
  const tls = { verify: true, caFile: '/ca.pem', caPem: null, serverName: 'a', verifyHost: null, certificateFile: null, keyFile: null };
  const one = server('s1', { address: { host: '10.0.0.1', hostname: null, port: 8001, scheme: 'https' }, tls });
  test.each([
    ['trusted', true, ['certificate-trusted api/s1']],
    ['expired', true, ['certificate-expired api/s1']],
    ['untrusted', true, ['certificate-untrusted api/s1']],
    ['name-mismatch', true, ['certificate-name-mismatch api/s1']],
    ['not-tls', true, ['tls-not-spoken api/s1']],
    ['timeout', true, ['tls-silent api/s1']],
    ['refused', true, []],
    ['expired', false, []],
  ] as const)('%s, verified: %s', (outcome, verify, wanted) => {
    const tested = { ...one, tls: { ...tls, verify } };
    const book = bookOf(tested);
    const asked = tlsQuestion(tested);
    if (asked === null) throw new Error('nothing to ask');
    book.answer(asked, { outcome, code: null, subject: null, issuer: null, altNames: null, validFrom: null, validTo: null, elapsedMs: 1 });
    expect(judged('network/tls', book)).toEqual(wanted);
  });
});

describe('network/dns', () => {
  const one = server('s1', { address: { host: null, hostname: 'app.internal', port: 80, scheme: 'http' } });
  test.each([
    ['resolved', 'name-resolves api/s1'],
    ['not-found', 'name-not-found api/s1'],
    ['no-answer', 'name-not-found api/s1'],
  ] as const)('%s', (outcome, wanted) => {
    const book = bookOf(one).answer(
      { kind: 'network/dns', name: 'app.internal', timeoutMs: 3_000 },
      { outcome, addresses: [], code: null, elapsedMs: 1 },
    );
    expect(judged('network/dns', book)).toEqual([wanted]);
  });
});

describe('servers/address', () => {
  const other = tcpQuestion('10.0.0.1', 8_100);
  const told = situation({ knownServers: [{ backend: 'api', server: 's1', host: '10.0.0.1', port: 8_100, logFile: null }] });

  test('a server that is known to be elsewhere, and is there', () => {
    const book = bookOf(server('s1')).answer(other, { outcome: 'connected', elapsedMs: 1 });
    expect(judged('servers/address', book, told)).toEqual(['answers-elsewhere api/s1']);
  });

  test('a server that is known to be elsewhere, and is not there either', () => {
    const book = bookOf(server('s1')).answer(other, { outcome: 'refused', code: 'ECONNREFUSED', elapsedMs: 1 });
    expect(judged('servers/address', book, told)).toEqual([]);
  });

  test('an address that another server of the backend uses is no candidate', () => {
    const taken = server('s2', { address: { host: '10.0.0.1', hostname: null, port: 8_100, scheme: 'http' } });
    expect(check('servers/address').needs(told, bookOf(server('s1'), taken))).not.toContainEqual(other);
  });

  test('the address before a remembered change is one', () => {
    const book = bookOf(server('s1'))
      .answer(historyQuestion(edge), {
        since: 0,
        addressChanges: [{ subject: 'api/s1', backend: 'api', was: '10.0.0.1:8100', becomes: '10.0.0.1:8001', at: nowMs - 5_000 }],
        configChanges: [],
        reloads: [],
        removed: [],
      })
      .answer(other, { outcome: 'connected', elapsedMs: 1 });
    expect(judged('servers/address', book)).toEqual(['answers-elsewhere api/s1']);
  });
});

describe('servers/address of servers that are named by their address', () => {
  const other = tcpQuestion('10.0.0.1', 8_100);
  const moved = server('10.0.0.1:8001', { address: { host: '10.0.0.1', hostname: null, port: 8_001, scheme: 'http' } });
  const at = (port: number) => request(20, { server: `api/10.0.0.1:${port}` });
  const asked = (...records: RequestRecord[]) =>
    judged('servers/address', bookOf(moved).answer(requestsQuestion(edge), records).answer(other, { outcome: 'connected', elapsedMs: 1 }));

  test('the address that answered before is one', () => {
    expect(asked(at(8_100))).toEqual(['answers-elsewhere api/10.0.0.1:8001']);
  });

  test('a server that answered itself has not moved, whoever else was there', () => {
    expect(asked(at(8_100), at(8_001))).toEqual([]);
  });
});

describe('proxy/access-log', () => {
  const log = (records: readonly RequestRecord[]) =>
    judged('proxy/access-log', bookOf(server('s1')).answer(requestsQuestion(edge), records));
  const many = (count: number, changes: Partial<RequestRecord>, from = 10) =>
    Array.from({ length: count }, (_, index) => request(from + count - index, changes));

  test('connections that fail, answers that never come, and clients that leave', () => {
    expect(log(many(10, { origin: 'proxy-connect', status: 503 }))).toEqual(['connect-errors api/s1', 'described api']);
    expect(log(many(10, { origin: 'proxy-response', status: 504, termination: 'sH--', durationMs: 3_000, serverMs: null }))).toEqual([
      'described api',
      'timeouts api/s1',
    ]);
    expect(log(many(10, { origin: 'client', status: null, durationMs: 200, serverMs: null }))).toContain('clients-leave api');
  });

  test('a burst of failed connections that has ended is past', () => {
    const records = [...many(5, { origin: 'proxy-connect', status: 503 }, 100), ...many(60, {}, 1)];
    expect(log(records)).not.toContain('connect-errors api/s1');
  });

  test('answers that are late now and were not before', () => {
    expect(log([...many(40, {}, 25), ...many(20, { serverMs: 900 }, 1)])).toContain('answers-slow api/s1');
    expect(log(many(60, { serverMs: 900 }, 1))).not.toContain('answers-slow api/s1');
    expect(log(many(20, { serverMs: 2_500 }, 1))).toContain('answers-slow api/s1');
  });

  test('a server that is prompt at this moment', () => {
    expect(log(Array.from({ length: 10 }, () => request(1)))).toContain('answers-now api/s1');
    expect(log(Array.from({ length: 10 }, () => request(3)))).not.toContain('answers-now api/s1');
    expect(log([request(9, { durationMs: 4_000 }), ...Array.from({ length: 10 }, () => request(1))])).not.toContain('answers-now api/s1');
  });
});

function counted(
  scope: CountRow['scope'],
  name: string,
  server: string | null,
  ok: number,
  errors: Partial<CountRow['byClass']>,
  byCode = {},
): CountRow {
  const byClass = { '1xx': 0, '2xx': ok, '3xx': 0, '4xx': 0, '5xx': 0, ...errors };
  return { scope, name, server, total: Object.values(byClass).reduce((sum, count) => sum + count, 0), byClass, byCode };
}

function countsBook(...rows: CountRow[]): Book {
  const book = bookOf(server('s1'), server('s2')).refuse(requestsQuestion(edge), 'no log');
  for (const asked of countsQuestions(edge)) book.answer(asked, { coveredMs: asked.windowMs, rows });
  return book;
}

describe('without an access log', () => {
  test('HAProxy counts whose 5xx they are', () => {
    const book = countsBook(
      counted('backend', 'api', null, 180, { '5xx': 20 }),
      counted('server', 'api', 's1', 80, { '5xx': 20 }),
      counted('server', 'api', 's2', 100, {}),
    );
    expect(judged('traffic/error-shares', book)).toEqual(['errors-one-server api/s1']);
  });

  test('errors of all servers alike may be one path: the place stays open until nearly everything fails', () => {
    const both = (ok: number, errors: number) =>
      countsBook(
        counted('backend', 'api', null, ok * 2, { '5xx': errors * 2 }),
        counted('server', 'api', 's1', ok, { '5xx': errors }),
        counted('server', 'api', 's2', ok, { '5xx': errors }),
      );
    expect(judged('traffic/error-shares', both(80, 20))).toEqual(['errors-unlocated api']);
    expect(judged('traffic/error-shares', both(10, 90))).toEqual(['errors-everywhere api']);
  });

  test('Traefik counts codes: 401 for nearly all is a shut door', () => {
    const shut = countsBook(counted('backend', 'api', null, 10, { '4xx': 90 }, { 200: 10, 401: 90 }));
    expect(judged('traffic/clients', shut)).toEqual(['rejected-everywhere api']);
    const some = countsBook(counted('backend', 'api', null, 80, { '4xx': 20 }, { 200: 80, 404: 20 }));
    expect(judged('traffic/clients', some)).toEqual(['client-errors-unlocated api']);
  });

  test('the latest seconds count, not the healthy minutes before them', () => {
    const book = bookOf(server('s1')).refuse(requestsQuestion(edge), 'no log');
    for (const asked of countsQuestions(edge)) {
      const fresh = asked.windowMs <= 10_000;
      const row = fresh
        ? counted('backend', 'api', null, 0, { '4xx': 80 }, { 403: 80 })
        : counted('backend', 'api', null, 4_000, { '4xx': 80 }, { 403: 80 });
      book.answer(asked, { coveredMs: asked.windowMs, rows: [row] });
    }
    expect(judged('traffic/clients', book)).toEqual(['rejected-everywhere api']);
  });
});

describe('traffic/volume', () => {
  const volume = (records: readonly RequestRecord[]) =>
    judged('traffic/volume', bookOf(server('s1')).answer(requestsQuestion(edge), records));
  const many = (count: number, failed: number) =>
    Array.from({ length: count }, (_, index) =>
      request(index, index % Math.ceil(count / Math.max(1, failed)) === 0 && failed > 0 ? { status: 404 } : {}),
    );

  test('few requests, some of which fail, mean little; few that do not fail are clean', () => {
    expect(volume([...many(10, 0), request(3, { status: 500 }), request(4, { status: 500 })])).toEqual(['traffic-few api']);
    expect(volume(many(10, 0))).toEqual(['traffic-clean api']);
  });

  test('the usual few that ask for what is not there do not make traffic unclean', () => {
    expect(volume(many(160, 4))).toEqual(['traffic-clean api']);
    expect(volume(many(160, 40))).toEqual(['described api']);
  });
});

describe('the proxy itself', () => {
  const metrics = (outcome: 'ok' | 'refused' | 'timeout' | 'error') =>
    new Book().answer(metricsQuestion(edge), { outcome, code: null, elapsedMs: 1 });

  test.each([
    ['ok', 'metrics-answer edge'],
    ['refused', 'metrics-refused edge'],
    ['timeout', 'metrics-silent edge'],
    ['error', 'could-not-look edge'],
  ] as const)('metrics: %s', (outcome, wanted) => {
    expect(judged('proxy/metrics', metrics(outcome))).toEqual([wanted]);
  });

  test.each([
    ['connect ECONNREFUSED /run/haproxy.sock', 'proxy-refuses edge'],
    ['no answer within 3000 ms', 'proxy-silent edge'],
  ])('its socket: %s', (reason, wanted) => {
    const book = new Book().answer(stateQuestion(edge), proxyState([], { backends: null, gaps: [{ what: 'state', reason, fix: null }] }));
    expect(judged('proxy/metrics', book)).toEqual([wanted]);
  });

  test('a process that is gone, stopped, or short of descriptors', () => {
    const asked = { kind: 'proxy/process', target: 'edge' } as const;
    const running = { running: true, pid: 7, startedAt: 1, schedulerState: 'S', cpuPercent: 1, residentBytes: 1, openFds: 5, maxFds: 100 };
    const process = (changes: object) => judged('proxy/process', new Book().answer(asked, { ...running, ...changes }));
    expect(process({})).toEqual(['proxy-process-runs edge']);
    expect(process({ running: false })).toEqual(['proxy-process-gone edge']);
    expect(process({ schedulerState: 'T' })).toEqual(['proxy-process-stopped edge']);
    expect(process({ openFds: 99 })).toEqual(['fds-exhausted edge', 'proxy-process-runs edge']);
  });

  test('a front door that refuses, and a frontend that is paused', () => {
    const entry = {
      name: 'web',
      binds: ['*:8080'],
      sessionLimit: null,
      currentSessions: 0,
      counters: proxyState([]).backends?.[0]?.counters ?? server('x').counters,
    };
    const door = (state: 'open' | 'paused', outcome: 'connected' | 'refused') =>
      judged(
        'proxy/front-door',
        new Book()
          .answer(stateQuestion(edge), proxyState([], { entries: [{ ...entry, state }] }))
          .answer(
            tcpQuestion('127.0.0.1', 8080),
            outcome === 'connected' ? { outcome, elapsedMs: 1 } : { outcome, code: 'ECONNREFUSED', elapsedMs: 1 },
          ),
      );
    expect(door('open', 'connected')).toEqual(['front-door-answers edge']);
    expect(door('paused', 'refused')).toEqual(['entry-paused edge', 'front-door-refused edge']);
  });

  test('its log and its past are told', () => {
    const event = { at: nowMs, kind: 'reload' as const, backend: null, server: null, text: 'New worker started' };
    expect(judged('proxy/log', new Book().answer(eventsQuestion(edge), [event]))).toEqual(['described api', 'reloaded api']);
    const history = {
      since: 0,
      addressChanges: [],
      configChanges: [{ path: '/etc/haproxy.cfg', at: nowMs - 1_000 }],
      reloads: [],
      removed: [],
    };
    expect(judged('proxy/changes', new Book().answer(historyQuestion(edge), history))).toEqual(['config-changed edge']);
  });
});

describe('routes/state', () => {
  const whole = situation({ backend: null, family: 'unrouted' });
  const lost = Array.from({ length: 20 }, (_, index) =>
    request(index / 2, { origin: 'no-route', status: 404, backend: null, server: null, path: '/cart' }),
  );

  test('requests that match no route again and again', () => {
    const book = new Book().answer(stateQuestion(whole), proxyState([])).answer(requestsQuestion(whole), lost);
    expect(judged('routes/state', book, whole)).toEqual(['requests-without-route route:web']);
  });

  test('requests that miss the one route that vanished are about that route', () => {
    const removed = [{ kind: 'route' as const, name: 'cart@file', rule: 'Path(`/cart`)', at: nowMs - 20_000 }];
    const history = { since: 0, addressChanges: [], configChanges: [], reloads: [], removed };
    const book = new Book().answer(stateQuestion(whole), proxyState([])).answer(requestsQuestion(whole), lost);
    expect(judged('routes/state', book.answer(historyQuestion(whole), history), whole)).toEqual([
      'requests-without-route route:cart@file',
      'route-removed route:cart@file',
    ]);
  });

  test('one that tries many doors is no missing route', () => {
    const doors = lost.map((record, index) => ({ ...record, path: `/door-${index}-of/many` }));
    const book = new Book().answer(stateQuestion(whole), proxyState([])).answer(requestsQuestion(whole), doors);
    expect(judged('routes/state', book, whole)).toEqual(['routes-fine edge']);
  });

  test.each([
    ['middleware "auth@file" does not exist', 'middleware-invalid route:web@file'],
    ['entryPoint "websecure" doesn\'t exist', 'entry-or-tls-invalid route:web@file'],
    ['the service "api@file" does not exist', 'route-disabled route:web@file'],
  ])('a route that is refused: %s', (error, wanted) => {
    const route = {
      name: 'web@file',
      entries: ['web'],
      rule: 'Host(`a`)',
      backend: null,
      middlewares: [],
      state: 'disabled' as const,
      errors: [error],
      priority: 1,
    };
    const book = new Book().answer(stateQuestion(whole), proxyState([], { routes: [route] }));
    expect(judged('routes/state', book, whole)).toEqual([wanted]);
  });
});

test('host/resources tells a full disk and little memory', () => {
  const resources = {
    cpus: 2,
    load1: 1,
    memoryAvailableBytes: 8e9,
    memoryTotalBytes: 16e9,
    disks: [{ path: '/', freeBytes: 1e10, totalBytes: 1e11 }],
  };
  const told = (changes: object) => judged('host/resources', new Book().answer({ kind: 'host/resources' }, { ...resources, ...changes }));
  expect(told({})).toEqual(['resources-fine edge']);
  expect(told({ disks: [{ path: '/', freeBytes: 1e6, totalBytes: 1e11 }] })).toEqual(['disk-full edge']);
  expect(told({ memoryAvailableBytes: 1e8 })).toEqual(['memory-low edge']);
});

test('a reference to nothing is shown with its place, and accuses nobody', () => {
  const problem = {
    kind: 'missing-reference',
    text: 'use_backend names nowhere, which does not exist',
    file: '/etc/haproxy.cfg',
    line: 12,
    subject: 'nowhere',
  } as const;
  const book = new Book().answer(stateQuestion(edge), proxyState([server('s1')], { configFiles: [], problems: [problem] }));
  const seen = check('proxy/config')
    .judge(edge, book)
    .filter((one) => one.facts['kind'] === 'missing-reference');
  expect(seen.map(({ sign, summary }) => [sign, summary])).toEqual([
    ['described', 'missing-reference in the configuration: /etc/haproxy.cfg:12: use_backend names nowhere, which does not exist'],
  ]);
});
