import { at, readJson } from './client.ts';
import { type Fields, fieldsOf, instantOrNull, listOf, numberOrNull, textOf, textOrNull, textsOf, wordOf } from './reading.ts';

type ServerCondition = 'up' | 'down' | 'starting' | 'draining' | 'maintenance' | 'no-check' | 'unknown';

export interface ServerView {
  readonly id: string;
  readonly address: string;
  readonly state: ServerCondition;
  readonly failing: boolean;
  readonly weight: number | null;
  readonly rps: number | null;
  readonly errorShare: number | null;
  readonly changedByPlan: string | null;
}

export interface BackendView {
  readonly id: string;
  readonly ready: number | null;
  readonly needed: number | null;
  readonly rps: number | null;
  readonly errorShare: number | null;
  readonly servers: readonly ServerView[];
}

interface EntryView {
  readonly id: string;
  readonly bind: string;
  readonly rps: number | null;
  readonly errorShare: number | null;
}

export interface Topology {
  readonly proxy: string;
  readonly atMs: number | null;
  readonly staleAfterMs: number | null;
  readonly entries: readonly EntryView[];
  readonly routes: readonly { readonly entry: string; readonly backend: string; readonly rule: string }[];
  readonly backends: readonly BackendView[];
}

const conditions: readonly ServerCondition[] = ['up', 'down', 'starting', 'draining', 'maintenance', 'no-check', 'unknown'];

/**
 * The map of a target. The server may also answer the proxy's state as it was read, which has no rates: those are unknown then,
 * and the page leaves them out.
 */
export async function fetchTopology(target: string, signal?: AbortSignal): Promise<Topology> {
  const it = fieldsOf(await readJson(at`/targets/${target}/topology`, signal));
  return {
    proxy: textOf(it['proxy']),
    atMs: instantOrNull(it['at'] ?? it['readAt']),
    staleAfterMs: numberOrNull(it['staleAfterMs']),
    entries: listOf(it['entries'], readEntry),
    routes: listOf(it['routes'], readRoutes).flat(),
    backends: listOf(it['backends'], readBackend),
  };
}

function readEntry(value: unknown): EntryView {
  const it = fieldsOf(value);
  return {
    id: textOf(it['id'] ?? it['name']),
    bind: textOf(it['bind']) || textsOf(it['binds']).join(', '),
    rps: numberOrNull(it['rps']),
    errorShare: numberOrNull(it['errorShare']),
  };
}

/** A route of several entries is one way per entry. */
function readRoutes(value: unknown): Topology['routes'] {
  const it = fieldsOf(value);
  const entries = textOrNull(it['entry']) === null ? textsOf(it['entries']) : [textOf(it['entry'])];
  return entries.map((entry) => ({ entry, backend: textOf(it['backend']), rule: textOf(it['rule']) }));
}

function readBackend(value: unknown): BackendView {
  const it = fieldsOf(value);
  const servers = listOf(it['servers'], readServer);
  return {
    id: textOf(it['id'] ?? it['name']),
    ready: numberOrNull(it['ready']) ?? servers.filter((server) => server.state === 'up').length,
    needed: numberOrNull(it['needed']),
    rps: numberOrNull(it['rps']),
    errorShare: numberOrNull(it['errorShare']),
    servers,
  };
}

function readServer(value: unknown): ServerView {
  const it = fieldsOf(value);
  const change = it['change'] ? fieldsOf(it['change']) : null;
  return {
    id: textOf(it['id'] ?? it['name']),
    address: textOrNull(it['address']) ?? addressOf(fieldsOf(it['address'])),
    state: conditionOf(it),
    failing: it['failing'] === true,
    weight: numberOrNull(it['weight']),
    rps: numberOrNull(it['rps']),
    errorShare: numberOrNull(it['errorShare']),
    changedByPlan: change && textOrNull(change['plan']),
  };
}

function addressOf(it: Fields): string {
  const host = textOrNull(it['host']) ?? textOrNull(it['hostname']);
  const port = numberOrNull(it['port']);
  return host === null ? 'no address' : `${host}${port === null ? '' : `:${port}`}`;
}

const asked: Readonly<Record<string, ServerCondition>> = { drain: 'draining', maintenance: 'maintenance', resolution: 'maintenance' };

/** What people asked of a server counts before its health: one that drains is not simply up. */
function conditionOf(it: Fields): ServerCondition {
  return asked[textOf(it['administrative'])] ?? wordOf(it['state'], conditions, 'unknown');
}
