// biome-ignore-all lint/suspicious/noTemplateCurlyInString: HAProxy writes its variables so

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { healthCheckOf } from './config-check.ts';
import { parseConfig, serverOf } from './config-file.ts';
import { splitWords } from './config-line.ts';
import { type ConfigServer, readAddress, upstreamTls } from './config-server.ts';

const environment = new Map([['PORT', '8080']]);
const parse = (text: string) => parseConfig([{ file: 'haproxy.cfg', text }], { environment });

function server(text: string, name = 's'): ConfigServer {
  const found = serverOf(parse(text), 'b', name);
  if (found === undefined) throw new Error(`no server ${name}`);
  return found;
}

function check(text: string, name = 's') {
  const config = parse(text);
  const proxy = config.proxies.find((candidate) => candidate.name === 'b' && candidate.kind !== 'frontend');
  const found = proxy?.servers.find((candidate) => candidate.name === name);
  if (proxy === undefined || found === undefined) throw new Error('no such server');
  return healthCheckOf(found, proxy.check);
}

describe('a line', () => {
  it.each<[string, readonly string[]]>([
    ['  server s1   10.0.0.1:80\tcheck', ['server', 's1', '10.0.0.1:80', 'check']],
    ['a b # comment', ['a', 'b']],
    ['a b#c', ['a', 'b']],
    ['a\\ b \\# "c d" \'e "f\'', ['a b', '#', 'c d', 'e "f']],
    ['a"b c"d \'\' ""', ['ab cd', '', '']],
    ['"\\"" \'\\\' \\x41', ['"', '\\', 'A']],
    ['"${PORT}" "${NONE-80}" "$PORT" ${PORT} \'${PORT}\'', ['8080', '80', '8080', '${PORT}', '${PORT}']],
    ['"${UNSET}"', ['${UNSET}']],
    ['a "unclosed', ['a', 'unclosed']],
    ['option httpchk GET / HTTP/1.1\\r\\nHost:\\ www', ['option', 'httpchk', 'GET', '/', 'HTTP/1.1\r\nHost: www']],
  ])('%j', (line, words) => {
    expect(splitWords(line, environment)).toEqual(words);
  });

  it('of any bytes is split without an error', () => {
    const pieces = fc.constantFrom('"', "'", '\\', '${', '}', '$', '#', ' ', 'x');
    fc.assert(fc.property(fc.array(fc.oneof(pieces, fc.string())), (parts) => void splitWords(parts.join(''), environment)));
  });
});

describe('an address', () => {
  it.each<[string, string, number | null, string]>([
    ['127.0.0.1:80', '127.0.0.1', 80, 'ip'],
    ['ipv4@10.0.0.1:80', '10.0.0.1', 80, 'ip'],
    ['[::1]:80', '::1', 80, 'ip'],
    ['2001:db8::1:80', '2001:db8::1', 80, 'ip'],
    ['api.internal:443', 'api.internal', 443, 'name'],
    ['api.internal', 'api.internal', null, 'name'],
    ['10.0.0.1:+1000', '10.0.0.1', null, 'ip'],
    ['/run/app.sock', '/run/app.sock', null, 'socket'],
    ['unix@/run/app.sock', 'unix@/run/app.sock', null, 'socket'],
    ['10.0.0.1:99999', '10.0.0.1', null, 'ip'],
  ])('%s', (text, host, port, kind) => {
    expect(readAddress(text)).toEqual({ host, port, kind });
  });
});

