import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.ts';
import { waitFor } from '../waiting.ts';

const waitMs = 10_000;

describe('the stand-in for Traefik', () => {
  let lab: Lab;
  let url = '';

  beforeAll(async () => {
    const backends = [{ name: 'api', servers: 2, check: { intervalMs: 200, timeoutMs: 3000 } }];
    lab = await startLab({ proxies: ['traefik'], standIn: true, topology: { backends, timeouts: { connectMs: 2000, serverMs: 1500 } } });
    url = lab.traefik?.apiUrl ?? '';
  });

  afterAll(() => lab.stop());

  const metrics = async () => (await fetch(`${url}/metrics`)).text();
  const json = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();
  const serverStatus = async () => {
    const { services } = (await json('/api/rawdata')) as { services: Record<string, { serverStatus: Record<string, string> }> };
    return services['api@file']?.serverStatus ?? {};
  };

  async function ask(path: string): Promise<{ status: number; body: string; server: string | null }> {
    const { request } = await import('node:http');
    return new Promise((resolve, reject) => {
      const sent = request(lab.traefik?.entryUrl ?? '', { path, headers: { host: 'api.lab.test' }, agent: false }, (response) => {
        let body = '';
        response.on('data', (part: Buffer) => {
          body += part.toString();
        });
        response.once('close', () =>
          resolve({ status: response.statusCode ?? 0, body, server: response.headers['x-served-by'] as string }),
        );
      });
      sent.once('error', reject);
      sent.end();
    });
  }

  it('forwards to its servers in turn', async () => {
    const answers = [await ask('/orders'), await ask('/orders'), await ask('/orders')];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ server }) => server))).toEqual(new Set(['api/s1', 'api/s2']));
  });

  it('says everywhere what it is and how to get a real one', async () => {
    expect(await metrics()).toMatch(/^# This is the lab's stand-in for Traefik.*\n# Install a real proxy: /);
    expect((await fetch(`${url}/api/overview`)).headers.get('x-stand-in')).toContain('stand-in');
    expect(await json('/api/version')).toMatchObject({ Codename: 'stand-in', notice: expect.stringContaining('Install a real proxy') });
    expect(readFileSync(join(lab.directory, 'traefik', 'output.log'), 'utf8')).toContain('Install a real proxy');
  });

  it("counts with Traefik's names and labels", async () => {
    await ask('/orders');
    const text = await metrics();
    expect(text).toMatch(/traefik_entrypoint_requests_total\{code="200",method="GET",protocol="http",entrypoint="web"\} \d+/);
    expect(text).toMatch(
      /traefik_router_requests_total\{code="200",method="GET",protocol="http",router="api@file",service="api@file"\} \d+/,
    );
    expect(text).toMatch(/traefik_service_requests_total\{code="200",method="GET",protocol="http",service="api@file"\} \d+/);
    expect(text).toContain(`traefik_service_server_up{service="api@file",url="http://${lab.servers[0]?.address}"} 1`);
  });

  it('takes dead servers out, answers 503 when none is left, and takes them back', async () => {
    await lab.inject('connection-refused');
    await waitFor('no server to be up', waitMs, async () => !(await metrics()).match(/server_up.* 1$/m));
    expect(await ask('/orders')).toMatchObject({ status: 503, body: 'no available server\n' });
    expect(Object.values(await serverStatus())).toEqual(['DOWN', 'DOWN']);
    await lab.heal();
    await waitFor('both servers to be up', waitMs, async () => !(await metrics()).match(/server_up.* 0$/m));
    expect((await ask('/orders')).status).toBe(200);
  });

  it.each([
    ['close', 502],
    ['hang', 504],
    ['garbage', 500],
  ] as const)('answers for a server that does %s with %i, as Traefik does', async (kind, status) => {
    for (const server of lab.servers) await server.behave({ rules: [{ paths: ['/orders'], share: 1, answer: { kind } }] });
    expect((await ask('/orders')).status).toBe(status);
    for (const server of lab.servers) await server.behave({});
    const logged = () =>
      JSON.parse(
        readFileSync(lab.traefik?.accessLogFile ?? '', 'utf8')
          .trimEnd()
          .split('\n')
          .at(-1) ?? '',
      ) as object;
    await waitFor(`${status} in the access log`, waitMs, () => 'DownstreamStatus' in logged() && Object.values(logged()).includes(status));
    expect(logged()).toMatchObject({ DownstreamStatus: status, OriginStatus: status, RouterName: 'api@file', RequestPath: '/orders' });
  });

  it('follows its directory: a route that is gone is 404, a bad file changes nothing', async () => {
    await lab.inject('route-missing');
    expect((await ask('/orders')).status).toBe(404);
    expect(await json('/api/http/routers')).toEqual([]);
    await lab.heal();
    expect((await ask('/orders')).status).toBe(200);
    await lab.inject('pending-bad-config');
    await waitFor('the error line', waitMs, () => readFileSync(lab.traefik?.logFile ?? '', 'utf8').includes('reports.yml'));
    expect((await ask('/orders')).status).toBe(200);
    await lab.heal();
  });

  it('lets an overlay that sorts first replace a service in place', async () => {
    const directory = lab.traefik?.dynamicDirectory ?? '';
    const overlay = join(directory, '!overlay.yml');
    const only = `http: { services: { api: { loadBalancer: { servers: [{ url: "http://${lab.servers[1]?.address}" }] } } } }\n`;
    writeFileSync(`${directory}.next`, '');
    appendFileSync(`${directory}.next`, only);
    renameSync(`${directory}.next`, overlay);
    await waitFor('the overlay to be in force', waitMs, async () => Object.keys(await serverStatus()).length === 1);
    expect([await ask('/orders'), await ask('/orders')].map(({ server }) => server)).toEqual(['api/s2', 'api/s2']);
    rmSync(overlay);
    await waitFor('the overlay to be gone', waitMs, async () => Object.keys(await serverStatus()).length === 2);
  });
});
