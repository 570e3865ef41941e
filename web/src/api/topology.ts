import { at, readJson } from './client.ts';
import { fieldsOf, instantOrNull, listOf, numberOrNull, textOf, textOrNull, wordOf } from './reading.ts';

type ServerCondition = 'up' | 'down' | 'starting' | 'draining' | 'maintenance' | 'no-check' | 'unknown';

export interface ServerView {
  readonly id: string;
  readonly address: string;
  readonly state: ServerCondition;
  readonly failing: boolean;
  readonly reason: string | null;
  readonly weight: number | null;
  readonly rps: number | null;
  readonly errorShare: number | null;
  readonly changedByPlan: string | null;
  readonly liftsAtMs: number | null;
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

export async function fetchTopology(target: string, signal?: AbortSignal): Promise<Topology> {
  const it = fieldsOf(await readJson(at`/targets/${target}/topology`, signal));
  return {
    proxy: textOf(it['proxy']),
    atMs: instantOrNull(it['at']),
    staleAfterMs: numberOrNull(it['staleAfterMs']),
    entries: listOf(it['entries'], readEntry),
    routes: listOf(it['routes'], readRoute),
    backends: listOf(it['backends'], readBackend),
  };
}

function readEntry(value: unknown): EntryView {
  const it = fieldsOf(value);
  return { id: textOf(it['id']), bind: textOf(it['bind']), rps: numberOrNull(it['rps']), errorShare: numberOrNull(it['errorShare']) };
}

function readRoute(value: unknown): Topology['routes'][number] {
  const it = fieldsOf(value);
  return { entry: textOf(it['entry']), backend: textOf(it['backend']), rule: textOf(it['rule']) };
}

function readBackend(value: unknown): BackendView {
  const it = fieldsOf(value);
  return {
    id: textOf(it['id']),
    ready: numberOrNull(it['ready']),
    needed: numberOrNull(it['needed']),
    rps: numberOrNull(it['rps']),
    errorShare: numberOrNull(it['errorShare']),
    servers: listOf(it['servers'], readServer),
  };
}

function readServer(value: unknown): ServerView {
  const it = fieldsOf(value);
  const change = it['change'] ? fieldsOf(it['change']) : null;
  return {
    id: textOf(it['id']),
    address: textOf(it['address']),
    state: wordOf(it['state'], conditions, 'unknown'),
    failing: it['failing'] === true,
    reason: textOrNull(it['reason']),
    weight: numberOrNull(it['weight']),
    rps: numberOrNull(it['rps']),
    errorShare: numberOrNull(it['errorShare']),
    changedByPlan: change && textOrNull(change['plan']),
    liftsAtMs: change && instantOrNull(change['liftsAt']),
  };
}
