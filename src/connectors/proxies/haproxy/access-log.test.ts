import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProxyEvent, RequestRecord } from '../../../model/proxy.ts';
import { createLogReader, type LogReaderOptions } from './access-log.ts';
import { builtInFormats, compileLogFormat } from './log-format.ts';

const referenceAt = new Date(2026, 10, 21, 12, 0, 0).getTime();
const at = new Date(2026, 10, 21, 3, 56, 40, 594).getTime();
const stamp = '21/Nov/2026:03:56:40.594';
const plain: LogReaderOptions = { formats: [], backends: new Set(['api', 'st']) };

function requestIn(line: string, options = plain): RequestRecord | null {
  const entry = createLogReader(options).read(line, referenceAt);
  return entry?.kind === 'request' ? entry.request : null;
}

function eventIn(line: string): ProxyEvent | null {
  const entry = createLogReader(plain).read(line, referenceAt);
  return entry?.kind === 'event' ? entry.event : null;
}

const http = (rest: string) => `127.0.0.1:39126 [${stamp}] ${rest}`;
const good = http('fe~ api/s1 0/0/1/12/14 200 217 - - ---- 1/1/0/0/+1 0/0 "GET /cart?id=7 HTTP/1.1"');

describe('a request in the httplog format', () => {
  it('is read in full', () => {
    expect(requestIn(good)).toEqual({
      at,
      client: '127.0.0.1',
      method: 'GET',
      path: '/cart',
      host: null,
      status: 200,
      entry: 'fe',
      backend: 'api',
      server: 'api/s1',
      origin: 'server',
      termination: '----',
      durationMs: 14,
      serverMs: 12,
      retries: 1,
    });
  });

  it.each([
    ['RFC 3164', `<134>Nov 21 03:56:40 edge-1 haproxy[18413]: ${good}`],
    ['RFC 3164 without a host', `Nov 21 03:56:40 haproxy[18413]: ${good}`],
    ['RFC 5424', `<134>1 2026-11-21T03:56:40.594+00:00 edge-1 haproxy 18413 - - ${good}`],
    ['rsyslog with ISO dates', `2026-11-21T03:56:40.594123+00:00 edge-1 haproxy[18413]: ${good}`],
    ['another tag', `Nov 21 03:56:40 edge-1 lb: ${good}`],
    ['the raw format', `<134>${good}`],
  ])('is found behind %s', (_, line) => {
    expect(requestIn(line)).toMatchObject({ at, client: '127.0.0.1', status: 200 });
  });

  it.each([
    ['the application', 'fe api/s1 0/0/0/3/3 500 100 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"', 'server', 'api', 'api/s1'],
    ['no server left', 'fe api/<NOSRV> 0/-1/-1/-1/0 503 217 - - SC-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"', 'no-server', 'api', null],
    [
      'a refused connection',
      'fe api/n1 0/3004/-1/-1/3004 503 217 - - SC-- 1/1/0/0/3 0/0 "GET / HTTP/1.1"',
      'proxy-connect',
      'api',
      'api/n1',
    ],
    ['a connect timeout', 'st st/s 0/0/-1/-1/2003 503 217 - - sC-- 1/1/0/0/1 0/0 "GET / HTTP/1.1"', 'proxy-connect', 'st', 'st/s'],
    ['a slow server', 'fe api/x1 0/0/0/-1/3002 504 198 - - sH-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"', 'proxy-response', 'api', 'api/x1'],
    ['a closed connection', 'fe api/x1 0/0/0/-1/2 502 209 - - SH-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"', 'proxy-response', 'api', 'api/x1'],
    ['a malformed answer', 'fe api/x1 0/0/0/-1/4 502 209 - - PH-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"', 'proxy-response', 'api', 'api/x1'],
    ['a full queue', 'fe api/<NOSRV> 0/2000/-1/-1/2000 503 217 - - sQ-- 5/5/4/0/0 0/1 "GET / HTTP/1.1"', 'no-server', 'api', null],
    ['a deny rule', 'fe fe/<NOSRV> 0/-1/-1/-1/0 429 225 - - PR-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"', 'middleware', null, null],
    ['no route', 'fe fe/<NOSRV> 0/-1/-1/-1/0 503 217 - - SC-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"', 'no-route', null, null],
    [
      'a `listen` section without servers',
      'st st/<NOSRV> 0/-1/-1/-1/0 503 217 - - SC-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"',
      'no-server',
      'st',
      null,
    ],
    ['a bad request', 'fe fe/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"', 'client', null, null],
    ['a slow client', 'fe fe/<NOSRV> -1/-1/-1/-1/9 408 0 - - cR-- 1/1/0/0/0 0/0 "<BADREQ>"', 'client', null, null],
    ['a client that left', 'fe api/x1 0/0/0/-1/999 400 0 - - CH-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"', 'client', 'api', 'api/x1'],
    ['a cut body', 'fe api/x1 0/0/0/1/9 200 90 - - SD-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"', 'proxy-response', 'api', 'api/x1'],
    ['the statistics page', 'fe api/<STATS> 0/0/0/0/0 200 9 - - LR-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"', 'middleware', 'api', null],
  ])('was answered by %s', (_, rest, origin, backend, server) => {
    const request = requestIn(http(rest));
    expect([request?.origin, request?.backend, request?.server]).toEqual([origin, backend, server]);
  });

  it('has its host when HTTP/2 put it into the request line', () => {
    const line = http('fe~ api/s1 0/0/1/1/2 200 9 - - ---- 1/1/0/0/0 0/0 "GET https://Shop.example/cart?a=b HTTP/2.0"');
    expect(requestIn(line)).toMatchObject({ method: 'GET', host: 'shop.example', path: '/cart' });
  });

  it('is read with captured headers', () => {
    const line = http('fe api/s1 0/0/1/1/2 200 9 - - ---- 1/1/0/0/0 0/0 {shop.example|curl 8} {nginx} "GET /a HTTP/1.1"');
    expect(requestIn(line)).toMatchObject({ path: '/a', status: 200 });
  });

  it('has its host when the frontend captures it', () => {
    const options = { ...plain, formats: [{ proxy: 'fe', format: null, capturedHeaders: ['user-agent', 'host'] }] };
    const line = http('fe api/s1 0/0/1/1/2 200 9 - - ---- 1/1/0/0/0 0/0 {curl 8|Shop.example:8080} "GET /a HTTP/1.1"');
    expect(requestIn(line, options)?.host).toBe('shop.example');
  });

  it('is read when syslog cut it', () => {
    expect(requestIn(good.slice(0, good.indexOf('HTTP/1.1')))).toMatchObject({ method: 'GET', path: '/cart' });
  });

  it('has the client of an IPv6 connection', () => {
    expect(requestIn(good.replace('127.0.0.1:', '2001:db8::1:'))?.client).toBe('2001:db8::1');
  });
});

