import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import type { Message } from '../../../respond/incidents/message.ts';
import { createWebhook } from './webhook.ts';

const message: Message = {
  incident: { id: 'i1', title: 'api on edge: "refused"', state: 'open', severity: 'critical', target: 'edge', backend: 'api' },
  event: { kind: 'diagnosis', summary: 'Cause found.', at: '2026-11-20T10:00:00.000Z', actor: 'proxymedic' },
  causes: [{ id: 'connection-refused', subjects: ['api/s1'], confidence: 0.97 }],
  url: 'http://127.0.0.1:9920/incidents/i1',
};

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listener(status: number): Promise<{ url: string; got: { body: string; signature: string | undefined }[] }> {
  const got: { body: string; signature: string | undefined }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString('utf8')));
    request.on('end', () => {
      got.push({ body, signature: request.headers['x-proxymedic-signature']?.toString() });
      response.writeHead(status).end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/hook`, got };
}

test('posts the message as JSON, signed with the secret', async () => {
  const { url, got } = await listener(204);
  await createWebhook({ name: 'hook', url: async () => url, secret: async () => 'key' }).send(message, AbortSignal.timeout(5_000));
  expect(JSON.parse(got[0]?.body ?? '')).toEqual(message);
  expect(got[0]?.signature).toBe(
    `sha256=${createHmac('sha256', 'key')
      .update(got[0]?.body ?? '')
      .digest('hex')}`,
  );
});

test('is unsigned without a secret, and fails on anything but 2xx', async () => {
  const { url, got } = await listener(500);
  const webhook = createWebhook({ name: 'hook', url: async () => url, secret: async () => null });
  await expect(webhook.send(message, AbortSignal.timeout(5_000))).rejects.toThrow('the webhook hook answered 500');
  expect(got[0]?.signature).toBeUndefined();
});
