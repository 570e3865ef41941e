import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import type { RequestRecord } from '../../../model/proxy.ts';
import { readHaproxyEvents, readHaproxyRequests } from './read-log.ts';
import { freePort, haproxyIsInstalled, type RunningHaproxy, startHaproxy, startWebServer, until } from './running-haproxy.ts';

const never = new AbortController().signal;
const userAgent = 'Moz "x" {y} [z] (a; b) \\ |';

/** A frontend each; `tcplog` and a line without any option know no path and no status. */
const formats = [
  'option httplog',
  'option httplog clf',
  'option httpslog',
  'option tcplog',
  `log-format '{"ts":%Ts.%ms,"ci":"%ci","st":%ST,"b":"%b","s":"%s","m":"%HM","p":"%HP","u":"%[capture.req.hdr(1)]","end":"%tsc","ms":%Ta}'`,
  `log-format '{"ts":"%Ts","ci":"%ci","st":%ST,"b":"%b","s":"%s","r":%{+Q}r,"end":"%tsc","err":%{+Q}[bc_err_str]}'`,
  `log-format '%{+Q,+E}o %ci %[capture.req.hdr(1)] %T %ST %b %s %tsc %Ta %r'`,
  'log-format "%ci [%t]   %ft %b/%s %hr %hs %ST %tsc %Ta %{+Q}r"',
  'log-format "%ci:%cp [%tr] %ft %b/%s %ST %tsc %Ta/%TR %HM|%HU|%HV|%[capture.req.hdr(1)]"',
];

function send(port: number, path: string): Promise<void> {
  return new Promise((resolve) => {
    const call = request({
      host: '127.0.0.1',
      port,
      path,
      headers: { host: 'Shop.example:80', 'user-agent': userAgent, connection: 'close' },
    });
    call.on('response', (response) => response.resume().once('end', resolve));
    call.on('error', () => resolve());
    call.end();
  });
}

describe.skipIf(!haproxyIsInstalled)('the log of a running HAProxy', () => {
  let haproxy: RunningHaproxy;
  let web: Awaited<ReturnType<typeof startWebServer>>;
  let requests: readonly RequestRecord[];
  const source = () => ({ target: 'edge', configFiles: [haproxy.configFile], logFile: haproxy.logFile });
  const byPath = (path: string) => requests.filter((record) => record.path === path);

  beforeAll(async () => {
    web = await startWebServer(() => 200);
    const ports = await Promise.all(formats.map(() => freePort()));
    const frontend = (format: string, i: number) => `
frontend f${i}
  bind 127.0.0.1:${ports[i]}
  capture request header Host len 40
  capture request header User-Agent len 40
  ${format}
  http-request deny if { path /deny }
  use_backend dead if { path /dead }
  use_backend empty if { path /empty }
  default_backend web`;
    haproxy = await startHaproxy(`
defaults
  mode http
  log global
  retries 0
  timeout client 5s
  timeout connect 1s
  timeout server 5s
${formats.map(frontend).join('\n')}
backend web
  server w 127.0.0.1:${web.port}
backend dead
  log global
  server d 127.0.0.1:${await freePort()} check inter 100ms
backend empty
`);
    const paths = ['/ok?card=1', '/dead', '/deny', '/empty'];
    for (const port of ports) for (const path of paths) await send(port, path);
    const expected = formats.length * paths.length;
    await until(async () => (await readFile(haproxy.logFile, 'utf8')).split('\n').length > expected);
    requests = await readHaproxyRequests(source(), systemClock.now() - 60_000, never, systemClock);
  });
  afterAll(async () => {
    await haproxy?.stop();
    await web?.stop();
  });

  it('is understood in every format', () => {
    expect(requests).toHaveLength(formats.length * 4);
    expect(requests.every(({ client }) => client === '127.0.0.1')).toBe(true);
  });

  it.each([
    ['/ok', 200, 'server', 'web', 'web/w'],
    ['/deny', 403, 'middleware', null, null],
    ['/empty', 503, 'no-server', 'empty', null],
  ])('tells who answered %s', (path, status, origin, backend, server) => {
    const found = byPath(path).map((record) => [record.status, record.origin, record.backend, record.server, record.method]);
    expect(found).toEqual(Array(formats.length - 1).fill([status, origin, backend, server, 'GET']));
  });

  it('has the captured host where the format shows it', () => {
    expect(byPath('/ok').map(({ host }) => host)).toContain('shop.example');
  });

  it('has the change of a server as an event', async () => {
    const events = await readHaproxyEvents(source(), systemClock.now() - 60_000, never, systemClock);
    expect(events.map(({ kind, server, backend }) => [kind, backend, server])).toContainEqual(['server-down', 'dead', 'dead/d']);
    expect(events.map(({ kind, backend }) => [kind, backend])).toContainEqual(['backend-down', 'dead']);
  });
});