describe('a section', () => {
  it('inherits from the last `defaults` before it, or from the one it names', () => {
    const config = parse(`
defaults one
  mode http
  timeout server 1s
defaults two from one
  timeout server 2s
backend a
backend b from one
defaults
backend c
`);
    expect(config.proxies.map(({ name, mode, serverTimeoutMs }) => [name, mode, serverTimeoutMs])).toEqual([
      ['a', 'http', 2_000],
      ['b', 'http', 1_000],
      ['c', 'tcp', null],
    ]);
  });

  it.each<[string, number | null]>([
    ['1500', 1_500],
    ['2s', 2_000],
    ['1m', 60_000],
    ['500us', 0.5],
    ['1d', 86_400_000],
    ['soon', null],
  ])('has `timeout server %s`', (text, expected) => {
    expect(parse(`backend b\n  timeout server ${text}`).proxies[0]?.serverTimeoutMs).toBe(expected);
  });

  it('takes servers from `listen`, templates and `default-server`, which may be taken back', () => {
    const config = parse(`
listen b
  bind :80,:81 ssl crt /x
  server early 10.0.0.1:80
  default-server check inter 5s maxconn 10
  server late 10.0.0.2:80 no-check
  server-template t 2-3 app.internal:80 weight 7
`);
    expect(config.proxies[0]?.binds).toEqual([':80', ':81']);
    expect(
      config.proxies[0]?.servers.map(({ name, options }) => [name, options.has('check'), options.get('maxconn'), options.get('weight')]),
    ).toEqual([
      ['early', false, undefined, undefined],
      ['late', false, '10', undefined],
      ['t2', true, '10', '7'],
      ['t3', true, '10', '7'],
    ]);
  });

  it('may stand under a condition', () => {
    const config = parse(
      '.if 0\nbackend a\n.else\nbackend b\n.endif\n.if defined(PORT)\nbackend c\n.else\nbackend d\n.endif\n.if feature(X)\nbackend e\n.endif',
    );
    expect(config.proxies.map(({ name }) => name)).toEqual(['b', 'c', 'e']);
    expect(config.undecided).toEqual(['haproxy.cfg:11: `.if feature(X)` was read as true.']);
  });

  it('uses variables that `setenv` sets before it', () => {
    const config = parse('global\n  setenv HOST 10.9.9.9\n  presetenv PORT 1\nbackend b\n  server s "${HOST}:${PORT}"');
    expect(config.proxies[0]?.servers[0]?.address).toEqual({ host: '10.9.9.9', port: 8080, kind: 'ip' });
  });
});

describe('a health check', () => {
  const http = 'backend b\n  mode http\n';
  it.each<[string, string, object | null]>([
    ['none', `${http}  server s 1.1.1.1:80`, null],
    ['that follows another server', `${http}  server s 1.1.1.1:80 check track x`, null],
    ['of TCP', `${http}  server s 1.1.1.1:80 check`, { kind: 'tcp', scheme: 'tcp', intervalMs: 2_000, timeoutMs: 2_000, rise: 2, fall: 3 }],
    ['of TLS', `${http}  server s 1.1.1.1:443 check ssl`, { kind: 'tcp', scheme: 'https' }],
    [
      'of HTTP, bare',
      `${http}  option httpchk\n  server s 1.1.1.1:80 check`,
      { kind: 'http', method: 'OPTIONS', path: '/', expectStatus: [[200, 399]] },
    ],
    ['of one path', `${http}  option httpchk /up\n  server s 1.1.1.1:80 check`, { method: 'OPTIONS', path: '/up' }],
    [
      'with a header in the version',
      `${http}  option httpchk GET /up HTTP/1.1\\r\\nHost:\\ www\n  server s 1.1.1.1:80 check`,
      { path: '/up', hostHeader: 'www' },
    ],
    [
      'with `http-check send`',
      `${http}  option httpchk\n  http-check send meth GET uri /up ver HTTP/1.1 hdr Host www hdr X-A b\n  server s 1.1.1.1:80 check`,
      { method: 'GET', path: '/up', headers: { Host: 'www', 'X-A': 'b' } },
    ],
    [
      'of another port',
      `${http}  option httpchk\n  server s 1.1.1.1:443 ssl check port 8080 addr 2.2.2.2`,
      { host: '2.2.2.2', port: 8080, scheme: 'http' },
    ],
    [
      'of another port over TLS',
      `${http}  option httpchk\n  server s 1.1.1.1:80 check check-ssl port 8443`,
      { port: 8443, scheme: 'https' },
    ],
    [
      'with `http-check connect`',
      `${http}  option httpchk\n  http-check connect port 9 ssl\n  server s 1.1.1.1:80 check`,
      { port: 9, scheme: 'https' },
    ],
    [
      'with `http-check connect default`',
      `${http}  option httpchk\n  http-check connect default\n  server s 1.1.1.1:80 check ssl`,
      { port: null, scheme: 'https' },
    ],
    [
      'with its own times',
      `${http}  timeout check 300ms\n  server s 1.1.1.1:80 check inter 1s rise 1 fall 9`,
      { intervalMs: 1_000, timeoutMs: 300, rise: 1, fall: 9 },
    ],
    [
      'that expects codes',
      `${http}  option httpchk\n  http-check expect status 200,300-301\n  server s 1.1.1.1:80 check`,
      {
        expectStatus: [
          [200, 200],
          [300, 301],
        ],
      },
    ],
    [
      'that expects no codes',
      `${http}  option httpchk\n  http-check expect ! rstatus ^5\n  server s 1.1.1.1:80 check`,
      { expectStatus: [[100, 499]] },
    ],
    [
      'that expects text',
      `${http}  option httpchk\n  http-check expect string all good\n  server s 1.1.1.1:80 check`,
      { expectStatus: [[100, 599]], expectText: 'all good' },
    ],
    ['in another protocol', `${http}  option redis-check\n  server s 1.1.1.1:80 check`, { kind: 'other' }],
    ['that only connects', `${http}  option tcp-check\n  tcp-check connect\n  server s 1.1.1.1:80 check`, { kind: 'tcp' }],
    [
      'inherited',
      'defaults\n  option httpchk GET /up\n  http-check expect status 204\n  default-server check inter 9s\nbackend b\n  server s 1.1.1.1:80',
      { path: '/up', intervalMs: 9_000, expectStatus: [[204, 204]] },
    ],
    [
      'with rules in place of the inherited ones',
      'defaults\n  option httpchk\n  http-check expect status 204\nbackend b\n  http-check expect status 200\n  server s 1.1.1.1:80 check',
      { expectStatus: [[200, 200]] },
    ],
  ])('%s', (_, text, expected) => {
    const found = check(text);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toMatchObject(expected);
  });
});

