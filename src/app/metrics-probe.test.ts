import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { probeMetrics } from './metrics-probe.ts';

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function probed(answer: (response: ServerResponse) => void) {
  const server = createServer((_, response) => answer(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return await probeMetrics(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`, AbortSignal.timeout(10_000));
}

test.each([
  ['metrics', 'ok', 'up_since{a="b"} 1\n', null],
  ['metrics of an exporter whose HAProxy is gone', 'refused', '# TYPE haproxy_up gauge\nhaproxy_up 0\n', /haproxy_up 0/],
  ['a page for people', 'error', '<html>hello</html>', /no metrics/],
  ['nothing', 'error', '', /no metrics/],
  ['metrics with a mistake, none of which a scrape would keep', 'error', 'good 1\nbad{ 1\n', /line 2/],
] as const)('%s: %s', async (_, outcome, text, code) => {
  const answer = await probed((response) => response.end(text));
  expect(answer.outcome).toBe(outcome);
  expect(answer.code ?? '').toMatch(code ?? /^$/);
});

test('who says nothing is silent', async () => {
  expect(await probed(() => {})).toMatchObject({ outcome: 'timeout' });
});

test('who goes on and on is not', async () => {
  const endless = (response: ServerResponse) => {
    const timer = setInterval(() => response.write('good 1\n'), 50);
    response.on('close', () => clearInterval(timer));
  };
  expect(await probed(endless)).toMatchObject({ outcome: 'error', code: expect.stringContaining('no end') });
});
