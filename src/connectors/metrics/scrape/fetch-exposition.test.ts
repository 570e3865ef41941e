import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { ScrapeError } from '../../../detect/scrape/scrape-error.ts';
import { fetchExposition } from './fetch-exposition.ts';

const open: Server[] = [];

afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function get(
  url: string,
  more: { timeoutMs?: number; sizeLimitBytes?: number; headers?: Record<string, string> } = {},
): Promise<string> {
  const { body, format } = await fetchExposition({ target: 'edge', url, timeoutMs: 5_000, ...more }, new AbortController().signal);
  return `${format}: ${new TextDecoder().decode(body)}`;
}

async function failure(url: string, more: Parameters<typeof get>[1] = {}): Promise<ScrapeError> {
  const error = await get(url, more).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ScrapeError)) throw new Error(`expected a ScrapeError, got ${String(error)}`);
  return error;
}

test('gets text', async () => {
  const url = await serve((request, response) => response.end(`x{path="${request.url}",h="${String(request.headers['x-test'])}"} 1\n`));
  expect(await get(`${url}/metrics?a=b`, { headers: { 'x-test': 'yes' } })).toBe('prometheus: x{path="/metrics?a=b",h="yes"} 1\n');
});

test('unpacks gzip and knows OpenMetrics', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/openmetrics-text; version=1.0.0' });
    response.end(gzipSync('a 1\n# EOF\n'));
  });
  expect(await get(url)).toBe('openmetrics: a 1\n# EOF\n');
});

test('keeps the connection between scrapes, and survives when the other side closed it', async () => {
  const ports = new Set<number>();
  const url = await serve((request, response) => {
    ports.add(request.socket.remotePort ?? 0);
    response.end('a 1\n');
  });
  await get(url);
  await get(url);
  expect(ports.size).toBe(1);
  open[0]?.closeAllConnections();
  expect(await get(url)).toBe('prometheus: a 1\n');
});

test('follows a redirect, without showing the headers elsewhere', async () => {
  const seen: (string | undefined)[] = [];
  const second = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end('a 1\n');
  });
  const first = await serve((_, response) => response.writeHead(302, { location: `${second}/x` }).end());
  expect(await get(first, { headers: { authorization: 'Bearer x' } })).toBe('prometheus: a 1\n');
  expect(seen).toEqual([undefined]);
});

test.each([
  [302, '/loop', 'redirect', 'more than 3 redirects'],
  [302, 'file:///etc/passwd', 'redirect', 'redirected to file:'],
  [302, undefined, 'http-status', 'HTTP status 302'],
  [404, undefined, 'http-status', 'HTTP status 404'],
  [503, undefined, 'http-status', 'HTTP status 503'],
  [204, undefined, 'http-status', 'HTTP status 204'],
])('status %i with location %s fails as %s', async (status, location, code, text) => {
  const url = await serve((_, response) => response.writeHead(status, location === undefined ? {} : { location }).end());
  const error = await failure(url);
  expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
});

test('a server that never answers is a timeout', async () => {
  const error = await failure(await serve(() => {}), { timeoutMs: 80 });
  expect(error.code).toBe('timeout');
  expect(error.message).toContain('no complete answer within 80 ms');
  expect(error.retryable).toBe(true);
});

test('a body that drips is a timeout', async () => {
  const url = await serve((_, response) => {
    const drip = setInterval(() => response.write('a'), 10);
    response.on('close', () => clearInterval(drip));
  });
  expect((await failure(url, { timeoutMs: 150 })).code).toBe('timeout');
});

test('a body over the limit is broken off, announced or not', async () => {
  let sentBytes = 0;
  const endless = await serve((_, response) => {
    const chunk = Buffer.alloc(65_536, 'a');
    const more = (): void => {
      sentBytes += chunk.length;
      if (!response.destroyed && sentBytes < 200_000_000) response.write(chunk, () => setImmediate(more));
    };
    more();
  });
  const error = await failure(endless, { sizeLimitBytes: 1_000_000 });
  expect([error.code, error.retryable]).toEqual(['too-large', false]);
  expect(sentBytes).toBeLessThan(50_000_000);
  const announced = await serve((_, response) => response.writeHead(200, { 'content-length': '200000000' }).write('a'));
  expect((await failure(announced)).message).toContain('200000000 bytes or more, limit 100000000');
});

test('a small body that unpacks to a huge one is refused', async () => {
  const bomb = gzipSync(Buffer.alloc(20_000_000));
  const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
  expect((await failure(url, { sizeLimitBytes: 1_000_000 })).code).toBe('too-large');
});

test('the deadline and the end of the program interrupt unpacking, too', async () => {
  const bomb = gzipSync(Buffer.alloc(300_000_000));
  const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
  const startedAt = performance.now();
  const error = await failure(url, { timeoutMs: 60, sizeLimitBytes: 400_000_000 });
  expect([error.code, error.message]).toEqual(['timeout', expect.stringContaining('within 60 ms')]);
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 60);
  const request = { target: 'edge', url, timeoutMs: 60_000, sizeLimitBytes: 400_000_000 };
  await expect(fetchExposition(request, abort.signal)).rejects.toMatchObject({ code: 'stopped' });
  // Whole, it takes a second on a machine that does nothing else; here twice.
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test.each([
  ['gzip', 'plain', 'says it is gzip and is not'],
  ['br', 'x', 'Content-Encoding br'],
])('an answer with Content-Encoding %s that cannot be read is told apart', async (encoding, body, text) => {
  const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body));
  const error = await failure(url);
  expect([error.code, error.message]).toEqual(['bad-encoding', expect.stringContaining(text)]);
});

test('a connection that closes at once, or in the middle, is a reset', async () => {
  const atOnce = await serve((request) => request.socket.destroy());
  expect((await failure(atOnce)).code).toBe('reset');
  const halfway = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('a 1\n', () => response.destroy());
  });
  expect((await failure(halfway)).code).toBe('reset');
});

test('something that does not speak HTTP is told', async () => {
  const server = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const error = await failure(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  server.close();
  expect(error.code).toBe('bad-encoding');
});

test('nothing that listens is a refusal, https towards http is TLS, an unknown name is DNS', async () => {
  const url = await serve((_, response) => response.end());
  expect((await failure(url.replace('http:', 'https:'))).code).toBe('tls');
  open.splice(0).forEach((server) => {
    server.closeAllConnections();
    server.close();
  });
  const error = await failure(url);
  expect(error.code).toBe('refused');
  expect(error.message).toContain('scrape of edge (http://127.0.0.1:');
  expect(error.message).toContain('nothing listens there');
  expect((await failure('http://name.invalid/')).code).toBe('dns');
});

test('can be called off', async () => {
  const url = await serve(() => {});
  const abort = new AbortController();
  const running = fetchExposition({ target: 'edge', url, timeoutMs: 5_000 }, abort.signal);
  abort.abort();
  await expect(running).rejects.toMatchObject({ code: 'stopped' });
  await expect(fetchExposition({ target: 'edge', url, timeoutMs: 5_000 }, abort.signal)).rejects.toMatchObject({ code: 'stopped' });
});
