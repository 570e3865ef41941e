import fc from 'fast-check';
import { expect, test } from 'vitest';
import { guessFields } from './guessed-format.ts';

const lines: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  [
    'a text format that begins like httplog',
    '127.0.7.3:4711 [21/Nov/2026:05:00:00.123] public shop/node1 0/0/1/12/13 503 217 SC-- 0 "GET /v1/prices?x=1 HTTP/1.1" - host=shop.test',
    { ci: '127.0.7.3', b: 'shop', s: 'node1', ST: '503', tsc: 'SC--', Tr: '12', Ta: '13', tr: '21/Nov/2026:05:00:00.123' },
  ],
  [
    'a JSON format of somebody',
    '{"time":"21/Nov/2026:05:00:00 +0000","client":"10.0.0.9","frontend":"public","backend":"shop","server":"s2","tr":4,"ta":5,"status":404,"term":"----","request":"GET /a/b HTTP/1.1"}',
    { ci: '10.0.0.9', b: 'shop', s: 's2', ft: 'public', ST: '404', tsc: '----', Tr: '4', Ta: '5', r: 'GET /a/b HTTP/1.1' },
  ],
  [
    'seconds since 1970, method and path apart',
    '{"timestamp":1795653600,"remote_addr":"10.0.0.9","be_name":"bi","srv_name":"s2","http_status":"500","method":"GET","uri":"/export/csv","duration_ms":"8","termination_state":"--"}',
    { ci: '10.0.0.9', b: 'bi', s: 's2', ST: '500', r: 'GET /export/csv', Ta: '8', tsc: '--', Ts: '1795653600', ms: '0' },
  ],
  [
    'an ISO date in JSON',
    '{"@timestamp":"2026-11-21T05:00:00.250Z","client":"10.0.0.9","backend":"shop","server":"s2","status":404,"request":"GET /a HTTP/1.1"}',
    { b: 'shop', s: 's2', ST: '404', Ts: '1795237200', ms: '250' },
  ],
  [
    'names before equals signs',
    'time=1795653600.125 client=10.0.0.9 fe=public be=shop srv=s2 status=503 method=GET path=/a/b term=SC',
    { ci: '10.0.0.9', ft: 'public', b: 'shop', s: 's2', ST: '503', r: 'GET /a/b', tsc: 'SC', Ts: '1795653600', ms: '125' },
  ],
  [
    'a path that holds what looks like a place and a status',
    '10.1.1.1:1 [21/Nov/2026:05:00:00.000] f b/s 0/0/0/1/1 200 5 ---- "GET /x/y 500/500 HTTP/1.1"',
    { b: 'b', s: 's', ST: '200' },
  ],
];

test.each(lines)('%s is understood', (_, line, wanted) => {
  expect(Object.fromEntries(guessFields(line) ?? [])).toMatchObject(wanted);
});

test('what is no request is not taken for one', () => {
  expect(guessFields('Server shop/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused"')).toBeNull();
  expect(guessFields('{"level":"info","status":200}')).toBeNull();
});

test('any text is read without an error', () => {
  fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => guessFields(text) === null || true));
  fc.assert(fc.property(fc.json(), (text) => guessFields(`{"r":"GET /",${text}}`) === null || true));
});
