import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { allowedPlan, begin, eventually, get, incidentWithCause, type Json, post, proxies, pushed } from './running-daemon.ts';

const { installed } = proxies[0];
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) (server.closeAllConnections as () => void)();
    server.close();
  }
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A metrics endpoint that answers however somebody thought fit. */
async function endpoint(answer: (response: ServerResponse) => void): Promise<number> {
  return await listening(createServer((_request, response) => answer(response)));
}

/** More than any exposition has, in pieces, for as long as somebody reads. */
function pour(response: ServerResponse, leftBytes: number): void {
  const line = 'haproxy_up 1\n'.repeat(5_000);
  for (let left = leftBytes; left > 0; left -= line.length) {
    if (response.destroyed) return;
    if (!response.write(line)) {
      response.once('drain', () => pour(response, left - line.length));
      return;
    }
  }
  response.end();
}

describe.skipIf(!installed)('beside a proxy that is well', () => {
  test('endpoints that serve nonsense, too much, nothing, or hang are down with a reason; the rest goes on', {
    timeout: 120_000,
  }, async () => {
    const odd: Readonly<Record<string, number>> = {
      html: await endpoint((response) =>
        response.setHeader('content-type', 'text/html').end('<html><body>Welcome to nginx!</body></html>'),
      ),
      huge: await endpoint((response) => pour(response, 100_000_000)),
      empty: await endpoint((response) => response.end()),
      hangs: await endpoint(() => undefined),
      closes: await listening(createSocketServer((socket) => socket.destroy())),
    };
    const daemon = await begin('haproxy', {
      change(yaml) {
        const more = Object.entries(odd).map(
          ([name, port]) =>
            `  - name: ${name}\n    proxy: haproxy\n    metrics_url: http://127.0.0.1:${port}/metrics\n    scrape_interval: 1s\n`,
        );
        return yaml.replace(/^targets:\n/m, `targets:\n${more.join('')}`);
      },
    });
    const targets = await eventually('every odd target has been judged', 30_000, async () => {
      const all = (await get(daemon, '/medic/v1/targets')).targets;
      return all.every((target: Json) => target.health !== 'unknown') ? all : null;
    });
    const health = Object.fromEntries(targets.map((target: Json) => [target.name, target.health]));
    expect(health).toMatchObject({ edge: 'up', html: 'down', huge: 'down', hangs: 'down', closes: 'down' });
    for (const target of targets) if (target.health === 'down') expect(target.lastError, target.name).toBeTruthy();

    await daemon.lab.inject('connection-refused', { backend: 'api' });
    const incident = await incidentWithCause(daemon, 'connection-refused');
    expect(incident.target).toBe('edge');
    await allowedPlan(daemon, incident.id);
    expect(process.memoryUsage.rss()).toBeLessThan(1_500_000_000);
    expect(daemon.log.filter((line) => line.includes('a bug'))).toEqual([]);
  });

  test('a stats socket that closes at once stops no diagnosis, and nothing is changed blindly', { timeout: 120_000 }, async () => {
    const port = await listening(createSocketServer((socket) => socket.destroy()));
    const daemon = await begin('haproxy');
    const good = await readFile(daemon.configPath, 'utf8');
    await writeFile(daemon.configPath, good.replace(/stats_socket: .*/, `stats_socket: 127.0.0.1:${port}`));
    expect((await post(daemon, '/-/reload', {})).status).toBe(200);
    await daemon.lab.inject('connection-refused', { backend: 'api' });
    const incident = await eventually('an incident with a verdict', 60_000, async () => {
      const { incidents } = await get(daemon, '/medic/v1/incidents?state=open');
      return incidents[0]?.verdict ? await get(daemon, `/medic/v1/incidents/${incidents[0].id}`) : null;
    });
    const { plans } = await eventually('a plan, or why there is none', 30_000, async () => {
      const now = await get(daemon, `/medic/v1/incidents/${incident.id}`);
      return now.plans.length > 0 || now.timeline.some((entry: Json) => entry.kind === 'note') ? now : null;
    });
    // Dead processes may be started: that they listen again is seen without the socket. What would go over it is not.
    for (const plan of plans) {
      const answer = await post(daemon, `/medic/v1/plans/${plan.id}/approval`, { planHash: plan.hash, reason: 'try' });
      if (plan.action === 'process/restart') expect([200, 422]).toContain(answer.status);
      else expect(answer.status).toBe(422);
    }
    expect(daemon.log.filter((line) => line.includes('a bug'))).toEqual([]);
  });

  test('a page that names an unknown check is a finding, hostile alerts are text', { timeout: 120_000 }, async () => {
    const pages: string[] = [];
    const daemon = await begin('haproxy', {
      change(yaml, lab) {
        pages.push(join(lab.directory, 'pages'));
        return yaml.replace(/^runbooks:\n {2}- catalog\n/m, `runbooks:\n  - catalog\n  - ${pages[0]}\n`);
      },
    }).catch(async (error: Error) => error);
    // A directory that is not there is a mistake of its own; the one below is there before the start.
    expect(daemon).not.toBeInstanceOf(Error);
    if (daemon instanceof Error) return;
    await mkdir(pages[0] ?? '', { recursive: true });
    await writeFile(
      join(pages[0] ?? '', 'Mine.md'),
      '---\ntitle: Mine\n---\n\n## Diagnosis\n\n1. Look at the moon <!-- check: moon/phase -->\n',
    );
    await writeFile(join(pages[0] ?? '', 'Mine.bindings.yml'), 'page: Mine\nsteps:\n  diagnosis/1:\n    checks: [moon/phase]\n');
    expect((await post(daemon, '/-/reload', {})).status).toBe(200);
    expect(
      daemon.log.some((line) => line.includes('moon/phase') && /Mine[^ ]*:\d+:\d+/.test(line)),
      daemon.log.join('\n'),
    ).toBe(true);

    const hostile = [
      '{"labels":{"alertname":"HaproxyBackendDown","proxy":"api","__proto__":"x","constructor":"y"},"annotations":{"__proto__":"z"}}',
      JSON.stringify(pushed({ alertname: 'HaproxyBackendDown', proxy: 'x'.repeat(99_000), target: 'edge' })),
      JSON.stringify(pushed({ alertname: '<script>alert(1)</script>', proxy: '<img src=x onerror=alert(1)>', target: 'edge' })),
      JSON.stringify(pushed({ alertname: 'A\nB\r\n# heading', proxy: 'api\n| a | b |', target: 'edge' })),
      JSON.stringify(pushed({ alertname: 'HaproxyBackendDown', instance: '%{jndi:ldap://x}', proxy: '$(reboot)`reboot`', target: 'edge' })),
      JSON.stringify(pushed({ alertname: '\u0000\u202e\ud800', proxy: 'a'.repeat(10), target: 'edge' })),
    ];
    // What could change an object's nature may be refused as well; a name is only text.
    for (const [index, one] of hostile.entries())
      expect(index === 0 ? [200, 400] : [200], one.slice(0, 80)).toContain((await post(daemon, '/api/v2/alerts', `[${one}]`)).status);
    for (const body of [
      '[{"labels":{}}]',
      '[{"labels":{"alertname":7}}]',
      '[{"labels":{"alertname":"x"},"startsAt":"yesterday"}]',
      `[{"labels":{"alertname":"${'x'.repeat(200_000)}"}}]`,
      '{}',
      '[[[[',
      'null',
    ])
      expect((await post(daemon, '/api/v2/alerts', body)).status, body.slice(0, 60)).toBe(400);
    expect((await post(daemon, '/api/v2/alerts', `[{"labels":{"alertname":"${'x'.repeat(17_000_000)}"}}]`)).status).toBe(413);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect(({} as Json).x).toBeUndefined();

    await eventually('every incident of them has its verdict', 60_000, async () => {
      const { incidents } = await get(daemon, '/medic/v1/incidents?state=open');
      return incidents.length > 0 && incidents.every((one: Json) => one.verdict !== null);
    });
    const { incidents } = await get(daemon, '/medic/v1/incidents');
    for (const one of incidents) {
      expect(one.title.length).toBeLessThanOrEqual(300);
      const report = await (await fetch(`${daemon.address}/medic/v1/incidents/${one.id}/report`)).text();
      expect(report.replaceAll(/`[^`]*`/g, '')).not.toMatch(/(?<!\\)<(script|img)|^# heading/m);
      expect((await get(daemon, `/medic/v1/incidents/${one.id}/plans`)).plans).toEqual([]);
    }
    await daemon.lab.inject('connection-refused', { backend: 'shop' });
    const real = await incidentWithCause(daemon, 'connection-refused');
    expect(real.backend).toBe('shop');
    expect(daemon.log.filter((line) => line.includes('a bug'))).toEqual([]);
  });
});