describe('other formats', () => {
  it('tcplog', () => {
    expect(requestIn(http('tcp api/s1 0/0/5007 212 -- 1/1/0/0/0 0/0'))).toMatchObject({
      backend: 'api',
      status: null,
      durationMs: 5007,
      origin: 'server',
      path: null,
    });
  });

  it('httpslog', () => {
    const line = http(
      'fe~ api/s1 0/0/1/1/2 200 9 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1" 0/0/0/0/0 shop.example/TLSv1.3/TLS_AES_256_GCM_SHA384',
    );
    expect(requestIn(line)).toMatchObject({ status: 200, path: '/a' });
  });

  it('clf', () => {
    const line =
      '127.0.0.1 - - [21/Nov/2026:03:56:40 +0000] "GET /a HTTP/1.1" 200 9 "" "" 39126 594 "fe" "api" "s1" 0 0 1 1 2 "----" 1 1 0 0 0 0 0 "-" "-"';
    expect(requestIn(line)).toMatchObject({
      at: Date.UTC(2026, 10, 21, 3, 56, 40),
      client: '127.0.0.1',
      backend: 'api',
      server: 'api/s1',
      status: 200,
      path: '/a',
    });
  });

  it('the line without any log option', () => {
    expect(requestIn(`Nov 21 03:56:40 haproxy[1]: Connect from 127.0.0.1:39126 to 127.0.0.1:80 (fe/HTTP)`)).toMatchObject({
      client: '127.0.0.1',
      entry: 'fe',
      status: null,
      origin: 'unknown',
    });
  });

  it.each([
    [
      '{"time":%Ts.%ms,"client":"%ci","status":%ST,"backend":"%b","server":"%s","method":"%HM","path":"%HP","end":"%tsc","ms":%Ta}',
      '{"time":1795233400.594,"client":"10.0.0.9","status":502,"backend":"api","server":"s1","method":"POST","path":"/pay","end":"SH--","ms":31}',
    ],
    [
      '%{+json}o %(at)Ts %(client)ci %(status:sint)ST %(be)b %(srv)s %(m)HM %(p)HP %(end)tsc %(ms)Ta',
      '{"at": 1795233400, "client": "10.0.0.9", "status": 502, "be": "api", "srv": "s1", "m": "POST", "p": "/pay", "end": "SH--", "ms": 31}',
    ],
    [
      '[%t] %ci %[req.hdr(user-agent),regsub("[]]",x)] %ST %b/%s %tsc %Ta "%HM %HU"',
      `[${stamp}] 10.0.0.9 curl/8.0 502 api/s1 SH-- 31 "POST /pay?card=1"`,
    ],
    [
      '%Ts %[req.hdr(user-agent)] %ci %b/%s %ST %tsc %Ta %HM|%HP|%[res.hdr(server)]',
      '1795233400 Mozilla/5.0 (X11; Linux) 10.9 a/b 10.0.0.9 api/s1 502 SH-- 31 POST|/pay|a b',
    ],
    ['%T %ci %ST %b %s %tsc %Ta %r', '21/Nov/2026:03:56:40 +0000 10.0.0.9 502 api s1 SH-- 31 POST /pay HTTP/1.1'],
    [
      '%{+Q}o %[bc_err_str] %ci %Tl %ST %b %s %tsc %Ta %r',
      '"" "10.0.0.9" "21/Nov/2026:03:56:40 +0100" 502 "api" "s1" "SH--" 31 "POST /pay HTTP/1.1"',
    ],
  ])('%s', (format, line) => {
    const request = requestIn(line, { ...plain, formats: [{ proxy: 'fe', format, capturedHeaders: [] }] });
    expect(request).toMatchObject({
      client: '10.0.0.9',
      status: 502,
      backend: 'api',
      server: 'api/s1',
      method: 'POST',
      path: '/pay',
      durationMs: 31,
      origin: 'proxy-response',
    });
  });
});

