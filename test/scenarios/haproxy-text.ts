import type { BackendPlan, LogStyle, SituationPlan } from './situation.ts';

/** Where one server is, as the proxy is told. */
export interface ServerPlace {
  readonly host: string;
  readonly port: number;
}

export interface ProxyPlaces {
  /** One per backend when each has a port of its own, else the same for all. */
  readonly entryPorts: readonly number[];
  readonly adminPort: number;
  readonly socket: string;
  readonly socketPort: number;
  readonly syslogPort: number;
  readonly resolverPort: number;
  readonly authority: string | null;
}

/** What changes while a situation is played. */
export interface ProxyWish {
  readonly servers: readonly (readonly ServerPlace[])[];
  /** Of the first backend: the check's path, port and Host, when they are changed. */
  readonly checkPath: string | null;
  readonly checkPort: number | null;
  readonly checkHost: string | null;
  readonly disabled: readonly number[];
  readonly unrouted: boolean;
}

const logLines: Readonly<Record<LogStyle, readonly string[]>> = {
  http: ['option httplog'],
  custom: ['log-format "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %rc %{+Q}r %[bc_err_str] host=%[var(txn.host)]"'],
  json: [
    'log-format \'{"time":"%trg","client":"%ci","frontend":"%f","backend":"%b","server":"%s","tr":%Tr,"ta":%Ta,"status":%ST,"term":"%tsc","request":%{+Q}r,"retries":"%rc"}\'',
  ],
  clf: ['option httplog clf'],
  none: ['option httplog'],
};

/** The whole file for HAProxy. */
export function haproxyText(plan: SituationPlan, places: ProxyPlaces, wish: ProxyWish): string {
  const target = plan.logPrefix === 'raw' ? 'stdout format raw local0 info' : `127.0.0.1:${places.syslogPort} local1 info`;
  const socket = plan.told.socket === 'tcp' ? `ipv4@127.0.0.1:${places.socketPort}` : `unix@${places.socket}`;
  const listens = plan.routing === 'listen';
  return [
    section('global', [`log ${target}`, `stats socket ${socket} level admin`, 'maxconn 4000', 'hard-stop-after 1s']),
    section('defaults', [
      'mode http',
      'log global',
      ...logLines[plan.log],
      'timeout connect 1s',
      'timeout client 30s',
      `timeout server ${plan.serverTimeoutMs}ms`,
      'timeout queue 5s',
      ...(plan.seed % 2 === 0 ? ['option redispatch', 'retries 2'] : ['retries 1']),
    ]),
    section('resolvers here', [
      `nameserver one 127.0.0.1:${places.resolverPort}`,
      'timeout retry 300ms',
      'resolve_retries 2',
      'hold valid 1s',
      'hold nx 1s',
      'hold other 1s',
      'hold obsolete 1s',
      'hold refused 1s',
    ]),
    section('frontend admin-page', [
      `bind 127.0.0.1:${places.adminPort}`,
      'option dontlog-normal',
      'http-request use-service prometheus-exporter if { path /metrics }',
    ]),
    ...(listens ? [] : frontends(plan, places, wish)),
    ...plan.backends.map((backend, index) => backendText(plan, places, wish, backend, index)),
  ].join('\n\n');
}

function frontends(plan: SituationPlan, places: ProxyPlaces, wish: ProxyWish): string[] {
  const keepHost = plan.log === 'custom' ? ['http-request set-var(txn.host) req.hdr(host)'] : [];
  if (plan.routing === 'port') {
    return plan.backends.map((backend, index) =>
      section(`frontend in-${backend.name}`, [
        `bind 127.0.0.1:${places.entryPorts[index]}`,
        ...keepHost,
        `default_backend ${backend.name}`,
      ]),
    );
  }
  const routes = plan.backends
    .filter((_, index) => index > 0 || !wish.unrouted)
    .map((backend) =>
      plan.routing === 'host'
        ? `use_backend ${backend.name} if { hdr(host),field(1,:) -i ${backend.host} }`
        : `use_backend ${backend.name} if { path_beg /${backend.name} }`,
    );
  return [section('frontend public', [`bind 127.0.0.1:${places.entryPorts[0]}`, ...keepHost, ...routes])];
}

function backendText(plan: SituationPlan, places: ProxyPlaces, wish: ProxyWish, backend: BackendPlan, index: number): string {
  const listen = plan.routing === 'listen';
  const main = index === 0;
  const path = (main ? wish.checkPath : null) ?? backend.healthPath;
  const host = (main ? wish.checkHost : null) ?? backend.host;
  const servers = backend.serverNames.map((name, at) => {
    const place = wish.servers[index]?.[at] ?? { host: '127.0.0.1', port: 1 };
    const words = [`server ${name} ${place.host}:${place.port}`];
    if (backend.check !== 'none') words.push(`check inter ${plan.intervalMs}ms fall 2 rise 1`);
    if (backend.check !== 'none' && main && wish.checkPort !== null) words.push(`port ${wish.checkPort}`);
    if (backend.tls)
      words.push(
        `ssl verify required ca-file ${places.authority} verifyhost ${backend.host} sni str(${backend.host}) check-sni ${backend.host}`,
      );
    if (/[a-z]/.test(place.host)) words.push('resolvers here resolve-prefer ipv4 init-addr last,libc,none');
    if (backend.backup && at === backend.serverNames.length - 1) words.push('backup');
    if (main && wish.disabled.includes(at)) words.push('disabled');
    return words.join(' ');
  });
  const head = listen ? `listen ${backend.name}` : `backend ${backend.name}`;
  const bind = listen
    ? [`bind 127.0.0.1:${places.entryPorts[index]}`, ...(plan.log === 'custom' ? ['http-request set-var(txn.host) req.hdr(host)'] : [])]
    : [];
  return section(head, [...bind, 'balance roundrobin', ...checkLines(backend, path, host), ...servers]);
}

function checkLines(backend: BackendPlan, path: string, host: string): string[] {
  switch (backend.check) {
    case 'none':
    case 'tcp':
      return [];
    case 'http':
      return [`option httpchk GET ${path}`];
    case 'host':
      return ['option httpchk', `http-check send meth GET uri ${path} ver HTTP/1.1 hdr Host ${host}`, 'http-check expect status 200'];
    case 'expect':
      return ['option httpchk', `http-check send meth GET uri ${path}`, 'http-check expect string alive'];
  }
}

function section(head: string, lines: readonly string[]): string {
  return `${[head, ...lines.map((line) => `    ${line}`)].join('\n')}\n`;
}
