import { existsSync, readFileSync } from 'node:fs';
import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkResult, eventOf, parseLogLine, readTraefikLog } from './traefik-log.ts';

const captures = new URL('../../../../../shared/reference/captures/traefik-v3.6/', import.meta.url);
if (!existsSync(captures)) console.log('skipped: no recorded log of Traefik beside the checkout');

const event = (text: string) => {
  const line = parseLogLine(text);
  return line === null ? null : eventOf(line);
};

test.each([
  [
    'JSON of v3',
    '{"level":"warn","serviceName":"app@file","targetURL":"http://10.0.0.2:80","error":"checking HTTP health: received error status code: 503","time":"2026-11-21T02:34:22Z","message":"Health check failed."}',
    { kind: 'server-down', backend: 'app@file', server: 'app@file/10.0.0.2:80', check: { status: 'status', code: 503 } },
  ],
  [
    'text of v3 in colours',
    '\u001b[90m2026-11-21T02:35:26Z\u001b[0m \u001b[33mWRN\u001b[0m \u001b[1mgithub.com/x/healthcheck.go:185\u001b[0m\u001b[36m >\u001b[0m \u001b[1mHealth check failed.\u001b[0m \u001b[36merror=\u001b[0m\u001b[31m\u001b[1m"dial tcp: lookup a.lab: no such host"\u001b[0m\u001b[0m \u001b[36mserviceName=\u001b[0mapp@file \u001b[36mtargetURL=\u001b[0mhttp://a.lab:8080',
    { kind: 'server-down', server: 'app@file/a.lab:8080', check: { status: 'dns' } },
  ],
  [
    'text of v2',
    'time="2026-11-21T02:35:26Z" level=warning msg="Health check failed, removing from server list. Backend: \\"app@file\\" URL: \\"http://10.0.0.2:80\\" Weight: 1 Reason: health check failed: Get http://10.0.0.2:80/: dial tcp 10.0.0.2:80: connect: connection refused" serverName=x',
    { kind: 'server-down', server: 'app@file/10.0.0.2:80', check: { status: 'refused' } },
  ],
  [
    'a recovery',
    '{"level":"debug","serviceName":"app@file","time":"2026-11-21T02:34:20Z","message":"Setting status of http://10.0.0.2:80 to UP"}',
    { kind: 'server-up', server: 'app@file/10.0.0.2:80', check: null },
  ],
  [
    'a rejected file',
    '{"level":"error","providerName":"file","error":"/etc/dynamic/bad.yml: yaml: line 3: x","time":"2026-11-21T02:35:15Z","message":"Error occurred during watcher callback"}',
    { kind: 'config-error', server: null },
  ],
  ['an ordinary line', '{"level":"info","time":"2026-11-21T02:35:15Z","message":"Starting provider"}', null],
  ['no log line', 'Lorem ipsum', null],
] as const)('%s says what happened', (_, text, expected) => {
  const found = event(text);
  if (expected === null) expect(found).toBeNull();
  else expect(found).toMatchObject(expected);
});

test.each([
  ['Get "https://a/": tls: failed to verify certificate: x509: certificate has expired', 'tls', null],
  ['context deadline exceeded', 'timeout', null],
  ['checking HTTP health: received error status code: 404', 'status', 404],
  ['dial tcp 10.9.9.3:80: connect: no route to host', 'unreachable', null],
  ['read: connection reset by peer', 'reset', null],
  ['something new', 'other', null],
])('a failed check is one word: %s', (reason, status, code) => {
  expect(checkResult(reason)).toMatchObject({ status, code });
});

test('no text makes the parser throw', () => {
  const anyLine = fc.oneof(
    fc.string(),
    fc.json(),
    fc.string().map((text) => `2026-11-21T02:35:26Z WRN ${text}`),
    fc.string().map((text) => `time="x" ${text}`),
  );
  fc.assert(fc.property(anyLine, (text) => void event(text)));
});

test.skipIf(!existsSync(captures))('the recorded log of Traefik 3.6 is understood', () => {
  const lines = [
    readFileSync(new URL('traefik-log.jsonl', captures), 'utf8'),
    readFileSync(new URL('traefik-stdout-common-ansi.log', captures), 'utf8'),
  ];
  const events = lines.flatMap((text) => text.split('\n')).flatMap((text) => event(text) ?? []);
  const count = (kind: string) => events.filter((one) => one.kind === kind).length;
  expect(events.filter((one) => one.server === 'app@file/10.0.0.12:8080').map((one) => [one.kind, one.check?.status ?? null])).toEqual([
    ['server-down', 'refused'],
    ['server-down', null],
  ]);
  expect(events.find((one) => one.server === 'app@file/10.0.0.14:8080')).toMatchObject({
    kind: 'server-down',
    check: { status: 'refused' },
  });
  expect(events.filter((one) => one.text.includes('watcher callback')).map((one) => one.kind)).not.toContain('other');
  expect([count('tls-error'), count('server-up')]).toEqual([6, 1]);
});

describe('the end of a log file', () => {
  let root: string;
  let path: string;
  const entry = (second: number, text = 'Health check failed.') =>
    `${JSON.stringify({ level: 'warn', serviceName: 'app@file', targetURL: `http://10.0.0.1:${second}`, time: new Date(second * 1000).toISOString(), message: text })}\n`;
  const read = async (sinceAt: number, limitBytes?: number) =>
    (await readTraefikLog({ path, key: 'log_file' }, sinceAt, AbortSignal.timeout(5000), limitBytes)).map((one) => (one.at ?? 0) / 1000);

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'proxymedic-log-'));
    path = join(root, 'traefik.log');
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  test('begins where it is asked for and leaves out a line that is still being written', async () => {
    await writeFile(path, [1, 2, 3, 4].map((second) => entry(second)).join(''));
    await appendFile(path, entry(5).slice(0, 40));
    expect(await read(3000)).toEqual([3, 4]);
  });

  test('goes on in the rotated file', async () => {
    await writeFile(path, entry(1) + entry(2));
    await rename(path, `${path}.1`);
    await writeFile(path, entry(3));
    expect(await read(2000)).toEqual([2, 3]);
  });

  test('starts anew after the file was truncated', async () => {
    await writeFile(path, entry(1) + entry(2));
    await truncate(path, 0);
    expect(await read(0)).toEqual([]);
    await appendFile(path, entry(3));
    expect(await read(0)).toEqual([3]);
  });

  test('is no longer than its limit, whatever lies in it', async () => {
    await writeFile(path, `${'x'.repeat(3_000_000)}\n\u0000\u0001\n${entry(1)}${entry(2)}`);
    expect(await read(0, entry(1).length + 10)).toEqual([2]);
    expect(await read(0)).toEqual([1, 2]);
  });

  test('that is not there or no regular file cannot be looked at, and the reason names the key', async () => {
    await expect(read(0)).rejects.toMatchObject({ name: 'CannotLook', fix: expect.stringContaining('log_file') });
    path = root;
    await expect(read(0)).rejects.toMatchObject({ name: 'CannotLook', message: expect.stringContaining('not a regular file') });
  });
});
