/** What a Traefik or a HAProxy looks like from outside, in the words both share. Instants in ms since the epoch. */

export type ProxyKind = 'haproxy' | 'traefik';

/** `no-check`: nobody watches this server, so nobody knows. `starting`: up, but not yet checked since a (re)load. */
export type OperationalState = 'up' | 'down' | 'starting' | 'no-check' | 'unknown';

/** What people (or DNS) asked of a server, whatever its health. `resolution`: taken out because its name does not resolve. */
export type AdministrativeState = 'ready' | 'drain' | 'maintenance' | 'resolution' | 'tracked';

/** How the proxy reaches a server, and what it demands of its certificate. */
export interface ServerAddress {
  /** IP literal the proxy uses now; null when it has none (its name does not resolve). */
  readonly host: string | null;
  /** The name in the configuration when the server is configured by name; else null. */
  readonly hostname: string | null;
  readonly port: number | null;
  readonly scheme: 'http' | 'https' | 'tcp';
}

/** How TLS towards a server is verified. null where unknown. */
export interface UpstreamTls {
  readonly verify: boolean | null;
  /** PEM text or paths of the authorities the proxy trusts for it; null = the system's. */
  readonly caFile: string | null;
  readonly caPem: string | null;
  readonly serverName: string | null;
  /** `verifyhost` of HAProxy: the name the certificate must carry although no or another SNI is sent. */
  readonly verifyHost: string | null;
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
}

/** The health check as configured. */
export interface HealthCheck {
  readonly kind: 'tcp' | 'http' | 'other';
  readonly method: string;
  readonly path: string;
  readonly hostHeader: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Where the check goes when that is not where the traffic goes. */
  readonly host: string | null;
  readonly port: number | null;
  readonly scheme: 'http' | 'https' | 'tcp';
  /** What counts as healthy, inclusive ranges; Traefik 200-399, HAProxy 200-399 unless `http-check expect` says otherwise. */
  readonly expectStatus: readonly (readonly [number, number])[];
  /** Text the body must contain (`http-check expect string`); null when none. */
  readonly expectText: string | null;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
}

/** The result of the proxy's own last check of a server. */
export interface CheckResult {
  /** HAProxy's code (`L4CON`, `L7STS` …); for Traefik derived from its log (`refused`, `timeout`, `status`, `dns`, `tls` …) or null. */
  readonly status: string | null;
  /** HTTP status the check got, when it got one. */
  readonly code: number | null;
  readonly text: string | null;
  readonly durationMs: number | null;
}

/** Running totals of one server or backend since the proxy started; null where the proxy does not count it. */
export interface TrafficCounters {
  readonly requests: number | null;
  readonly responses2xx: number | null;
  readonly responses3xx: number | null;
  readonly responses4xx: number | null;
  readonly responses5xx: number | null;
  readonly connectionErrors: number | null;
  readonly responseErrors: number | null;
  readonly retries: number | null;
  readonly redispatches: number | null;
}

/** Of a proxy that counts nothing here, or that could not be asked. */
export const noCounters: TrafficCounters = {
  requests: null,
  responses2xx: null,
  responses3xx: null,
  responses4xx: null,
  responses5xx: null,
  connectionErrors: null,
  responseErrors: null,
  retries: null,
  redispatches: null,
};

export interface ServerState {
  /** Backend name as the metrics' label has it (Traefik: with `@provider`). */
  readonly backend: string;
  /** HAProxy: the server's name. Traefik: `host:port` of its URL. */
  readonly name: string;
  /** `backend/name`: how evidence and incidents call it. */
  readonly subject: string;
  readonly address: ServerAddress;
  readonly tls: UpstreamTls | null;
  readonly state: OperationalState;
  readonly administrative: AdministrativeState;
  /** HAProxy's own status word (`DOWN`, `UP 1/3`, `MAINT (via b/s)`), Traefik's `UP`/`DOWN`. */
  readonly status: string;
  /** HAProxy `srv_admin_state` mask (1 forced maintenance, 4 in the config, 8 drain, 32 DNS …); null for Traefik. */
  readonly adminMask: number | null;
  /** Current effective weight and the configured one; 0 takes no new traffic. null where unknown. */
  readonly weight: number | null;
  readonly initialWeight: number | null;
  readonly backup: boolean;
  /** `backend/server` whose state this one follows, or null. */
  readonly tracks: string | null;
  /** null: not checked. */
  readonly healthCheck: HealthCheck | null;
  readonly lastCheck: CheckResult | null;
  /** Since when it has been in this state; null where unknown. */
  readonly changedAt: number | null;
  readonly currentSessions: number | null;
  readonly sessionLimit: number | null;
  readonly queued: number | null;
  readonly counters: TrafficCounters;
  /** Means over the last 1024 requests, in ms (HAProxy); null where unknown. */
  readonly responseTimeMs: number | null;
}

