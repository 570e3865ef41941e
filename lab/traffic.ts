import { Agent, request } from 'node:http';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';

/** A path with how often it is asked, relative to the others. */
export interface WeightedPath {
  readonly path: string;
  readonly weight: number;
}

/** A stream of requests to one backend through one proxy. */
export interface TrafficSpec {
  /** Where the proxy listens, e.g. `http://127.0.0.1:12345`. */
  readonly entryUrl: string;
  /** `Host` header. */
  readonly host: string;
  readonly requestsPerSecond: number;
  /** Source addresses, asked in turn; all in 127.0.0.0/8. */
  readonly clients: readonly string[];
  readonly paths: readonly WeightedPath[];
  readonly timeoutMs?: number;
  readonly userAgent?: string;
  /** Calls as programs make them by gRPC: POST, and a content type of its own. Default false. */
  readonly grpc?: boolean;
}

/** What the clients have seen since the stream began (or since `clear`). */
export interface TrafficCounts {
  readonly sent: number;
  readonly answered: number;
  /** By status code; connection failures and timeouts under `0`. */
  readonly byStatus: Readonly<Record<string, number>>;
}

export const usualPaths: readonly WeightedPath[] = [
  { path: '/orders', weight: 5 },
  { path: '/users', weight: 3 },
  { path: '/items/7', weight: 3 },
  { path: '/checkout', weight: 1 },
  { path: '/', weight: 2 },
];

const defaultTimeoutMs = 10_000;
/** A proxy that hangs must not make the generator pile up requests without end. */
const maxInFlight = 500;

/** `127.0.1.1`, `127.0.1.2`, … as many as asked for, at most 250; another `network` gives other clients. */
export function clientAddresses(count: number, network = '127.0.1'): string[] {
  return Array.from({ length: Math.min(count, 250) }, (_, index) => `${network}.${index + 1}`);
}

/** A running stream of requests. It sends at an even pace and never waits for answers. */
export class Traffic {
  readonly spec: TrafficSpec;
  readonly #agents: readonly Agent[];
  readonly #paths: readonly string[];
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  #byStatus: Record<string, number> = {};
  #sent = 0;
  #skipped = 0;
  #cleared = 0;
  #inFlight = 0;

  constructor(spec: TrafficSpec) {
    this.spec = spec;
    // No kept-alive connections: every request shows its own source port and meets whatever the proxy is now.
    this.#agents = spec.clients.map((localAddress) => new Agent({ localAddress, keepAlive: false }));
    this.#paths = spread(spec.paths);
    const tickMs = Math.min(Math.max(1000 / spec.requestsPerSecond, 10), 1000);
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
  }

  counts(): TrafficCounts {
    const answered = Object.values(this.#byStatus).reduce((sum, count) => sum + count, 0);
    return { sent: this.#sent - this.#cleared, answered, byStatus: { ...this.#byStatus } };
  }

  /** Starts counting anew. */
  clear(): void {
    this.#byStatus = {};
    this.#cleared = this.#sent;
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const agent of this.#agents) agent.destroy();
  }

  #tick(): void {
    const due = Math.floor(((performance.now() - this.#startedAt) / 1000) * this.spec.requestsPerSecond);
    while (this.#sent + this.#skipped < due) {
      if (this.#inFlight >= maxInFlight) this.#skipped += 1;
      else this.#send();
    }
  }

  #send(): void {
    const agent = this.#agents[this.#sent % this.#agents.length];
    const path = this.#paths[this.#sent % this.#paths.length] ?? '/';
    this.#sent += 1;
    this.#inFlight += 1;
    const count = (status: number) => {
      this.#inFlight -= 1;
      this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
    };
    const { entryUrl, host, timeoutMs = defaultTimeoutMs, userAgent = 'lab-traffic/1', grpc = false } = this.spec;
    const headers = { host, 'user-agent': userAgent, ...(grpc ? { 'content-type': 'application/grpc' } : {}) };
    void ask({ url: entryUrl, method: grpc ? 'POST' : 'GET', headers, path, agent, timeoutMs }).then(count);
  }
}

interface Asked {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly path: string;
  readonly agent: Agent | undefined;
  readonly timeoutMs: number;
}

/** Settles with the status of one request, 0 when no answer came. */
function ask({ url, method, headers, path, agent, timeoutMs }: Asked): Promise<number> {
  return new Promise((resolve) => {
    const sent = request(url, { method, path, headers, timeout: timeoutMs, ...(agent === undefined ? {} : { agent }) }, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode ?? 0));
    });
    sent.once('timeout', () => sent.destroy());
    sent.once('error', () => resolve(0));
    sent.end();
  });
}

/**
 * Connections from one address that are held: their request is never ended, or (`idle`) was answered and no other follows, as browsers do.
 * One that is closed is opened again.
 */
export class SlowClients {
  readonly #sockets = new Set<Socket>();
  readonly #opening: string;
  #stopped = false;

  constructor(entryUrl: string, host: string, connections: number, kind: 'unfinished' | 'idle' = 'unfinished') {
    this.#opening = `GET / HTTP/1.1\r\nHost: ${host}\r\n${kind === 'idle' ? '\r\n' : ''}`;
    const { hostname, port } = new URL(entryUrl);
    const where = { host: hostname, port: Number(port), localAddress: '127.0.88.8' };
    for (let index = 0; index < connections; index += 1) this.#open(where);
  }

  stop(): void {
    this.#stopped = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(where: TcpNetConnectOpts): void {
    if (this.#stopped) return;
    const socket = connect(where, () => socket.write(this.#opening));
    this.#sockets.add(socket);
    socket.unref();
    socket.resume();
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      setTimeout(() => this.#open(where), reopenMs).unref();
    });
  }
}

const reopenMs = 200;

/** A fixed round in which every path comes as often as its weight, well mixed. */
export function spread(paths: readonly WeightedPath[]): string[] {
  const slots = paths.flatMap(({ path, weight }) => Array.from({ length: weight }, (_, index) => ({ path, at: (index + 0.5) / weight })));
  return slots.sort((one, other) => one.at - other.at).map((slot) => slot.path);
}

/** Paths no honest client of the lab asks for, all different. */
export function scannerPaths(count: number): WeightedPath[] {
  const stems = ['wp-login.php', '.env', '.git/config', 'phpmyadmin', 'admin.php', 'backup.zip', 'cgi-bin/test', 'server-status'];
  return Array.from({ length: count }, (_, index) => ({
    path: `/${Math.floor(index / stems.length)}/${stems[index % stems.length]}`,
    weight: 1,
  }));
}
