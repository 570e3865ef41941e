import type { HealthCheck, ServerState, UpstreamTls } from '../../model/proxy.ts';
import type { AnswerBook } from './check.ts';
import type { CountRow, CountsAnswer, HttpProbe, Question, TlsTrust } from './questions.ts';
import type { Situation } from './situation.ts';
import { backendsOf, sameBackend } from './situation.ts';

type Of<K extends Question['kind']> = Extract<Question, { kind: K }>;

/** How long a probe waits for a connection. Longer than any healthy local network needs, short of the deadline. */
export const connectTimeoutMs = 2_000;
/** How long a probe waits for an answer when nothing else is known. */
export const answerTimeoutMs = 4_000;
/** More servers than this are not probed one by one: the proxy's own checks must do. */
export const probedServersMax = 64;

export function stateQuestion(situation: Situation): Of<'proxy/state'> {
  return { kind: 'proxy/state', target: situation.target.name };
}

export function requestsQuestion(situation: Situation): Of<'proxy/requests'> {
  return { kind: 'proxy/requests', target: situation.target.name, sinceAt: situation.nowMs - situation.windowMs };
}

export function eventsQuestion(situation: Situation): Of<'proxy/events'> {
  return { kind: 'proxy/events', target: situation.target.name, sinceAt: situation.nowMs - 15 * 60_000 };
}

export function countsQuestion(situation: Situation): Of<'proxy/counts'> {
  return { kind: 'proxy/counts', target: situation.target.name, windowMs: situation.windowMs };
}

/** The counts over ever longer times: a fault that has just begun must not drown in the healthy minutes before it. */
export function countsQuestions(situation: Situation): readonly Of<'proxy/counts'>[] {
  const shorter = [10_000, 20_000, 60_000].filter((windowMs) => windowMs < situation.windowMs);
  return [...shorter, situation.windowMs].map((windowMs) => ({ kind: 'proxy/counts', target: situation.target.name, windowMs }));
}

/** Requests of one backend that make its latest counts worth a look. */
const freshRequestsMin = 20;

/** The latest counts of a backend: of the shortest time in which it was asked often enough, else of the longest; null without any. */
export function freshCounts(
  situation: Situation,
  known: AnswerBook,
  backend: string,
): { readonly row: CountRow; readonly value: CountsAnswer; readonly at: number; readonly durationMs: number } | null {
  let found: ReturnType<typeof freshCounts> = null;
  for (const question of countsQuestions(situation)) {
    const answer = known.get(question);
    if (!answer?.ok) continue;
    const row = answer.value.rows.find((candidate) => candidate.scope === 'backend' && sameBackend(candidate.name, backend));
    if (row === undefined) continue;
    found = { row, value: answer.value, at: answer.at, durationMs: answer.durationMs };
    if (row.total >= freshRequestsMin) break;
  }
  return found;
}

export function historyQuestion(situation: Situation): Of<'proxy/history'> {
  return { kind: 'proxy/history', target: situation.target.name };
}

export function metricsQuestion(situation: Situation): Of<'proxy/metrics'> {
  return { kind: 'proxy/metrics', target: situation.target.name };
}

export function tcpQuestion(host: string, port: number): Of<'network/tcp'> {
  return { kind: 'network/tcp', host, port, timeoutMs: connectTimeoutMs };
}

/** The servers worth probing: those of the backends in question, at most {@link probedServersMax}; failing ones first. */
export function probedServers(situation: Situation, known: AnswerBook): readonly ServerState[] {
  const state = known.value(stateQuestion(situation));
  if (state === null) return [];
  const servers = backendsOf(situation, state).flatMap((backend) => backend.servers.map((server) => withKnownAddress(situation, server)));
  const failingFirst = [...servers].sort((a, b) => Number(b.state === 'down') - Number(a.state === 'down'));
  return failingFirst.slice(0, probedServersMax);
}

/** Where the proxy does not tell the address of a server, the one in our own configuration is all there is. */
function withKnownAddress(situation: Situation, server: ServerState): ServerState {
  if (server.address.host !== null || server.address.hostname !== null) return server;
  const known = situation.knownServers.find((entry) => entry.server === server.name && sameBackend(server.backend, entry.backend));
  if (known?.host == null || known.port === null) return server;
  return { ...server, address: { ...server.address, host: known.host, port: known.port } };
}

/** Where traffic to a server goes, as the proxy sees it; null when the proxy has no address for it. */
export function trafficAddress(server: ServerState): { readonly host: string; readonly port: number } | null {
  const host = server.address.host ?? server.address.hostname;
  return host === null || server.address.port === null ? null : { host, port: server.address.port };
}

/** Where the health check of a server goes; null when it is not checked or has no address. */
export function checkAddress(server: ServerState): { readonly host: string; readonly port: number } | null {
  const traffic = trafficAddress(server);
  if (traffic === null || server.healthCheck === null) return null;
  return { host: server.healthCheck.host ?? traffic.host, port: server.healthCheck.port ?? traffic.port };
}