export interface BackendState {
  /** As the metrics' label has it. */
  readonly name: string;
  readonly state: 'up' | 'down' | 'unknown';
  readonly mode: 'http' | 'tcp';
  readonly servers: readonly ServerState[];
  readonly counters: TrafficCounters;
  readonly queued: number | null;
  /** Names of frontends, listeners or routers that lead here. */
  readonly usedBy: readonly string[];
  /** What the proxy itself complains about (Traefik `error`), else empty. */
  readonly errors: readonly string[];
  /** `timeout server`, `timeout connect`, or Traefik's transport timeouts, in ms; null when none or unknown. */
  readonly serverTimeoutMs: number | null;
  readonly connectTimeoutMs: number | null;
  /** Whether the proxy marks a server down by live traffic (HAProxy observe, Traefik passive check). */
  readonly sticky: boolean;
}

/** A way in: HAProxy frontend, Traefik entry point. */
export interface EntryState {
  readonly name: string;
  /** Addresses it listens on, `host:port` or `:port`. */
  readonly binds: readonly string[];
  readonly state: 'open' | 'paused' | 'stopped' | 'unknown';
  readonly sessionLimit: number | null;
  readonly currentSessions: number | null;
  readonly counters: TrafficCounters;
}

/** Traefik router, or a HAProxy `use_backend`/`default_backend` rule. */
export interface RouteState {
  readonly name: string;
  readonly entries: readonly string[];
  readonly rule: string;
  readonly backend: string | null;
  readonly middlewares: readonly string[];
  readonly state: 'enabled' | 'warning' | 'disabled';
  readonly errors: readonly string[];
  readonly priority: number | null;
}

/** A file the proxy is configured by, as it lies on the disk. */
export interface ConfigFile {
  readonly path: string;
  readonly modifiedAt: number;
  /** SHA-256 of the content, hexadecimal. */
  readonly hash: string;
}

/** Something wrong with a configuration, found by the proxy or by reading it. */
export interface ConfigProblem {
  readonly kind: 'unreadable' | 'syntax' | 'missing-reference' | 'invalid' | 'conflict';
  readonly text: string;
  readonly file: string | null;
  readonly line: number | null;
  /** Name of the router, backend, service or middleware it is about, when known. */
  readonly subject: string | null;
}

/** What the configuration on disk declares for one server: may differ from what runs. */
export interface DeclaredServer {
  readonly backend: string;
  readonly name: string;
  readonly host: string;
  readonly port: number | null;
  readonly disabled: boolean;
}

/** One full read of a proxy. A part that could not be read is null (never an empty list), with the reason in `gaps`. */
export interface ProxyState {
  readonly target: string;
  readonly proxy: ProxyKind;
  readonly version: string | null;
  readonly readAt: number;
  /** When the serving process started (a HAProxy reload starts a new one). */
  readonly startedAt: number | null;
  readonly pid: number | null;
  readonly lastReloadAt: number | null;
  readonly backends: readonly BackendState[] | null;
  readonly entries: readonly EntryState[] | null;
  readonly routes: readonly RouteState[] | null;
  readonly configFiles: readonly ConfigFile[] | null;
  readonly declared: readonly DeclaredServer[] | null;
  readonly problems: readonly ConfigProblem[];
  readonly connections: { readonly current: number | null; readonly limit: number | null };
  /** What could not be read, and why, as sentences for people. */
  readonly gaps: readonly ReadGap[];
}

export interface ReadGap {
  readonly what: 'state' | 'config' | 'log' | 'access-log' | 'metrics' | 'process';
  readonly reason: string;
  /** What to add to the configuration, e.g. `targets[edge].haproxy.stats_socket`. */
  readonly fix: string | null;
}

/** Who gave the answer a client got. */
export type AnswerOrigin =
  | 'server' // the application itself
  | 'proxy-connect' // the proxy: could not connect to the server (refused, timeout, TLS …)
  | 'proxy-response' // the proxy: connected, but no or a broken answer
  | 'no-server' // the proxy: no server to send it to
  | 'no-route' // the proxy: no rule matched
  | 'middleware' // the proxy: a rule, limiter or authentication answered
  | 'client' // the client left or sent garbage
  | 'unknown';

/** One line of an access log. */
export interface RequestRecord {
  readonly at: number;
  readonly client: string | null;
  readonly method: string | null;
  /** Without the query string. */
  readonly path: string | null;
  readonly host: string | null;
  readonly status: number | null;
  readonly entry: string | null;
  /** Backend or service, as the metrics' label has it; null when none was chosen. */
  readonly backend: string | null;
  /** Subject of the server (`backend/name`), or null. */
  readonly server: string | null;
  readonly origin: AnswerOrigin;
  /** HAProxy's four letters; null for Traefik. */
  readonly termination: string | null;
  readonly durationMs: number | null;
  /** Time to the server's first byte; null when there was none. */
  readonly serverMs: number | null;
  readonly retries: number | null;
}

/** A line of the proxy's own log that says that something happened. */
export interface ProxyEvent {
  readonly at: number | null;
  readonly kind:
    | 'server-down'
    | 'server-up'
    | 'server-disabled'
    | 'server-enabled'
    | 'backend-down'
    | 'started'
    | 'reload'
    | 'config-error'
    | 'tls-error'
    | 'connect-error'
    | 'other';
  readonly backend: string | null;
  /** Subject of the server, or null. */
  readonly server: string | null;
  readonly text: string;
}
