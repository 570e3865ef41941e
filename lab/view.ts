import { type BackendSpec, type CheckSpec, hostOf, serverHostOf, type Topology } from './topology.ts';

/** One server as a proxy is told about it; faults of the configuration change exactly this. */
export interface ServerView {
  readonly name: string;
  /** Address or name in the proxy's configuration. */
  readonly host: string;
  readonly port: number;
  /** null: plain HTTP. */
  readonly tls: { readonly caFile: string; readonly serverName: string } | null;
  /** HAProxy only: gets requests when no other server of the backend is left. */
  readonly backup: boolean;
}

/** One backend as a proxy is told about it. */
export interface BackendView {
  readonly name: string;
  /** The host of its route. */
  readonly host: string;
  /** False: no route leads here. */
  readonly routed: boolean;
  /** Entry points of its route. HAProxy has only one. */
  readonly entryPoints: readonly string[];
  /** Traefik: middlewares of its router with their definitions; null is a name that nobody defines. */
  readonly middlewares: Readonly<Record<string, object | null>>;
  /** Requests of one client in ten seconds beyond which it gets 429; null is no limit. */
  readonly clientLimit: number | null;
  readonly check: CheckSpec | null;
  readonly maxConnections: number | null;
  readonly servers: readonly ServerView[];
}

/** Everything a proxy's configuration is rendered from, beside its own ports and files. */
export interface ProxyView {
  readonly backends: readonly BackendView[];
  readonly timeouts: Topology['timeouts'];
  /** HAProxy only: every thread has other work without end. */
  readonly busy: boolean;
}

/** Where a running server of the lab listens. */
export interface Placed {
  readonly backend: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** The healthy view: every backend routed, every server where it really listens. */
export function viewOf(topology: Topology, placed: readonly Placed[], caFile: string, names: boolean): ProxyView {
  const backends = topology.backends.map((spec) => backendView(spec, placed, caFile, names));
  return { backends, timeouts: topology.timeouts, busy: false };
}

function backendView(spec: BackendSpec, placed: readonly Placed[], caFile: string, names: boolean): BackendView {
  const servers = placed
    .filter((server) => server.backend === spec.name)
    .map((server) => ({
      name: server.name,
      host: names && spec.byName ? serverHostOf(spec.name, server.name) : server.host,
      port: server.port,
      tls: spec.tls ? { caFile, serverName: hostOf(spec.name) } : null,
      backup: false,
    }));
  return {
    name: spec.name,
    host: hostOf(spec.name),
    routed: true,
    entryPoints: ['web'],
    middlewares: {},
    clientLimit: null,
    check: spec.check,
    maxConnections: spec.maxConnections,
    servers,
  };
}

/** The same view with one backend changed. */
export function withBackend(view: ProxyView, name: string, change: (backend: BackendView) => BackendView): ProxyView {
  return { ...view, backends: view.backends.map((backend) => (backend.name === name ? change(backend) : backend)) };
}

/** The same view with the named servers of one backend changed. */
export function withServers(
  view: ProxyView,
  name: string,
  servers: readonly string[],
  change: (server: ServerView) => ServerView,
): ProxyView {
  return withBackend(view, name, (backend) => ({
    ...backend,
    servers: backend.servers.map((server) => (servers.includes(server.name) ? change(server) : server)),
  }));
}
