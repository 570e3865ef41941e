import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LabServer } from './backend/fleet.ts';
import type { NameServer } from './names.ts';
import type { LabExporter } from './proxies/exporter.ts';
import type { LabHaproxy } from './proxies/haproxy.ts';
import type { LabTraefik } from './proxies/traefik.ts';
import type { Supervisor } from './supervisor.ts';
import { hostOf, type Topology } from './topology.ts';
import { clientAddresses, Traffic, type TrafficSpec, usualPaths } from './traffic.ts';

const restartProgram = fileURLToPath(new URL('./restart.ts', import.meta.url));

/** A lab that cannot be built here, with what is missing. */
export class LabError extends Error {
  override readonly name = 'LabError';
}

export const proxyKinds = ['haproxy', 'traefik'] as const;
export type LabProxyKind = (typeof proxyKinds)[number];
export type LabProxy = LabHaproxy | LabTraefik;

export interface FloorParts {
  readonly directory: string;
  readonly topology: Topology;
  readonly names: NameServer;
  readonly servers: readonly LabServer[];
  readonly haproxy: LabHaproxy | null;
  readonly traefik: LabTraefik | null;
  readonly exporter: LabExporter | null;
  readonly supervisor: Supervisor;
  readonly keepDirectory: boolean;
}

/** What stands in the lab: real proxies, servers that misbehave on command, clients. Nothing of it outlives this process. */
export class Floor {
  readonly directory: string;
  readonly topology: Topology;
  readonly names: NameServer;
  readonly servers: readonly LabServer[];
  readonly haproxy: LabHaproxy | null;
  readonly traefik: LabTraefik | null;
  readonly exporter: LabExporter | null;
  readonly #supervisor: Supervisor;
  readonly #traffic = new Set<Traffic>();
  readonly #keepDirectory: boolean;
  #stopped = false;

  constructor(parts: FloorParts) {
    this.directory = parts.directory;
    this.topology = parts.topology;
    this.names = parts.names;
    this.servers = parts.servers;
    this.haproxy = parts.haproxy;
    this.traefik = parts.traefik;
    this.exporter = parts.exporter;
    this.#supervisor = parts.supervisor;
    this.#keepDirectory = parts.keepDirectory;
  }

  /** Every proxy that runs here. */
  get proxies(): readonly LabProxy[] {
    return [this.haproxy, this.traefik].filter((proxy) => proxy !== null);
  }

  /** The proxy of a kind. Throws LabError when the lab was started without it. */
  proxy(kind: LabProxyKind): LabProxy {
    const found = this.proxies.find((proxy) => proxy.kind === kind);
    if (found === undefined)
      throw new LabError(`this lab runs no ${kind}; it has ${this.proxies.map((proxy) => proxy.kind).join(', ') || 'none'}`);
    return found;
  }

  /** One server. Throws LabError with the ones there are. */
  server(backend: string, name: string): LabServer {
    const found = this.servers.find((server) => server.backend === backend && server.name === name);
    if (found === undefined)
      throw new LabError(`no server ${backend}/${name}; there are ${this.servers.map((server) => server.subject).join(', ')}`);
    return found;
  }

  /** The servers of a backend in order. Throws LabError for a backend that does not exist. */
  serversOf(backend: string): readonly LabServer[] {
    const found = this.servers.filter((server) => server.backend === backend);
    if (found.length === 0)
      throw new LabError(`no backend ${backend}; there are ${this.topology.backends.map((spec) => spec.name).join(', ')}`);
    return found;
  }

  /** The argument array that (re)starts one server (`api/s1`), or the proxy when `what` is its kind, under this lab's supervision. */
  restartCommand(what: string): readonly string[] {
    return [process.execPath, restartProgram, this.directory, what];
  }

  /** Does what a restart command asks for. Throws LabError for something that is not here. */
  async restart(what: string): Promise<void> {
    const [backend = '', name] = what.split('/', 2);
    if (name !== undefined) return this.server(backend, name).restart();
    const kind = proxyKinds.find((known) => known === what);
    if (kind === undefined) throw new LabError(`cannot restart ${JSON.stringify(what)}; say backend/server, ${proxyKinds.join(' or ')}`);
    return this.proxy(kind).restart();
  }

  /** Sends requests to a backend, by default 20 a second from 20 clients, through the given proxy or the first one. */
  startTraffic(backend: string, spec: Partial<Omit<TrafficSpec, 'entryUrl' | 'host'>> & { readonly proxy?: LabProxyKind } = {}): Traffic {
    const proxy = spec.proxy === undefined ? this.proxies[0] : this.proxy(spec.proxy);
    if (proxy === undefined) throw new LabError('this lab runs no proxy to send requests to');
    const { proxy: _, ...told } = spec;
    const usual = { requestsPerSecond: 20, clients: clientAddresses(20), paths: usualPaths };
    const traffic = new Traffic({ ...usual, ...told, entryUrl: proxy.entryUrl, host: hostOf(backend) });
    this.#traffic.add(traffic);
    return traffic;
  }

  /** Ends everything and, unless it was to be kept, removes the directory. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const traffic of this.#traffic) traffic.stop();
    this.#traffic.clear();
    await this.#supervisor.stop(0);
    await Promise.all(this.proxies.map((proxy) => proxy.stop()));
    await this.names.close();
    if (!this.#keepDirectory) rmSync(this.directory, { recursive: true, force: true });
  }
}
