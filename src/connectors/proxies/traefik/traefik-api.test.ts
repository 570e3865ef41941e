import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TraefikApi } from './traefik-api.ts';

describe('an API that does not answer as it should', () => {
  let server: Server;
  let url: string;
  let answer: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;

  beforeAll(async () => {
    server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const api = (path = '') => new TraefikApi(`${url}${path}`, 'targets[front].traefik.api_url', { timeoutMs: 200, sizeBytes: 1000 });
  const never = new AbortController().signal;

  test.each([
    ['not-enabled', (response: ServerResponse) => response.writeHead(404).end('404 page not found'), 'api@internal'],
    [
      'redirect',
      (response: ServerResponse) => response.writeHead(302, { location: 'http://login.example/' }).end(),
      'address it points to',
    ],
    ['unauthorized', (response: ServerResponse) => response.writeHead(401).end(), 'a user that may read'],
    ['status', (response: ServerResponse) => response.writeHead(500).end(), 'api_url'],
    ['not-json', (response: ServerResponse) => response.end('<!doctype html>'), 'api_url'],
    ['too-large', (response: ServerResponse) => response.end('x'.repeat(2000)), 'api_url'],
    ['timeout', (response: ServerResponse) => response.write('{'), 'Check that Traefik runs'],
    ['unreachable', (response: ServerResponse) => response.writeHead(200).write('{', () => response.destroy()), 'api_url'],
  ])('%s says what to do', async (code, respond, fix) => {
    answer = (_, response) => respond(response);
    await expect(api().json('/api/version', never)).rejects.toMatchObject({ code, fix: expect.stringContaining(fix) });
  });

  test('refused, no URL and aborted are told apart', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await expect(new TraefikApi(`http://127.0.0.1:${port}`, 'k').json('/', never)).rejects.toMatchObject({ code: 'refused' });
    await expect(api().json('/', AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
    expect(() => new TraefikApi('file:///etc/passwd', 'k')).toThrow(expect.objectContaining({ code: 'bad-url' }));
  });

  test('a base path and credentials of the URL are used, and not repeated in an error', async () => {
    answer = (request, response) => response.end(JSON.stringify([request.url, request.headers.authorization]));
    const withUser = new TraefikApi(`${url.replace('//', '//user:se%20cret@')}/base/`, 'k');
    expect(await withUser.json('/api/version', never)).toEqual(['/base/api/version', `Basic ${btoa('user:se cret')}`]);
    answer = (_, response) => response.writeHead(401).end();
    await expect(withUser.json('/api/version', never)).rejects.toMatchObject({ message: expect.not.stringContaining('cret') });
  });

  test('reading ends early when it has enough', async () => {
    answer = (_, response) => response.write('first\n');
    expect(await api().text('/metrics', never, (body) => body.includes('first'))).toBe('first\n');
  });
});
