import { appendFileSync, watch } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { answerApi, type Told } from './api.ts';
import { Balancer } from './balancer.ts';
import { durationMs, readDynamic, readStatic } from './configuration.ts';
import { answerOwn, forward, type Outcome } from './forward.ts';
import { Metrics } from './metrics.ts';
import { standInNotice } from './notice.ts';

const flag = process.argv.find((argument) => argument.startsWith('--configFile='));
if (flag === undefined) throw new Error('usage: main.ts --configFile=traefik.yml');
const { entryPoints, accessLog, log, providers } = readStatic(flag.slice('--configFile='.length));
const { directory } = providers.file;
const metrics = new Metrics();
const startedAt = new Date();
let told: Told = { dynamic: { routers: {}, services: {}, serversTransports: {} }, balancers: new Map(), entryPoints, startedAt };

/** Takes what lies in the directory now; keeps the old when a file is bad or nothing has changed. */
function load(): void {
  try {
    const dynamic = readDynamic(directory);
    if (metrics.hasReloaded && JSON.stringify(dynamic) === JSON.stringify(told.dynamic)) return;
    for (const balancer of told.balancers.values()) balancer.stop();
    const balancers = Object.entries(dynamic.services).map(([name, { loadBalancer }]) => {
      const timeouts = dynamic.serversTransports[loadBalancer.serversTransport ?? '']?.forwardingTimeouts;
      const patience = {
        dialMs: durationMs(timeouts?.dialTimeout ?? '', 30_000),
        headersMs: durationMs(timeouts?.responseHeaderTimeout ?? '', 0),
      };
      return [name, new Balancer(`${name}@file`, loadBalancer, patience, (line) => say('WARN', line))] as const;
    });
    told = { dynamic, balancers: new Map(balancers), entryPoints, startedAt };
    metrics.reloaded(Date.now());
  } catch (error) {
    say('ERROR', `Error occurred during watcher callback: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function say(level: string, msg: string): void {
  appendFileSync(log.filePath, `${JSON.stringify({ level, msg, time: new Date().toISOString() })}\n`);
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const beganAt = performance.now();
  const host = (request.headers.host ?? '').split(':', 1)[0] ?? '';
  const [router, { service = '' } = {}] = Object.entries(told.dynamic.routers).find(([, { rule }]) => rule === `Host(\`${host}\`)`) ?? [];
  const balancer = told.balancers.get(service);
  const outcome = balancer === undefined ? answerOwn(response, 404) : await forward(request, response, balancer);
  const names = balancer === undefined ? null : { router: `${router}@file`, service: balancer.name };
  count(request, outcome, names);
  const entry = accessEntry(request, outcome, performance.now() - beganAt);
  const served = names === null ? {} : { RouterName: names.router, ServiceName: names.service };
  appendFileSync(accessLog.filePath, `${JSON.stringify({ ...entry, RequestHost: host, ...served })}\n`);
}

function count(request: IncomingMessage, outcome: Outcome, names: { router: string; service: string } | null): void {
  if (outcome.url !== null && outcome.originStatus === 0) return;
  const labels = { code: String(outcome.status), method: request.method ?? 'GET', protocol: 'http' };
  metrics.count('entrypoint', { ...labels, entrypoint: 'web' });
  if (names !== null) metrics.count('router', { ...labels, ...names });
  if (names !== null && outcome.url !== null) metrics.count('service', { ...labels, service: names.service });
}

function accessEntry({ socket, method, url }: IncomingMessage, outcome: Outcome, durationMs: number): Record<string, unknown> {
  return {
    ClientHost: socket.remoteAddress,
    ClientAddr: `${socket.remoteAddress}:${socket.remotePort}`,
    RequestMethod: method,
    RequestPath: url,
    DownstreamStatus: outcome.status,
    DownstreamContentSize: outcome.sizeBytes,
    OriginStatus: outcome.originStatus,
    OriginContentSize: outcome.url === null ? 0 : outcome.sizeBytes,
    OriginDuration: Math.round(outcome.originMs * 1e6),
    Duration: Math.round(durationMs * 1e6),
    StartUTC: new Date(Date.now() - durationMs).toISOString(),
    entryPointName: 'web',
    level: 'info',
    msg: standInNotice[0],
    time: new Date().toISOString(),
    ...(outcome.url === null ? {} : { ServiceURL: outcome.url, ServiceAddr: new URL(outcome.url).host }),
  };
}

function manage(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  response.setHeader('x-stand-in', standInNotice.join(' '));
  if (path === '/metrics') return void response.setHeader('content-type', 'text/plain; version=0.0.4').end(metrics.render(serverUp()));
  const found = path === '/ping' ? 'OK' : answerApi(path, told);
  if (found === undefined) return void answerOwn(response, 404);
  response.setHeader('content-type', 'application/json').end(JSON.stringify(found));
}

function serverUp(): { service: string; url: string; up: boolean }[] {
  const checked = [...told.balancers.values()].filter((balancer) => balancer.configuration.healthCheck !== undefined);
  return checked.flatMap((balancer) => balancer.servers.map(({ url, up }) => ({ service: balancer.name, url, up })));
}

function listen(handler: (request: IncomingMessage, response: ServerResponse) => void, address: string): void {
  const [host, port] = address.split(':');
  createServer(handler).listen({ host, port: Number(port) });
}

process.stdout.write(`${standInNotice.join('\n')}\n`);
appendFileSync(accessLog.filePath, '');
load();
watch(directory, () => setTimeout(load, 20));
listen((request, response) => void serve(request, response), entryPoints.web.address);
listen(manage, entryPoints.traefik.address);
