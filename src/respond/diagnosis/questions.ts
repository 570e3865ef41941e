import type { ConfigProblem, ProxyEvent, ProxyState, RequestRecord } from '../../model/proxy.ts';

/**
 * Everything a check may ask of the world. Connectors answer; the core never looks by itself.
 * Two questions with the same {@link questionKey} are one question, asked once.
 */
export type Question =
  | { readonly kind: 'proxy/state'; readonly target: string }
  | { readonly kind: 'proxy/requests'; readonly target: string; readonly sinceAt: number }
  | { readonly kind: 'proxy/events'; readonly target: string; readonly sinceAt: number }
  | { readonly kind: 'proxy/validate'; readonly target: string }
  | { readonly kind: 'proxy/process'; readonly target: string }
  | { readonly kind: 'proxy/metrics'; readonly target: string }
  | { readonly kind: 'proxy/counts'; readonly target: string; readonly windowMs: number }
  | { readonly kind: 'proxy/history'; readonly target: string }
  | { readonly kind: 'network/tcp'; readonly host: string; readonly port: number; readonly timeoutMs: number }
  | { readonly kind: 'network/http'; readonly request: HttpProbe }
  | { readonly kind: 'network/dns'; readonly name: string; readonly timeoutMs: number }
  | { readonly kind: 'network/tls'; readonly probe: TlsProbe }
  | { readonly kind: 'host/resources' }
  | { readonly kind: 'host/listener'; readonly port: number }
  | { readonly kind: 'server/log'; readonly path: string; readonly sinceAt: number };

/** A GET (or what the health check uses) as the proxy would send it. */
export interface HttpProbe {
  readonly scheme: 'http' | 'https';
  /** Address to connect to: IP literal or name. */
  readonly address: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsTrust | null;
  readonly timeoutMs: number;
  /** 1, 2, 3 …: the same request sent again is another question. */
  readonly attempt: number;
}

/** What the proxy trusts. `caFile`/`caPem` null: the system's authorities. */
export interface TlsTrust {
  readonly verify: boolean;
  readonly caFile: string | null;
  readonly caPem: string | null;
  readonly serverName: string | null;
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
}

export interface TlsProbe {
  readonly address: string;
  readonly port: number;
  readonly trust: TlsTrust;
  /** Name the certificate must carry; null: not checked. */
  readonly verifyName: string | null;
  readonly timeoutMs: number;
}

export type TcpAnswer =
  | { readonly outcome: 'connected'; readonly elapsedMs: number }
  | {
      readonly outcome: 'refused' | 'timeout' | 'unreachable' | 'reset' | 'unresolved' | 'local-limit';
      readonly code: string;
      readonly elapsedMs: number;
    };

export interface HttpAnswer {
  /** `answered`, or how far it came. `not-http`: bytes that are not HTTP. `closed`: closed before an answer. */
  readonly outcome:
    | 'answered'
    | 'refused'
    | 'timeout-connect'
    | 'timeout-answer'
    | 'unreachable'
    | 'reset'
    | 'closed'
    | 'not-http'
    | 'tls-error'
    | 'unresolved';
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  /** First 2 KiB of the body. */
  readonly body: string;
  /** Whether the body ended as announced. */
  readonly complete: boolean;
  readonly code: string | null;
  readonly elapsedMs: number;
}

export interface DnsAnswer {
  readonly outcome: 'resolved' | 'not-found' | 'no-answer';
  readonly addresses: readonly string[];
  readonly code: string | null;
  readonly elapsedMs: number;
}

export interface TlsAnswer {
  readonly outcome: 'trusted' | 'untrusted' | 'expired' | 'name-mismatch' | 'not-tls' | 'timeout' | 'refused' | 'closed' | 'unresolved';
  /** Node's `authorizationError` or the socket's error code. */
  readonly code: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly altNames: string | null;
  readonly validFrom: number | null;
  readonly validTo: number | null;
  readonly elapsedMs: number;
}

/** A process as /proc shows it; fields null where not readable. */
export interface ProcessAnswer {
  readonly running: boolean | null;
  readonly pid: number | null;
  readonly startedAt: number | null;
  /** R, S, D, T, Z … */
  readonly schedulerState: string | null;
  readonly cpuPercent: number | null;
  readonly residentBytes: number | null;
  readonly openFds: number | null;
  readonly maxFds: number | null;
}

