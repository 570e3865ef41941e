import { isIP } from 'node:net';
import type { AnswerOrigin, RequestRecord } from '../../../model/proxy.ts';
import { CannotLook } from '../../../respond/diagnosis/questions.ts';
import { asNumber, asObject, asText, field, type JsonObject } from './json-value.ts';
import { parseServerUrl, serverSubject } from './server-url.ts';
import { tailLines } from './tail.ts';

const LONGEST_LINE = 64 * 1024;
const LONGEST_FIELD = 2048;
/** Lines are written when a request ends and dated when it began: a slow one is this much out of order at most. */
const DISORDER_MS = 60_000;
const MOST_RECORDS = 200_000;

/** Where the access log of a target is; `key` is its configuration key, e.g. `targets[front].traefik.access_log_file`. */
export interface AccessLogSource {
  readonly path: string | null;
  readonly key: string;
}

/** Timeouts of the way to the servers of a service, in ms; null where there is none or it is unknown. */
interface LogTimeouts {
  readonly dialTimeoutMs: number | null;
  readonly responseHeaderTimeoutMs: number | null;
}

/** What the configuration adds to the log: a 504 looks alike whatever timed out, and the common format names no service. */
export interface LogHints {
  /** Of a service (`name@provider`); null where unknown. */
  timeoutsOf(service: string): LogTimeouts | null;
  /** The service that a router leads to, and of several the one that has this server (`host:port`); null where unknown. */
  serviceOf(router: string, server: string | null): string | null;
}

/** For a log whose configuration cannot be seen. */
export const NO_HINTS: LogHints = { timeoutsOf: () => null, serviceOf: () => null };

/**
 * The requests that began at or after `sinceAt` (ms since the epoch), oldest first, from the last 16 MiB of the log.
 * @throws CannotLook
 */
export async function readAccessLog(
  source: AccessLogSource,
  sinceAt: number,
  hints: LogHints,
  signal: AbortSignal,
): Promise<RequestRecord[]> {
  if (source.path === null) {
    throw new CannotLook(
      'no access log is configured for this Traefik',
      `Set ${source.key}; Traefik writes it with accessLog.format: json.`,
    );
  }
  const isOld = (line: string): boolean => (parseAccessLine(line)?.at ?? Number.POSITIVE_INFINITY) < sinceAt - DISORDER_MS;
  const lines = await tailLines(source.path, { key: source.key, isOld }, signal);
  const records = lines.flatMap((line) => parseAccessLine(line, hints) ?? []);
  if (records.length === 0 && lines.some((line) => line.trim() !== '')) {
    throw new CannotLook(
      `${source.path} has ${lines.length} lines and none is an access log line of Traefik`,
      'Set accessLog.format: json in Traefik.',
    );
  }
  return records.filter((record) => record.at >= sinceAt).slice(-MOST_RECORDS);
}

/** One line of Traefik's access log, JSON or common format; null when it is neither. Never throws. */
export function parseAccessLine(line: string, hints: LogHints = NO_HINTS): RequestRecord | null {
  if (line.length > LONGEST_LINE) return null;
  return line.startsWith('{') ? parseJsonLine(line, hints) : parseCommonLine(line, hints);
}

function parseJsonLine(line: string, hints: LogHints): RequestRecord | null {
  const fields = parseObject(line);
  if (fields === null) return null;
  const at = Date.parse(asText(fields['StartUTC']) ?? asText(fields['StartLocal']) ?? asText(fields['time']) ?? '');
  const status = asNumber(fields['DownstreamStatus']);
  if (Number.isNaN(at) || status === null) return null;
  return {
    ...whereOf(fields, status, hints),
    ...whatOf(fields),
    at,
    status: status === 0 ? 500 : status,
    termination: null,
    retries: null,
  };
}

function whatOf(fields: JsonObject): Pick<RequestRecord, 'client' | 'method' | 'path' | 'host' | 'entry' | 'durationMs'> {
  return {
    client: clientOf(fields),
    method: bounded(dashless(asText(fields['RequestMethod']))),
    path: withoutQuery(dashless(asText(fields['RequestPath']))),
    host: bounded(dashless(asText(fields['RequestHost']))),
    entry: dashless(asText(fields['entryPointName'])),
    durationMs: milliseconds(fields['Duration']),
  };
}

