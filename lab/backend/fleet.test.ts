import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { certificateKinds, makeCertificateSet } from '../certificates.ts';
import { Supervisor } from '../supervisor.ts';
import { describeTopology } from '../topology.ts';
import { waitFor } from '../waiting.ts';
import type { Answer } from './behaviour.ts';
import { type LabServer, startFleet } from './fleet.ts';

const certificates = makeCertificateSet(['secure.lab.test'], Date.now());

describe('a server that misbehaves on command', () => {
  const directory = mkdtempSync(join(tmpdir(), 'proxymedic-fleet-'));
  const supervisor = new Supervisor();
  let plain: LabServer;
  let secure: LabServer;

  beforeAll(async () => {
    const tls = join(directory, 'tls');
    mkdirSync(tls);
    for (const kind of certificateKinds) {
      writeFileSync(join(tls, `${kind}.pem`), certificates.pairs[kind].certificatePem);
      writeFileSync(join(tls, `${kind}.key`), certificates.pairs[kind].keyPem);
    }
    const topology = describeTopology({
      backends: [
        { name: 'plain', servers: 1 },
        { name: 'secure', servers: 1, tls: true },
      ],
    });
    const servers = await startFleet(topology, { directory, certificates: () => tls }, supervisor);
    [plain, secure] = servers as [LabServer, LabServer];
  });

  afterEach(async () => {
    for (const server of [plain, secure]) {
      await server.appear();
      await server.behave({});
      await server.start();
    }
  });

  afterAll(async () => {
    await supervisor.stop(0);
    rmSync(directory, { recursive: true });
  });

  it.each<[Answer, string]>([
    [{ kind: 'status', status: 418, headers: { 'x-a': 'b' } }, '418 status 418\n'],
    [{ kind: 'delay', delayMs: 1 }, '200 {"backend":"plain","server":"s1","path":"/orders"}'],
    [{ kind: 'hang' }, 'timeout'],
    [{ kind: 'close' }, 'socket hang up'],
    [{ kind: 'reset' }, 'read ECONNRESET'],
    [{ kind: 'truncate' }, '200 cut'],
    [{ kind: 'garbage' }, 'Parse Error'],
    [{ kind: 'large-headers' }, 'Parse Error'],
    [{ kind: 'wrong-body' }, '200 <html><body>Welcome to nginx!'],
    [{ kind: 'crash' }, 'socket hang up'],
  ])('answers %j with %s, and its health check as ever', async (answer, seen) => {
    await plain.behave({ rules: [{ paths: null, share: 1, answer }] });
    expect(await ask(plain, '/health')).toMatch(/^200 /);
    expect((await ask(plain, '/orders')).startsWith(seen)).toBe(true);
  });

  it('dies of a crash and comes back with the behaviour it had', async () => {
    await plain.behave({ rules: [{ paths: ['/orders'], share: 1, answer: { kind: 'crash' } }] });
    await ask(plain, '/orders');
    await waitFor('the process to end', 5000, () => plain.pid === null);
    expect(await ask(plain, '/users')).toMatch(/ECONNREFUSED/);
    await plain.start();
    expect(await ask(plain, '/users')).toMatch(/^200 /);
    await ask(plain, '/orders');
    await waitFor('the process to end again', 5000, () => plain.pid === null);
  });

  it.each([
    ['banner', 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'],
    ['silent', 'timeout'],
  ] as const)('speaks no HTTP when told to be %s', async (wire, seen) => {
    await plain.behave({ wire });
    expect(await firstBytes(plain)).toBe(seen);
  });

  it.each([
    ['good', 'trusted'],
    ['expired', 'CERT_HAS_EXPIRED'],
    ['self-signed', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['unknown-authority', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['wrong-name', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const)('shows a certificate that is %s', async (certificate, verdict) => {
    await secure.behave({ certificate });
    expect(await handshake(secure)).toBe(verdict);
  });

  it('stops speaking TLS when told so', async () => {
    await secure.behave({ wire: 'plain' });
    expect(await ask(secure, '/orders')).toMatch(/^200 /);
  });

  it.each(['drop', 'queue-full'] as const)('vanishes from the network (%s) and returns', async (how) => {
    await plain.vanish(how);
    expect(plain.pid).toBeNull();
    expect(await firstBytes(plain)).toBe('no connection');
    await expect(plain.start()).rejects.toThrow(/ended while starting/);
    await plain.appear();
    await plain.start();
    expect(await ask(plain, '/orders')).toMatch(/^200 /);
  });
});

const patienceMs = 300;

/** `status body`, or what went wrong. */
function ask(server: LabServer, path: string): Promise<string> {
  return new Promise((resolve) => {
    const timeout = path === '/health' ? 5000 : 1500;
    const sent = request({ host: server.host, port: server.port, path, agent: false, timeout }, (response) => {
      let body = '';
      response.on('data', (part: Buffer) => {
        body += part.toString();
      });
      response.on('error', () => {});
      response.once('close', () => resolve(`${response.statusCode} ${response.complete ? body : 'cut'}`));
    });
    sent.once('timeout', () => sent.destroy(new Error('timeout')));
    sent.once('error', (error) => resolve(error.message));
    sent.end();
  });
}

function firstBytes(server: LabServer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.port, server.host);
    let connected = false;
    socket.setTimeout(patienceMs, () => {
      socket.destroy();
      resolve(connected ? 'timeout' : 'no connection');
    });
    socket.once('connect', () => {
      connected = true;
    });
    socket.once('data', (part) => {
      socket.destroy();
      resolve(part.toString());
    });
    socket.once('error', (error) => resolve(error.message));
  });
}

function handshake(server: LabServer): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: server.host, port: server.port, servername: 'secure.lab.test', ca: certificates.authorityPem };
    const socket = connectTls(options, () => {
      socket.destroy();
      resolve('trusted');
    });
    socket.once('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message));
  });
}
