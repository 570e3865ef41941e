/** How a proxy checks the servers of one backend. */
export interface CheckSpec {
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** HAProxy only; Traefik decides on a single answer. */
  readonly rise: number;
  readonly fall: number;
  /** Where the check goes when that is not where the traffic goes; null is the server's own port. */
  readonly port: number | null;
}

/** One backend (Traefik: service) of the lab: servers `s1`..`sN`, reached by clients under the host `<name>.lab.test`. */
export interface BackendSpec {
  readonly name: string;
  /** 1 to 20. */
  readonly servers: number;
  /** null: nobody checks. */
  readonly check: CheckSpec | null;
  /** The servers speak TLS, and the proxy verifies them against the lab's own authority. */
  readonly tls: boolean;
  /** The servers are configured by name. HAProxy asks the lab's own name server; Traefik only knows the system's, so it keeps the address. */
  readonly byName: boolean;
  /** HAProxy `maxconn` of each server; null is none. */
  readonly maxConnections: number | null;
}

/** How long a proxy waits for its servers and clients. */
interface TimeoutSpec {
  readonly connectMs: number;
  /** From the request to the first byte of the answer. */
  readonly serverMs: number;
  readonly clientMs: number;
  readonly queueMs: number;
}

/** What the lab's proxies are told, in words both share. */
export interface Topology {
  readonly backends: readonly BackendSpec[];
  readonly timeouts: TimeoutSpec;
}

/** What a caller may leave out. */
export interface TopologyInput {
  readonly backends?: readonly (Partial<Omit<BackendSpec, 'check'>> & {
    readonly name: string;
    readonly check?: Partial<CheckSpec> | null;
  })[];
  readonly timeouts?: Partial<TimeoutSpec>;
}

/** A topology nobody can build, with the value, the limit and the way out. */
export class TopologyError extends Error {
  override readonly name = 'TopologyError';
}

/** Fast enough that a fault shows within seconds, slow enough for two busy cores. */
const defaultCheck: CheckSpec = { path: '/health', intervalMs: 1000, timeoutMs: 1000, rise: 2, fall: 2, port: null };

const defaultTimeouts: TimeoutSpec = { connectMs: 1000, serverMs: 3000, clientMs: 10_000, queueMs: 2000 };
const maxServers = 20;
const nameForm = /^[a-z][a-z0-9-]{0,30}$/;

/**
 * Fills in the defaults: one backend `api` with three checked servers over plain HTTP.
 * Throws TopologyError on a name, a number or a repetition that no proxy would take.
 */
export function describeTopology(input: TopologyInput = {}): Topology {
  const backends = (input.backends ?? [{ name: 'api' }]).map(describeBackend);
  const names = new Set(backends.map((backend) => backend.name));
  if (names.size !== backends.length) throw new TopologyError('two backends of the lab have the same name; give each its own');
  return { backends, timeouts: { ...defaultTimeouts, ...input.timeouts } };
}

function describeBackend(input: NonNullable<TopologyInput['backends']>[number]): BackendSpec {
  if (!nameForm.test(input.name)) {
    throw new TopologyError(
      `backend name ${JSON.stringify(input.name)} must match ${nameForm.source}: it becomes a host name and a metrics label`,
    );
  }
  const servers = input.servers ?? 3;
  if (!Number.isInteger(servers) || servers < 1 || servers > maxServers) {
    throw new TopologyError(`backend ${input.name} asks for ${servers} servers; the lab starts 1 to ${maxServers}`);
  }
  const check = input.check === null ? null : { ...defaultCheck, ...input.check };
  const { tls = false, byName = false, maxConnections = null } = input;
  return { name: input.name, servers, check, tls, byName, maxConnections };
}

/** The host under which clients ask for a backend. */
export function hostOf(backend: string): string {
  return `${backend}.lab.test`;
}

/** The name under which the lab's name server knows one server. */
export function serverHostOf(backend: string, server: string): string {
  return `${server}.${backend}.lab.test`;
}