/** Where the request went and who answered. Behind an error page the log names the page's server, not the failing one. */
function whereOf(fields: JsonObject, status: number, hints: LogHints): Pick<RequestRecord, 'backend' | 'server' | 'origin' | 'serverMs'> {
  const server = serverNameOf(fields);
  const chosen = dashless(asText(fields['ServiceName']) ?? asText(fields['BackendName']));
  const router = dashless(asText(fields['RouterName']));
  const backend = chosen ?? (router === null ? null : hints.serviceOf(router, server));
  const originStatus = asNumber(fields['OriginStatus']) ?? 0;
  if (server !== null && originStatus !== 0 && originStatus !== status)
    return { backend: null, server: null, origin: 'unknown', serverMs: null };
  const originMs = milliseconds(fields['OriginDuration']);
  const timeouts = backend === null ? null : hints.timeoutsOf(backend);
  return {
    backend,
    server: server === null || backend === null ? null : serverSubject(backend, server),
    origin: originOf(factsOf(fields, status, server !== null, timeouts)),
    serverMs: server !== null && originMs !== null && originMs > 0 ? originMs : null,
  };
}

/** What of a log line tells who answered. Sizes in bytes; null where the format does not have it. */
interface AnswerFacts {
  readonly status: number;
  readonly originStatus: number | null;
  readonly sizeBytes: number | null;
  readonly originSizeBytes: number | null;
  readonly durationMs: number | null;
  readonly hasRouter: boolean;
  readonly hasServer: boolean;
  readonly hasOriginHeaders: boolean;
  readonly timeouts: LogTimeouts | null;
}

function factsOf(fields: JsonObject, status: number, hasServer: boolean, timeouts: LogTimeouts | null): AnswerFacts {
  return {
    status,
    originStatus: asNumber(fields['OriginStatus']),
    sizeBytes: asNumber(fields['DownstreamContentSize']),
    originSizeBytes: asNumber(fields['OriginContentSize']),
    durationMs: milliseconds(fields['OriginDuration']),
    hasRouter: dashless(asText(fields['RouterName']) ?? asText(fields['FrontendName'])) !== null,
    hasServer,
    hasOriginHeaders: Object.keys(fields).some((key) => key.startsWith('origin_') && !PLAIN_ORIGIN_HEADERS.has(key.toLowerCase())),
    timeouts,
  };
}

/** Headers that Traefik sets on its own error answers too. */
const PLAIN_ORIGIN_HEADERS: ReadonlySet<string> = new Set([
  'origin_content-type',
  'origin_x-content-type-options',
  'origin_content-length',
  'origin_date',
]);

/** Lengths of the bodies that Traefik writes itself when the way to a server fails: the status text without a line end. */
const PROXY_ERROR_SIZES: Readonly<Record<number, number>> = { 502: 11, 504: 15, 500: 21, 499: 21 };
/** `no available server\n` (v3) and `Service Unavailable` (v2); v3 writes 19 bytes only when a circuit breaker is open. */
const NO_SERVER_SIZE_V3 = 20;

/** The table of log patterns: who gave the answer that the client got. */
function originOf(facts: AnswerFacts): AnswerOrigin {
  // A panic: the client got 500, and what panicked is a middleware or a plugin.
  if (facts.status === 0) return 'middleware';
  if (facts.hasServer) return originWithServer(facts);
  if (!facts.hasRouter) return facts.status === 404 ? 'no-route' : facts.status >= 400 && facts.status < 500 ? 'client' : 'unknown';
  if (facts.status === 503 && facts.sizeBytes === NO_SERVER_SIZE_V3) return 'no-server';
  if (facts.status === 499) return 'client';
  return 'middleware';
}

function originWithServer(facts: AnswerFacts): AnswerOrigin {
  if (facts.originStatus === 0) return 'proxy-response';
  const status = facts.originStatus ?? facts.status;
  const own = PROXY_ERROR_SIZES[status] === (facts.originSizeBytes ?? facts.sizeBytes) && !facts.hasOriginHeaders;
  if (!own) return 'server';
  if (status === 499) return 'client';
  if (status === 500) return 'proxy-connect';
  return status === 504 ? originOfTimeout(facts) : originOfBadGateway(facts);
}

/** Go gives up a TLS handshake after this long. */
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
const DEFAULT_DIAL_TIMEOUT_MS = 30_000;
/** The kernel takes this long to find that a neighbour does not exist. */
const NO_ROUTE_MS = 3000;
/** A refusal or an unknown name is told at once; what fails later had been connected. */
const AT_ONCE_MS = 100;

