import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LogHints, parseAccessLine } from './access-log.ts';

const captures = new URL('../../../../../shared/reference/captures/traefik-v3.6/', import.meta.url);
const line = (over: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    StartUTC: '2026-11-21T02:34:19.5Z',
    ClientAddr: '10.0.0.1:50001',
    ClientHost: '10.0.0.1',
    RequestMethod: 'GET',
    RequestPath: '/a?b=1',
    RequestHost: 'app.example',
    entryPointName: 'web',
    RouterName: 'app@file',
    ServiceName: 'app@file',
    ServiceURL: 'http://10.0.0.11:8080',
    OriginStatus: 200,
    DownstreamStatus: 200,
    OriginContentSize: 6,
    DownstreamContentSize: 6,
    OriginDuration: 2_000_000,
    Duration: 3_000_000,
    ...over,
  });
const noServer = { ServiceName: undefined, ServiceURL: undefined, OriginStatus: 0, OriginContentSize: 0, OriginDuration: 0 };
const ownError = (status: number, sizeBytes: number, tookMs: number) => ({
  OriginStatus: status,
  DownstreamStatus: status,
  OriginContentSize: sizeBytes,
  DownstreamContentSize: sizeBytes,
  OriginDuration: tookMs * 1e6,
});

describe('a JSON line of the access log', () => {
  test('becomes a request with its server, without the query string', () => {
    expect(parseAccessLine(line({}))).toEqual({
      at: Date.parse('2026-11-21T02:34:19.5Z'),
      client: '10.0.0.1',
      method: 'GET',
      path: '/a',
      host: 'app.example',
      status: 200,
      entry: 'web',
      backend: 'app@file',
      server: 'app@file/10.0.0.11:8080',
      origin: 'server',
      termination: null,
      durationMs: 3,
      serverMs: 2,
      retries: null,
    });
  });

  test.each([
    ['no router and 404', { ...noServer, RouterName: undefined, DownstreamStatus: 404, DownstreamContentSize: 19 }, 'no-route'],
    ['no server of v3', { ...noServer, DownstreamStatus: 503, DownstreamContentSize: 20 }, 'no-server'],
    ['an open circuit breaker of v3', { ...noServer, DownstreamStatus: 503, DownstreamContentSize: 19 }, 'middleware'],
    ['a rate limit', { ...noServer, DownstreamStatus: 429, DownstreamContentSize: 17 }, 'middleware'],
    ['an authentication that is down', { ...noServer, DownstreamStatus: 500, DownstreamContentSize: 0 }, 'middleware'],
    ['a refused connection', ownError(502, 11, 0.4), 'proxy-connect'],
    ['an unreachable host', ownError(502, 11, 3080), 'proxy-connect'],
    ['a connection that broke after a while', ownError(502, 11, 1500), 'proxy-response'],
    ['a blackhole with the default dial timeout', ownError(504, 15, 30_030), 'proxy-connect'],
    ['a silent TLS port', ownError(504, 15, 10_010), 'proxy-connect'],
    ['an answer that did not come in time', ownError(504, 15, 2000), 'proxy-response'],
    ['a certificate that is not trusted', ownError(500, 21, 6), 'proxy-connect'],
    ['a client that left', ownError(499, 21, 400), 'client'],
    ['a 500 of the application', ownError(500, 12, 1), 'server'],
    [
      'a 500 of the application, as long as that of Traefik but with headers of its own',
      { ...ownError(500, 21, 1), 'origin_X-App': 'a' },
      'server',
    ],
    ['a body cut after the headers', { OriginStatus: 0, OriginDuration: 0, DownstreamStatus: 200 }, 'proxy-response'],
    ['an error page', { OriginStatus: 200, DownstreamStatus: 502 }, 'unknown'],
    ['a panic', { ...noServer, DownstreamStatus: 0 }, 'middleware'],
  ] as const)('says who answered: %s', (_, over, origin) => {
    expect(parseAccessLine(line(over))?.origin).toBe(origin);
  });

  test('of v2 has its server URL as an object', () => {
    expect(parseAccessLine(line({ ServiceURL: { Scheme: 'http', Host: '172.18.0.3:80', User: null } }))?.server).toBe(
      'app@file/172.18.0.3:80',
    );
  });

  test('behind another proxy names the first forwarded address', () => {
    expect(parseAccessLine(line({ ClientHost: '203.0.113.9, 10.0.0.2' }))?.client).toBe('203.0.113.9');
    expect(parseAccessLine(line({ ClientHost: '<script>', ClientAddr: '[::1]:4711' }))?.client).toBe('::1');
  });

  test('of a 504 is judged by the timeouts of the service', () => {
    const hints: LogHints = { timeoutsOf: () => ({ dialTimeoutMs: 2000, responseHeaderTimeoutMs: 10_000 }), serviceOf: () => null };
    expect(parseAccessLine(line(ownError(504, 15, 2001)), hints)?.origin).toBe('proxy-connect');
    expect(parseAccessLine(line(ownError(504, 15, 10_001)), hints)?.origin).toBe('proxy-response');
  });

  test('without a server belongs to the service of its router, when that is known', () => {
    const hints: LogHints = { timeoutsOf: () => null, serviceOf: (router) => (router === 'app@file' ? 'app@file' : null) };
    expect(parseAccessLine(line({ ...noServer, DownstreamStatus: 503, DownstreamContentSize: 20 }), hints)).toMatchObject({
      backend: 'app@file',
      server: null,
    });
  });
});