function trustOf(tls: UpstreamTls | null): TlsTrust {
  return {
    verify: tls?.verify ?? true,
    caFile: tls?.caFile ?? null,
    caPem: tls?.caPem ?? null,
    serverName: tls?.serverName ?? null,
    certificateFile: tls?.certificateFile ?? null,
    keyFile: tls?.keyFile ?? null,
  };
}

export function tlsQuestion(server: ServerState): Of<'network/tls'> | null {
  const address = trafficAddress(server);
  if (address === null) return null;
  return {
    kind: 'network/tls',
    probe: {
      address: address.host,
      port: address.port,
      trust: trustOf(server.tls),
      verifyName: server.tls?.verifyHost ?? (server.tls?.serverName || null),
      timeoutMs: connectTimeoutMs + 1_000,
    },
  };
}

/** A business request to one server, as the proxy would send it. TLS is not verified here: that is the TLS check's part. */
export function businessQuestion(situation: Situation, known: AnswerBook, server: ServerState, attempt = 1): Of<'network/http'> | null {
  const address = trafficAddress(server);
  if (address === null || server.address.scheme === 'tcp') return null;
  const sample = businessSample(situation, known);
  const request: HttpProbe = {
    scheme: server.address.scheme,
    address: address.host,
    port: address.port,
    method: 'GET',
    path: sample.path,
    headers: { host: sample.host ?? server.healthCheck?.hostHeader ?? hostHeader(address) },
    tls: server.address.scheme === 'https' ? { ...trustOf(server.tls), verify: false } : null,
    timeoutMs: answerTimeoutMs,
    attempt,
  };
  return { kind: 'network/http', request };
}

/** The health request of one server, as the proxy sends it; null when it is not an HTTP check. */
export function healthQuestion(server: ServerState): Of<'network/http'> | null {
  const check = server.healthCheck;
  const address = checkAddress(server);
  if (check === null || address === null || check.kind !== 'http' || check.scheme === 'tcp') return null;
  return { kind: 'network/http', request: healthProbe(server, check, address) };
}

function healthProbe(server: ServerState, check: HealthCheck, address: { readonly host: string; readonly port: number }): HttpProbe {
  const scheme = check.scheme === 'https' ? 'https' : 'http';
  return {
    scheme,
    address: address.host,
    port: address.port,
    method: check.method === '' ? 'GET' : check.method,
    path: check.path,
    headers: { ...lowerCased(check.headers), host: check.hostHeader ?? hostHeader(address) },
    tls: scheme === 'https' ? { ...trustOf(server.tls), verify: false } : null,
    timeoutMs: Math.min(Math.max(check.timeoutMs, 200), answerTimeoutMs),
    attempt: 1,
  };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function hostHeader(address: { readonly host: string; readonly port: number }): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return address.port === 80 || address.port === 443 ? host : `${host}:${address.port}`;
}

/** What ordinary clients ask for: the GET that was answered well most often, else the root. */
export function businessSample(situation: Situation, known: AnswerBook): { readonly path: string; readonly host: string | null } {
  const records = known.value(requestsQuestion(situation)) ?? [];
  const seen = new Map<string, { path: string; host: string | null; count: number }>();
  for (const record of records) {
    if (record.method !== 'GET' || record.path === null || record.status === null || record.status >= 400) continue;
    if (situation.backend !== null && record.backend !== situation.backend) continue;
    const key = `${record.host ?? ''} ${record.path}`;
    const entry = seen.get(key) ?? { path: record.path, host: record.host, count: 0 };
    entry.count += 1;
    seen.set(key, entry);
  }
  const best = [...seen.values()].sort((a, b) => b.count - a.count)[0];
  const routed = routeSample(situation, known);
  return best ? { path: best.path, host: best.host ?? routed.host } : { path: routed.path ?? '/', host: routed.host };
}

/** Path and host that the first route to the backend asks for, as far as its rule names them plainly. */
function routeSample(situation: Situation, known: AnswerBook): { readonly path: string | null; readonly host: string | null } {
  const { backend } = situation;
  const route = known
    .value(stateQuestion(situation))
    ?.routes?.find((candidate) => backend !== null && candidate.backend !== null && sameBackend(candidate.backend, backend));
  const rule = route?.rule.slice(0, 2_000) ?? '';
  const path = /\bPath(?:Prefix)?\(`(\/[^`]{0,200})`\)/.exec(rule) ?? /\bpath(?:_beg)? (?:-i )?(\/[^\s);}]{0,200})/.exec(rule);
  const host =
    /\bHost\(`([^`]{1,253})`/.exec(rule) ??
    /\bhdr(?:_dom|_beg)?\(host\)[^;}]{0,80}? (?:-i )?([a-z0-9][a-z0-9.-]{0,252})(?=[\s);}]|$)/i.exec(rule);
  return { path: path?.[1] ?? null, host: host?.[1] ?? null };
}
