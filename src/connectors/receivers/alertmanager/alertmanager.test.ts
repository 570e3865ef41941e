import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { labelsOf } from '../../../model/labels.ts';
import { tellAlertmanager } from './alertmanager.ts';

const never = new AbortController().signal;
const alert = { labels: labelsOf([['alertname', 'Down']]), annotations: {}, startsAt: 0, endsAt: 240_000, generatorUrl: null };

/** What a server that answers with `status` was asked. */
async function asked(status: number): Promise<{ readonly path: string; readonly body: unknown; readonly failure: string | null }> {
  let path = '';
  let text = '';
  const server = createServer((request, response) => {
    path = `${request.method} ${request.url}`;
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix/`;
  const more = { ...alert, annotations: { summary: 'is down' }, generatorUrl: 'http://medic/graph' };
  const failure = await tellAlertmanager(url, [alert, more], never).then(
    () => null,
    (error: Error) => error.message,
  );
  server.closeAllConnections();
  server.close();
  return { path, body: JSON.parse(text), failure };
}

test('posts alerts as Prometheus does', async () => {
  expect(await asked(200)).toEqual({
    path: 'POST /prefix/api/v2/alerts',
    body: [
      { labels: { alertname: 'Down' }, startsAt: '1970-01-01T00:00:00.000Z', endsAt: '1970-01-01T00:04:00.000Z' },
      {
        labels: { alertname: 'Down' },
        annotations: { summary: 'is down' },
        startsAt: '1970-01-01T00:00:00.000Z',
        endsAt: '1970-01-01T00:04:00.000Z',
        generatorURL: 'http://medic/graph',
      },
    ],
    failure: null,
  });
});

test('says when they were not taken', async () => {
  expect((await asked(400)).failure).toBe('the Alertmanager answered 400');
});