describe('a line in the common format', () => {
  test('has what the format has', () => {
    const text = '10.0.0.1 - - [21/Nov/2026:02:35:25 +0000] "GET /a?b HTTP/1.1" 502 11 "-" "-" 2 "app@file" "http://10.0.0.14:8080" 0ms';
    const hints: LogHints = { timeoutsOf: () => null, serviceOf: () => 'app@file' };
    expect(parseAccessLine(text, hints)).toMatchObject({
      at: Date.parse('2026-11-21T02:35:25Z'),
      path: '/a',
      status: 502,
      server: 'app@file/10.0.0.14:8080',
      origin: 'proxy-connect',
    });
    expect(parseAccessLine(text)).toMatchObject({ backend: null, server: null });
  });
});

test('no line makes the parser throw, and whatever it reads has a time and a status', () => {
  const anyLine = fc.oneof(
    fc.string(),
    fc.json(),
    fc.object().map((value) => line(value)),
    fc.string().map((text) => line({ ServiceURL: text, RequestPath: text })),
  );
  fc.assert(
    fc.property(anyLine, (text) => {
      const record = parseAccessLine(text);
      if (record !== null) expect(Number.isFinite(record.at) && record.status !== null).toBe(true);
    }),
  );
});

test.skipIf(!existsSync(captures))('every recorded line of Traefik 3.6 is told apart as it was produced', () => {
  const expected: Readonly<Record<string, string>> = {
    'no-server@file': 'no-server',
    'refused@file': 'proxy-connect',
    'no-route-to-host@file': 'proxy-connect',
    'response-timeout@file': 'proxy-response',
    'dns-nxdomain@file': 'proxy-connect',
    'tls-expired@file': 'proxy-connect',
    'https-to-silent-port@file': 'proxy-connect',
    'truncated@file': 'proxy-response',
    'application-errors@file': 'server',
    'basic-auth@file': 'middleware',
    'ip-allow-list@file': 'middleware',
    'forward-auth-down@file': 'middleware',
    'body-too-large@file': 'middleware',
    'panic@file': 'middleware',
    'error-page@file': 'unknown',
  };
  const lines = readFileSync(new URL('access.jsonl', captures), 'utf8').trim().split('\n');
  const seen = new Set<string>();
  for (const text of lines) {
    const record = parseAccessLine(text);
    const router = /"RouterName":"([^"]+)"/.exec(text)?.[1] ?? '';
    expect(record).not.toBeNull();
    if (expected[router] !== undefined) expect(`${router} ${record?.origin}`).toBe(`${router} ${expected[router]}`);
    seen.add(router);
  }
  expect(Object.keys(expected).filter((router) => !seen.has(router))).toEqual([]);
});