describe('a line that is no request', () => {
  it.each<[string, ProxyEvent['kind'], string | null, string | null]>([
    [
      'Server api/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. 1 active and 0 backup servers left.',
      'server-down',
      'api',
      'api/s1',
    ],
    ['Server api/s1 is UP, reason: Layer7 check passed, code: 200, check duration: 0ms.', 'server-up', 'api', 'api/s1'],
    ['Backup Server api/s1 is DOWN, reason: Layer7 timeout.', 'server-down', 'api', 'api/s1'],
    ['Server api/s1 is going DOWN for maintenance. 1 active and 0 backup servers left.', 'server-disabled', 'api', 'api/s1'],
    ['Server api/s1 enters drain state. 1 active and 0 backup servers left.', 'server-disabled', 'api', 'api/s1'],
    ['Server api/s1 is UP/READY (leaving forced maintenance).', 'server-enabled', 'api', 'api/s1'],
    ['Server api/s1 is DOWN (leaving forced drain).', 'server-enabled', 'api', 'api/s1'],
    ['Server api/s1 is DOWN, changed from CLI.', 'server-down', 'api', 'api/s1'],
    ["backend 'api' has no server available!", 'backend-down', 'api', null],
    ['backend api has no server available!', 'backend-down', 'api', null],
    ['Health check for server api/s1 failed, reason: Layer4 timeout.', 'other', 'api', 'api/s1'],
    ['Cannot bind to source address before connect() for backend api. Aborting.', 'connect-error', 'api', null],
    ["Proxy fe_main reached process FD limit (maxsock=4032). Please check 'ulimit-n' and restart.", 'connect-error', null, null],
    ["[ALERT]    (26731) : config : parsing [haproxy.cfg:142] : 'server be_bad/x' : unknown keyword 'chek'", 'config-error', null, null],
    ['[NOTICE]   (26731) : New worker (26733) forked', 'reload', null, null],
    ['Proxy api started.', 'started', null, null],
    [`127.0.0.1:39126 [${stamp}] fe/1: SSL handshake failure`, 'tls-error', null, null],
  ])('%s', (text, kind, backend, server) => {
    const line = text.startsWith('[') ? text : `Nov 21 03:56:40 edge-1 haproxy[18413]: ${text}`;
    expect(eventIn(line)).toMatchObject({ kind, backend, server });
  });

  it('has the instant of its prefix, in the year that fits', () => {
    const line = 'haproxy[1]: Server api/s1 is DOWN.';
    expect(eventIn(`Nov 21 03:56:40 ${line}`)?.at).toBe(at - 594);
    expect(eventIn(`Dec 31 23:59:59 ${line}`)?.at).toBe(new Date(2025, 11, 31, 23, 59, 59).getTime());
  });
});

describe('hostile lines', () => {
  const formats = [...Object.values(builtInFormats), '{"p":"%HP","u":"%[req.hdr(a)]","s":%ST}', '%ci%cp%b'];
  it('never throw, whatever bytes they hold', () => {
    const reader = createLogReader({ formats: formats.map((format) => ({ proxy: 'f', format, capturedHeaders: [] })), backends: null });
    const pieces = fc.constantFrom(
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ' ',
      ':',
      '/',
      '<',
      '-',
      '\u0000',
      stamp,
      good,
      'Nov 21 03:56:40 ',
      '<134>',
      'Server a/b is ',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string())), (parts) => {
        reader.read(parts.join(''), referenceAt);
      }),
      { numRuns: 2_000 },
    );
  });

  it('take no longer than their length allows', () => {
    const reader = createLogReader(plain);
    for (const unit of ['"', ' ', '[', '{', ':', '\\"', 'a ', '127.0.0.1:1 [', 'Server a/b is DOWN ', '(leaving '])
      reader.read(unit.repeat(65_000 / unit.length), referenceAt);
  });

  it('any text is a format', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (format, line) => {
        compileLogFormat(format).match(line);
      }),
    );
  });
});

const captures = '../shared/reference/captures/haproxy-samples.txt';
describe.skipIf(!existsSync(captures))('lines captured from HAProxy', () => {
  it('are all understood', () => {
    const lines = readFileSync(captures, 'utf8')
      .split('\n')
      .filter((line) => /^(fe|st) be_\S+ \d/.test(line) && !line.includes('…'));
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) expect(requestIn(http(line))).toMatchObject({ status: expect.any(Number) as number });
  });
});