describe('TLS to a server', () => {
  const globals = { caBase: '/etc/ca', certificateBase: '/etc/crt', verifyServers: true };
  it.each<[string, object | null]>([
    ['', null],
    ['ssl verify none', { verify: false, caFile: null, serverName: null }],
    ['ssl ca-file ca.pem', { verify: true, caFile: '/etc/ca/ca.pem' }],
    [
      'ssl verify required ca-file @system-ca sni str(api.example) verifyhost other.example',
      { verify: true, caFile: null, serverName: 'api.example', verifyHost: 'other.example' },
    ],
    ['ssl verify none sni req.hdr(host)', { serverName: null }],
    [
      'check-ssl check-sni health.example crt /abs/client.pem verify none',
      { serverName: 'health.example', certificateFile: '/abs/client.pem' },
    ],
  ])('%s', (options, expected) => {
    const tls = upstreamTls(server(`backend b\n  server s 1.1.1.1:443 ${options}`), globals);
    if (expected === null) expect(tls).toBeNull();
    else expect(tls).toMatchObject(expected);
  });
});

describe('routes and problems', () => {
  it('are found with file and line', () => {
    const config = parse(`
frontend f
  acl api path_beg /api
  acl api path_beg /v2
  use_backend b if api !{ src 10.0.0.0/8 }
  use_backend %[req.hdr(host),lower] if TRUE
  use_backend gone
  default_backend b
backend b
  server s 1.1.1.1:80 track nowhere
  server s 1.1.1.1:81 resolvers none
backend b
backend c from nothing
`);
    expect(config.proxies[0]?.routes.map(({ name, backend, rule, state }) => [name, backend, rule, state])).toEqual([
      ['f/b', 'b', 'if api !{ src 10.0.0.0/8 } (api: path_beg /api or path_beg /v2)', 'enabled'],
      ['f/%[req.hdr(host),lower]', null, '%[req.hdr(host),lower] if TRUE', 'enabled'],
      ['f/gone', 'gone', 'always', 'disabled'],
      ['f/b#2', 'b', 'default', 'enabled'],
    ]);
    expect(config.problems.map(({ kind, line }) => [kind, line])).toEqual([
      ['missing-reference', 13],
      ['conflict', 11],
      ['conflict', 12],
      ['missing-reference', 7],
      ['missing-reference', 10],
      ['missing-reference', 11],
    ]);
  });

  it('any text is a configuration', () => {
    const words = fc.constantFrom(
      'backend',
      'defaults',
      'frontend',
      'listen',
      'server',
      'server-template',
      'from',
      'a',
      '1-9',
      '.if',
      '.endif',
      '\n',
      ' ',
      'http-check expect rstatus',
      '((((',
      'option httpchk',
      ':::',
    );
    fc.assert(fc.property(fc.array(fc.oneof(words, fc.string())), (parts) => void parse(parts.join(' '))));
  });
});
