import { stringify } from 'yaml';
import type { BackendView, ProxyView, ServerView } from '../view.ts';

/** Ports and files of one Traefik, beside what it is told about services. */
export interface TraefikPlaces {
  readonly entryPort: number;
  /** API and metrics. */
  readonly apiPort: number;
  readonly logFile: string;
  readonly accessLogFile: string;
  readonly dynamicDirectory: string;
}

/** The static configuration (`traefik.yml`) for Traefik 3. */
export function renderTraefikStatic(places: TraefikPlaces): string {
  return stringify({
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    entryPoints: { web: { address: `127.0.0.1:${places.entryPort}` }, traefik: { address: `127.0.0.1:${places.apiPort}` } },
    api: { insecure: true, dashboard: false },
    ping: {},
    metrics: { prometheus: { addEntryPointsLabels: true, addServicesLabels: true, addRoutersLabels: true } },
    accessLog: { format: 'json', filePath: places.accessLogFile, fields: { headers: { names: { 'User-Agent': 'keep' } } } },
    log: { level: 'INFO', format: 'json', filePath: places.logFile },
    providers: { providersThrottleDuration: '0s', file: { directory: places.dynamicDirectory, watch: true } },
  });
}

/** The file provider's only file of ours: one router and one service per backend, a transport where it needs one. */
export function renderTraefikDynamic(view: ProxyView): string {
  const routed = view.backends.filter((backend) => backend.routed);
  return stringify({
    http: {
      ...unlessEmpty('routers', Object.fromEntries(routed.map((backend) => [backend.name, router(backend)]))),
      ...unlessEmpty('middlewares', Object.assign({}, ...routed.map(definedMiddlewares))),
      services: Object.fromEntries(view.backends.map((backend) => [backend.name, { loadBalancer: loadBalancer(backend) }])),
      serversTransports: Object.fromEntries(view.backends.map((backend) => [backend.name, transport(backend, view)])),
    },
  });
}

function router(backend: BackendView): object {
  return {
    rule: `Host(\`${backend.host}\`)`,
    entryPoints: [...backend.entryPoints],
    service: backend.name,
    ...unlessEmpty('middlewares', Object.keys(middlewaresOf(backend))),
  };
}

/** Traefik rejects a whole directory for one empty map. */
function unlessEmpty(key: string, value: object): object {
  return Object.keys(value).length === 0 ? {} : { [key]: value };
}

function middlewaresOf(backend: BackendView): Readonly<Record<string, object | null>> {
  if (backend.clientLimit === null) return backend.middlewares;
  const rateLimit = { average: backend.clientLimit, period: '10s', burst: backend.clientLimit };
  return { ...backend.middlewares, [`${backend.name}-limit`]: { rateLimit } };
}

function definedMiddlewares(backend: BackendView): object {
  return Object.fromEntries(Object.entries(middlewaresOf(backend)).filter(([, definition]) => definition !== null));
}

function loadBalancer(backend: BackendView): object {
  return {
    servers: backend.servers.map((server) => ({ url: urlOf(server) })),
    serversTransport: backend.name,
    ...(backend.check === null ? {} : { healthCheck: healthCheck(backend.check) }),
  };
}

function healthCheck(check: NonNullable<BackendView['check']>): object {
  const port = check.port === null ? {} : { port: check.port };
  return { path: check.path, interval: `${check.intervalMs}ms`, timeout: `${check.timeoutMs}ms`, ...port };
}

function transport(backend: BackendView, view: ProxyView): object {
  const tls = backend.servers.find((server) => server.tls !== null)?.tls ?? null;
  return {
    forwardingTimeouts: { dialTimeout: `${view.timeouts.connectMs}ms`, responseHeaderTimeout: `${view.timeouts.serverMs}ms` },
    ...(tls === null ? {} : { serverName: tls.serverName, rootCAs: [tls.caFile] }),
  };
}

/** The address as Traefik's metrics and API show it. */
function urlOf(server: ServerView): string {
  return `${server.tls === null ? 'http' : 'https'}://${server.host}:${server.port}`;
}