export interface MetricsAnswer {
  readonly outcome: 'ok' | 'refused' | 'timeout' | 'error';
  readonly code: string | null;
  readonly elapsedMs: number;
}

/** Requests of one backend or server over the window, by status class; rates from the scraped series. */
export interface CountRow {
  readonly scope: 'entry' | 'route' | 'backend' | 'server';
  /** Backend label (or entry, router name). */
  readonly name: string;
  readonly server: string | null;
  readonly total: number;
  readonly byClass: Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>;
  /** By status code where the proxy counts by code (Traefik); else empty. */
  readonly byCode: Readonly<Record<string, number>>;
}

export interface CountsAnswer {
  /** How much time the samples really cover, in ms; may be less than asked. */
  readonly coveredMs: number;
  readonly rows: readonly CountRow[];
}

/** What changed at a proxy, as remembered from earlier reads (survives a restart of proxymedic). */
export interface HistoryAnswer {
  /** Oldest read we remember; changes before are unknown. */
  readonly since: number;
  readonly addressChanges: readonly {
    readonly subject: string;
    readonly backend: string;
    readonly was: string;
    readonly becomes: string;
    readonly at: number;
  }[];
  readonly configChanges: readonly { readonly path: string; readonly at: number }[];
  readonly reloads: readonly { readonly at: number; readonly restart: boolean }[];
  /** Routes and backends that existed and are gone. */
  readonly removed: readonly {
    readonly kind: 'backend' | 'route' | 'server';
    readonly name: string;
    readonly rule: string | null;
    readonly at: number;
  }[];
}

export interface ValidateAnswer {
  readonly outcome: 'valid' | 'invalid' | 'not-run';
  readonly problems: readonly ConfigProblem[];
  readonly output: string;
}

export interface ResourcesAnswer {
  readonly cpus: number;
  readonly load1: number;
  readonly memoryAvailableBytes: number;
  readonly memoryTotalBytes: number;
  readonly disks: readonly { readonly path: string; readonly freeBytes: number; readonly totalBytes: number }[];
}

export interface ListenerAnswer {
  /** null: cannot tell (not this machine's network). */
  readonly listening: boolean | null;
  readonly pid: number | null;
  readonly process: ProcessAnswer | null;
  /** Connections waiting to be accepted and the limit; null where unknown. */
  readonly acceptQueue: number | null;
  readonly acceptLimit: number | null;
}

export interface ServerLogAnswer {
  readonly lines: readonly string[];
  readonly modifiedAt: number | null;
}

/** Answer types by question kind. */
export interface Answers {
  'proxy/state': ProxyState;
  'proxy/requests': readonly RequestRecord[];
  'proxy/events': readonly ProxyEvent[];
  'proxy/validate': ValidateAnswer;
  'proxy/process': ProcessAnswer;
  'proxy/metrics': MetricsAnswer;
  'proxy/counts': CountsAnswer;
  'proxy/history': HistoryAnswer;
  'network/tcp': TcpAnswer;
  'network/http': HttpAnswer;
  'network/dns': DnsAnswer;
  'network/tls': TlsAnswer;
  'host/resources': ResourcesAnswer;
  'host/listener': ListenerAnswer;
  'server/log': ServerLogAnswer;
}

/** An answer, or why there is none. `fix` names the configuration key that would let the check look. */
export type Answered<T> =
  | { readonly ok: true; readonly value: T; readonly at: number; readonly durationMs: number }
  | { readonly ok: false; readonly reason: string; readonly fix: string | null; readonly at: number; readonly durationMs: number };

/** Thrown by a connector that cannot look: becomes an `unknown` with its reason, never a failure. */
export class CannotLook extends Error {
  override readonly name = 'CannotLook';
  readonly fix: string | null;
  constructor(reason: string, fix: string | null) {
    super(reason);
    this.fix = fix;
  }
}

/** Answers one kind of question. Must settle soon after `signal` aborts. Implemented by connectors. */
export type Answerer<K extends keyof Answers> = (question: Extract<Question, { kind: K }>, signal: AbortSignal) => Promise<Answers[K]>;

export type Answerers = { readonly [K in keyof Answers]: Answerer<K> };

/** Equal for equal questions: the gatherer asks each only once. */
export function questionKey(question: Question): string {
  return JSON.stringify(question, (_, value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
