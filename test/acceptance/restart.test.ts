import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { allUp, beginLab, type ChildDaemon, eventually, get, type Json, proxies, startChild } from './running-daemon.ts';

/** A share of errors over half a minute: what a daemon that has just started cannot know by itself. */
const rules = {
  haproxy: {
    alert: 'HaproxyHighHttp5xxErrorRateBackend',
    expr: 'sum by (job, instance, proxy) (rate(haproxy_backend_http_responses_total{code="5xx"}[30s])) / sum by (job, instance, proxy) (rate(haproxy_backend_http_responses_total[30s])) > 0.3',
  },
  traefik: {
    alert: 'TraefikHighHttp5xxErrorRateService',
    expr: 'sum by (job, instance, service) (rate(traefik_service_requests_total{code=~"5.."}[30s])) / sum by (job, instance, service) (rate(traefik_service_requests_total[30s])) > 0.3',
  },
} as const;
const watchMs = 40_000;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** An Alertmanager that takes everything; which alerts it was told have ended. */
async function alertmanager(): Promise<{ readonly url: string; readonly ended: string[]; told(): number }> {
  const ended: string[] = [];
  let told = 0;
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      response.end();
      for (const alert of JSON.parse(text)) {
        told += 1;
        if (Date.parse(alert.endsAt) <= Date.now()) ended.push(JSON.stringify(alert.labels));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ended, told: () => told };
}

async function firing(daemon: ChildDaemon, alert: string): Promise<Json> {
  const { data } = await get(daemon, '/api/v1/alerts');
  return data.alerts.find((one: Json) => one.labels.alertname === alert && one.state === 'firing') ?? null;
}

describe.each(proxies)('kill -9 of the daemon on $kind', ({ kind, installed }) => {
  test.skipIf(!installed)('leaves an alert over a rate as it is', { timeout: 240_000 }, async () => {
    const { alert, expr } = rules[kind];
    const receiver = await alertmanager();
    const { lab, configPath } = await beginLab(kind, {
      change: (yaml) => stringify({ ...parse(yaml), rules: ['./rules.yml'], receivers: [{ alertmanager: { url: receiver.url } }] }),
    });
    await writeFile(join(lab.directory, 'rules.yml'), stringify({ groups: [{ name: 'rates', rules: [{ alert, expr, for: '5s' }] }] }));
    let daemon = await startChild(configPath);
    await allUp(daemon, lab);
    await lab.inject('application-errors', { backend: 'api' });
    const before = await eventually(`${alert} fires`, 90_000, () => firing(daemon, alert));
    await eventually('there is an incident', 20_000, async () => (await get(daemon, '/medic/v1/incidents')).total === 1);

    await daemon.kill();
    daemon = await startChild(configPath);
    const endsAt = Date.now() + watchMs;
    while (Date.now() < endsAt) {
      expect((await firing(daemon, alert))?.activeAt, daemon.log.join('\n')).toBe(before.activeAt);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(receiver.told()).toBeGreaterThan(0);
    expect(receiver.ended).toEqual([]);
    const { total, incidents } = await get(daemon, '/medic/v1/incidents');
    expect([total, incidents[0].state === 'resolved']).toEqual([1, false]);
    expect(await daemon.end()).toBe(0);
  });
});