/** A 504 says which timeout ended it only by how long it took: connecting and TLS have theirs, the rest is waiting for the answer. */
function originOfTimeout(facts: AnswerFacts): AnswerOrigin {
  const tookMs = facts.durationMs;
  const dialMs = facts.timeouts?.dialTimeoutMs ?? DEFAULT_DIAL_TIMEOUT_MS;
  if (tookMs === null) return 'proxy-connect';
  const answerMs = facts.timeouts?.responseHeaderTimeoutMs ?? null;
  if (answerMs !== null && isAbout(tookMs, answerMs)) return isAbout(tookMs, dialMs) ? 'proxy-connect' : 'proxy-response';
  return isAbout(tookMs, dialMs) || isAbout(tookMs, TLS_HANDSHAKE_TIMEOUT_MS) ? 'proxy-connect' : 'proxy-response';
}

function originOfBadGateway(facts: AnswerFacts): AnswerOrigin {
  const tookMs = facts.durationMs;
  return tookMs === null || tookMs < AT_ONCE_MS || isAbout(tookMs, NO_ROUTE_MS) ? 'proxy-connect' : 'proxy-response';
}

function isAbout(tookMs: number, limitMs: number): boolean {
  return tookMs >= limitMs * 0.98 && tookMs <= limitMs * 1.1;
}

const COMMON_LINE =
  /^(\S{1,300}) \S{1,300} .{1,300} \[(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})\] "(\S{1,40}) (\S{0,8192}) \S{1,20}" (\d{1,3}|-) (\d{1,15}|-) "([^"]{0,8192})" "([^"]{0,8192})" \d{1,15} "([^"]{0,1024})" "([^"]{0,2048})" (\d{1,12})ms$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The common format has neither service nor what the server answered; the hints tell the service of a router. */
function parseCommonLine(line: string, hints: LogHints): RequestRecord | null {
  const match = COMMON_LINE.exec(line);
  if (match === null) return null;
  const [
    ,
    client = '',
    day,
    month = '',
    year,
    time,
    hours,
    minutes,
    method = '',
    path = '',
    status,
    size,
    ,
    ,
    router = '',
    url = '',
    tookMs,
  ] = match;
  const at = Date.parse(`${year}-${String(MONTHS.indexOf(month) + 1).padStart(2, '0')}-${day}T${time}${hours}:${minutes}`);
  if (Number.isNaN(at)) return null;
  const server = parseServerUrl(url)?.name ?? null;
  const backend = dashless(router) === null ? null : hints.serviceOf(router, server);
  const answered = asNumber(status) ?? 0;
  const durationMs = asNumber(tookMs);
  const timeouts = backend === null ? null : hints.timeoutsOf(backend);
  return {
    at,
    client: firstAddress(client),
    method: bounded(method),
    path: withoutQuery(path),
    host: null,
    status: answered === 0 ? 500 : answered,
    entry: null,
    backend,
    server: server === null || backend === null ? null : serverSubject(backend, server),
    origin: originOf({
      status: answered,
      originStatus: null,
      sizeBytes: asNumber(size),
      originSizeBytes: null,
      durationMs,
      hasRouter: dashless(router) !== null,
      hasServer: server !== null,
      hasOriginHeaders: false,
      timeouts,
    }),
    termination: null,
    durationMs,
    serverMs: null,
    retries: null,
  };
}

function parseObject(line: string): JsonObject | null {
  try {
    return asObject(JSON.parse(line));
  } catch {
    return null;
  }
}

/** v3 logs the URL as text, v2 and v1 as Go's URL object; the address alone is always text. */
function serverNameOf(fields: JsonObject): string | null {
  const url = fields['ServiceURL'] ?? fields['BackendURL'];
  const parts = asObject(url);
  const text = parts === null ? asText(url) : `${asText(field(parts, 'Scheme')) ?? 'http'}://${asText(field(parts, 'Host')) ?? ''}`;
  return text === null ? null : (parseServerUrl(text)?.name ?? null);
}

/** The client's address: the one that `X-Forwarded-For` names first when Traefik believes it, else that of the connection. */
function clientOf(fields: JsonObject): string | null {
  return firstAddress(asText(fields['ClientHost']) ?? '') ?? firstAddress(asText(fields['ClientAddr'])?.replace(/:\d{1,5}$/, '') ?? '');
}

function firstAddress(text: string): string | null {
  const first = (text.slice(0, 200).split(',')[0] ?? '').trim().replace(/^\[|\]$/g, '');
  return isIP(first) === 0 ? null : first;
}

function milliseconds(nanoseconds: unknown): number | null {
  const value = asNumber(nanoseconds);
  return value === null ? null : value / 1e6;
}

function withoutQuery(path: string | null): string | null {
  return path === null ? null : bounded(path.split(/[?#]/, 1)[0] ?? path);
}

function dashless(text: string | null): string | null {
  return text === null || text === '-' || text === '' ? null : text;
}

function bounded(text: string | null): string | null {
  return text === null ? null : text.slice(0, LONGEST_FIELD);
}
