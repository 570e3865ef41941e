import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DEFAULT_TRANSPORT, readServersTransport } from './upstream-tls.ts';

const unexpected = (reason: string): void => {
  throw new Error(reason);
};

test('an empty transport is Traefik with its defaults', async () => {
  expect(await readServersTransport({}, unexpected)).toEqual(DEFAULT_TRANSPORT);
});

test('one authority is named by its path, several and texts become one PEM', async () => {
  const root = await mkdtemp(join(tmpdir(), 'proxymedic-tls-'));
  await writeFile(join(root, 'a.pem'), 'A');
  const pem = '-----BEGIN CERTIFICATE-----\nB';
  expect((await readServersTransport({ rootCAs: ['/etc/ca.pem'] }, unexpected)).tls).toMatchObject({ caFile: '/etc/ca.pem', caPem: null });
  const several = {
    rootCAs: [join(root, 'a.pem'), pem],
    serverName: 'app',
    insecureSkipVerify: true,
    certificates: [{ certFile: 'c', keyFile: 'k' }],
  };
  expect((await readServersTransport(several, unexpected)).tls).toEqual({
    verify: false,
    caFile: null,
    caPem: `A\n${pem}`,
    serverName: 'app',
    verifyHost: null,
    certificateFile: 'c',
    keyFile: 'k',
  });
  const reasons: string[] = [];
  await readServersTransport({ rootCAs: [join(root, 'gone.pem'), pem] }, (reason) => reasons.push(reason));
  expect(reasons).toEqual([expect.stringContaining('gone.pem')]);
  await rm(root, { recursive: true });
});

test('timeouts are in milliseconds, and no response timeout is none', async () => {
  const timeouts = { dialTimeout: '2s', responseHeaderTimeout: 5 };
  expect(await readServersTransport({ forwardingTimeouts: timeouts }, unexpected)).toMatchObject({
    dialTimeoutMs: 2000,
    responseHeaderTimeoutMs: 5000,
  });
});
