/** Situations, servers and answers made up for tests of the diagnosis and of pages: everything healthy unless told otherwise. */
import { labelsOf } from '../../model/labels.ts';
import type { BackendState, ProxyState, RequestRecord, ServerState, TrafficCounters } from '../../model/proxy.ts';
import type { Observation } from './check.ts';
import { AnswerBook } from './check.ts';
import type { Answers, Question } from './questions.ts';
import type { SignId } from './signs.ts';
import type { Situation } from './situation.ts';

export const nowMs = 1_800_000_000_000;

export function situation(changes: Partial<Situation> = {}): Situation {
  return {
    alert: { name: 'HaproxyBackendDown', labels: labelsOf([['backend', 'api']]) },
    family: 'down',
    target: { name: 'edge', proxy: 'haproxy', entryAddresses: [] },
    backend: 'api',
    knownServers: [],
    nowMs,
    activeSinceMs: null,
    windowMs: 180_000,
    ...changes,
  };
}

/** What was seen of a subject of the backend `api`; of the target when the subject is `edge`. */
export function saw(sign: SignId, subject = 'api/s1', changes: Partial<Observation> = {}): Observation {
  const backend = subject === 'edge' || subject.startsWith('route:') ? null : 'api';
  return { check: 'test/check', sign, subject, backend, summary: sign, facts: {}, at: nowMs, durationMs: 1, fix: null, ...changes };
}

const noCounters: TrafficCounters = {
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

export function server(name: string, changes: Partial<ServerState> = {}): ServerState {
  return {
    backend: 'api',
    name,
    subject: `api/${name}`,
    address: { host: '10.0.0.1', hostname: null, port: 8000 + Number(name.replace(/\D/g, '') || 0), scheme: 'http' },
    tls: null,
    state: 'up',
    administrative: 'ready',
    status: 'UP',
    adminMask: 0,
    weight: 1,
    initialWeight: 1,
    backup: false,
    tracks: null,
    healthCheck: null,
    lastCheck: null,
    changedAt: null,
    currentSessions: 0,
    sessionLimit: null,
    queued: 0,
    counters: noCounters,
    responseTimeMs: null,
    ...changes,
  };
}

export function proxyState(servers: readonly ServerState[], changes: Partial<ProxyState> = {}): ProxyState {
  const backend: BackendState = {
    name: 'api',
    state: 'up',
    mode: 'http',
    servers,
    counters: noCounters,
    queued: 0,
    usedBy: [],
    errors: [],
    serverTimeoutMs: 3_000,
    connectTimeoutMs: 1_000,
    sticky: false,
  };
  return {
    target: 'edge',
    proxy: 'haproxy',
    version: '2.6',
    readAt: nowMs,
    startedAt: nowMs - 3_600_000,
    pid: 1,
    lastReloadAt: nowMs - 3_600_000,
    backends: [backend],
    entries: [],
    routes: [],
    configFiles: [],
    declared: null,
    problems: [],
    connections: { current: 1, limit: 100 },
    gaps: [],
    ...changes,
  };
}

/** One request that server `s1` answered well, `secondsAgo` seconds before now. */
export function request(secondsAgo: number, changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    at: nowMs - secondsAgo * 1000,
    client: '10.9.0.1',
    method: 'GET',
    path: '/orders',
    host: null,
    status: 200,
    entry: 'web',
    backend: 'api',
    server: 'api/s1',
    origin: 'server',
    termination: '----',
    durationMs: 5,
    serverMs: 5,
    retries: 0,
    ...changes,
  };
}

/** A book with these answers, all given at once. */
export class Book extends AnswerBook {
  answer<Q extends Question>(question: Q, value: Answers[Q['kind']]): this {
    this.set(question, { ok: true, value, at: nowMs, durationMs: 1 });
    return this;
  }

  refuse(question: Question, reason: string): this {
    this.set(question, { ok: false, reason, fix: 'a key of the configuration', at: nowMs, durationMs: 1 });
    return this;
  }
}
