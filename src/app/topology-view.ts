import type { BackendView, RouteView, ServerView, TopologyView } from '../interfaces/verbs.ts';
import type { Incident } from '../model/incident.ts';
import type { Plan } from '../model/plan.ts';
import type { BackendState, EntryState, ProxyState, RouteState, ServerState } from '../model/proxy.ts';
import type { CountRow, CountsAnswer, HistoryAnswer } from '../respond/diagnosis/questions.ts';
import { requiredServers } from '../respond/mitigation/guards/min-healthy.ts';
import type { MinHealthy } from '../respond/mitigation/settings.ts';

export interface TopologyParts {
  readonly state: ProxyState;
  /** Requests of the last seconds; null when they were not counted twice yet. */
  readonly counts: CountsAnswer | null;
  readonly history: HistoryAnswer | null;
  readonly minHealthy: MinHealthy;
  readonly staleAfterMs: number;
  /** Open incidents of this target. */
  readonly incidents: readonly Incident[];
  /** Changes of ours at this target that are in force. */
  readonly changes: readonly Plan[];
}

/** From this share of 5xx on a server that counts as up is called failing. */
const failingShare = 0.2;
/** Fewer requests say nothing about a share. */
const requestsMin = 5;

/** The last read of a target as a map for people, with its traffic, our changes and those of others. */
export function topologyView(parts: TopologyParts): TopologyView {
  const { state } = parts;
  return {
    proxy: state.proxy,
    version: state.version,
    at: state.readAt,
    staleAfterMs: parts.staleAfterMs,
    entries: state.entries?.map((entry) => entryView(entry, parts)) ?? null,
    routes: state.routes?.flatMap((route) => routeViews(route, parts)) ?? null,
    backends: state.backends?.map((backend) => backendView(backend, parts)) ?? null,
    gaps: state.gaps.map((gap) => gap.reason),
  };
}

function entryView(entry: EntryState, { counts }: TopologyParts) {
  return {
    id: entry.name,
    bind: entry.binds.join(', '),
    state: entry.state,
    connections: entry.currentSessions,
    limit: entry.sessionLimit,
    ...rates(counts, (row) => row.scope === 'entry' && row.name === entry.name),
  };
}

/** A route of several entries is one way per entry. */
function routeViews(route: RouteState, { counts }: TopologyParts): RouteView[] {
  const { backend, rule, middlewares, state } = route;
  // HAProxy counts no routes: all its requests of an entry are those of its backends.
  const traffic = rates(counts, (row) => row.scope === 'route' && row.name === route.name);
  return route.entries.map((entry) => ({ entry, backend, rule, middlewares, state, ...traffic }));
}

function backendView(backend: BackendState, parts: TopologyParts): BackendView {
  const incident = parts.incidents.find((one) => one.backend === backend.name) ?? parts.incidents.find((one) => one.backend === null);
  const servers = backend.servers.map((server) => serverView(server, incident ?? null, parts));
  const isKnown = backend.servers.every((server) => server.state !== 'unknown');
  return {
    id: backend.name,
    state: backend.state,
    ready: isKnown ? backend.servers.filter(takesTraffic).length : null,
    needed: requiredServers(parts.minHealthy, backend.servers.length),
    queue: backend.queued,
    incident: incident?.id ?? null,
    servers,
    ...rates(parts.counts, (row) => row.scope === 'backend' && row.name === backend.name),
  };
}

function takesTraffic(server: ServerState): boolean {
  return server.state !== 'down' && (server.administrative === 'ready' || server.administrative === 'tracked') && server.weight !== 0;
}

function serverView(server: ServerState, incident: Incident | null, parts: TopologyParts): ServerView {
  const mine = (row: CountRow) => row.scope === 'server' && row.name === server.backend && row.server === server.name;
  const traffic = rates(parts.counts, mine);
  const requests = parts.counts?.rows.find(mine)?.total ?? 0;
  const cause = incident?.diagnosis?.causes.find((one) => one.subjects.includes(server.subject)) ?? null;
  const isErring = traffic.errorShare !== null && traffic.errorShare >= failingShare && requests >= requestsMin;
  const change = changeOf(server, parts.changes);
  return {
    id: server.name,
    address: addressOf(server),
    state: stateOf(server),
    failing: cause !== null || isErring,
    reason: cause?.id ?? (server.state === 'down' ? (server.lastCheck?.text ?? server.status) : isErring ? 'answers with errors' : null),
    check: server.lastCheck?.status ? { status: server.lastCheck.status, at: server.changedAt } : null,
    weight: server.weight,
    connections: server.currentSessions,
    limit: server.sessionLimit,
    queue: server.queued,
    backup: server.backup,
    change,
    foreign: change === null ? foreignOf(server, parts.history) : null,
    ...traffic,
  };
}

const asked: Readonly<Partial<Record<ServerState['administrative'], ServerView['state']>>> = {
  drain: 'draining',
  maintenance: 'maintenance',
  resolution: 'maintenance',
};

/** What people asked of a server counts before its health: one that drains is not simply up. */
function stateOf(server: ServerState): ServerView['state'] {
  return asked[server.administrative] ?? server.state;
}

function addressOf({ address }: ServerState): string | null {
  const host = address.host ?? address.hostname;
  if (host === null) return null;
  return address.port === null ? host : `${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

/** The change of ours that keeps a server out of the traffic; one that was given back since is no longer changed. */
function changeOf(server: ServerState, changes: readonly Plan[]): ServerView['change'] {
  if (takesTraffic({ ...server, state: 'up' })) return null;
  const plan = changes.findLast((one) => one.effects.some(({ subject, does }) => subject === server.subject && does === 'take-out'));
  if (plan === undefined) return null;
  return { plan: plan.id, action: plan.action, actor: plan.approvedBy, at: plan.approvedAt, liftsAt: null };
}

function foreignOf(server: ServerState, history: HistoryAnswer | null): ServerView['foreign'] {
  if (server.administrative === 'drain' || server.administrative === 'maintenance')
    return { field: 'administrative', was: 'ready', at: server.changedAt };
  const moved = history?.addressChanges.findLast((change) => change.subject === server.subject);
  return moved === undefined ? null : { field: 'address', was: moved.was, at: moved.at };
}

/** Sums what was counted; nothing counted is unknown, not zero. */
function rates(counts: CountsAnswer | null, isMine: (row: CountRow) => boolean): { rps: number | null; errorShare: number | null } {
  const rows = counts === null || counts.coveredMs <= 0 ? [] : counts.rows.filter(isMine);
  if (counts === null || rows.length === 0) return { rps: null, errorShare: null };
  const total = rows.reduce((sum, row) => sum + row.total, 0);
  const errors = rows.reduce((sum, row) => sum + row.byClass['5xx'], 0);
  return { rps: total / (counts.coveredMs / 1_000), errorShare: total === 0 ? null : errors / total };
}
