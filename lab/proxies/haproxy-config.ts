import type { CheckSpec } from '../topology.ts';
import type { BackendView, ProxyView, ServerView } from '../view.ts';

/** Ports and files of one HAProxy, beside what it is told about backends. */
export interface HaproxyPlaces {
  readonly entryPort: number;
  /** Embedded exporter under `/metrics`, CSV under `/stats;csv`. */
  readonly statsPort: number;
  readonly statsSocket: string;
  readonly syslogPort: number;
  readonly resolverPort: number;
  /** Clients listed here get 403. Empty at the start; the runtime API can add to it. */
  readonly blockedFile: string;
  /** Lua that keeps a thread busy; loaded by a view that is busy. */
  readonly busyScript: string;
}

/** The whole configuration file. Pure: the same view gives the same text. */
export function renderHaproxyConfig(view: ProxyView, places: HaproxyPlaces): string {
  const sections = [
    globalSection(view, places),
    defaultsSection(view),
    resolversSection(places),
    statsSection(places),
    entrySection(view, places),
    ...view.backends.map(backendSection),
  ];
  return `${sections.join('\n\n')}\n`;
}

function globalSection(view: ProxyView, places: HaproxyPlaces): string {
  return lines('global', [
    `log 127.0.0.1:${places.syslogPort} local0 info`,
    'log-send-hostname lab',
    `stats socket ${places.statsSocket} mode 600 level admin`,
    'stats timeout 10s',
    'hard-stop-after 2s',
    'maxconn 2000',
    ...(view.busy ? [`lua-load-per-thread ${places.busyScript}`] : []),
  ]);
}

function defaultsSection(view: ProxyView): string {
  const { connectMs, serverMs, clientMs, queueMs } = view.timeouts;
  return lines('defaults', [
    'mode http',
    'log global',
    'option httplog',
    'option dontlognull',
    'option forwardfor',
    'option redispatch',
    'retries 2',
    `timeout connect ${connectMs}ms`,
    `timeout server ${serverMs}ms`,
    `timeout client ${clientMs}ms`,
    `timeout http-request ${clientMs}ms`,
    `timeout queue ${queueMs}ms`,
  ]);
}

function resolversSection(places: HaproxyPlaces): string {
  return lines('resolvers lab', [
    `nameserver lab 127.0.0.1:${places.resolverPort}`,
    'resolve_retries 2',
    'timeout resolve 500ms',
    'timeout retry 500ms',
    'hold valid 1s',
    'hold nx 1s',
    'hold refused 1s',
    'hold timeout 1s',
    'hold other 1s',
    'hold obsolete 1s',
  ]);
}

function statsSection(places: HaproxyPlaces): string {
  return lines('frontend stats', [
    `bind 127.0.0.1:${places.statsPort}`,
    'option dontlog-normal',
    'http-request use-service prometheus-exporter if { path /metrics }',
    'stats enable',
    'stats uri /stats',
  ]);
}

function entrySection(view: ProxyView, places: HaproxyPlaces): string {
  const routes = view.backends.filter((backend) => backend.routed);
  return lines('frontend web', [
    `bind 127.0.0.1:${places.entryPort}`,
    `http-request deny deny_status 403 if { src -f ${places.blockedFile} }`,
    'stick-table type ip size 10k expire 30s store http_req_rate(10s),http_err_rate(10s)',
    'http-request track-sc0 src',
    ...routes.flatMap(limitLines),
    ...routes.map((backend) => `use_backend ${backend.name} if ${hostCondition(backend)}`),
  ]);
}

function limitLines(backend: BackendView): string[] {
  if (backend.clientLimit === null) return [];
  return [`http-request deny deny_status 429 if ${hostCondition(backend)} { sc_http_req_rate(0) gt ${backend.clientLimit} }`];
}

function hostCondition(backend: BackendView): string {
  return `{ req.hdr(host),field(1,:) -i ${backend.host} }`;
}

function backendSection(backend: BackendView): string {
  const check =
    backend.check === null ? [] : ['option httpchk', `http-check send meth GET uri ${backend.check.path} hdr host ${backend.host}`];
  return lines(`backend ${backend.name}`, [
    'balance roundrobin',
    ...check,
    ...backend.servers.map((server) => serverLine(server, backend)),
  ]);
}

function serverLine(server: ServerView, backend: BackendView): string {
  const words = ['server', server.name, `${server.host}:${server.port}`];
  if (backend.maxConnections !== null) words.push('maxconn', String(backend.maxConnections));
  if (server.backup) words.push('backup');
  if (server.tls !== null) words.push('ssl', 'verify', 'required', 'ca-file', server.tls.caFile, 'sni', `str(${server.tls.serverName})`);
  if (server.tls !== null) words.push('verifyhost', server.tls.serverName);
  if (isName(server.host)) words.push('resolvers', 'lab', 'resolve-prefer', 'ipv4', 'init-addr', 'last,none');
  if (backend.check !== null) words.push(...checkWords(backend.check, server));
  return words.join(' ');
}

function checkWords(check: CheckSpec, server: ServerView): string[] {
  const words = ['check', 'inter', `${check.intervalMs}ms`, 'rise', String(check.rise), 'fall', String(check.fall)];
  if (check.port !== null) words.push('port', String(check.port));
  if (server.tls !== null) words.push('check-sni', server.tls.serverName);
  return words;
}

function isName(host: string): boolean {
  return !/^[0-9.]+$/.test(host);
}

function lines(head: string, body: readonly string[]): string {
  return [head, ...body.map((line) => `    ${line}`)].join('\n');
}
