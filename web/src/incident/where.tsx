import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import type { IncidentPageData } from '../api/incident.ts';
import { type BackendView, fetchTopology, type ServerView, type Topology } from '../api/topology.ts';
import { usePolling } from '../live/connection.ts';
import { Mark } from '../parts/mark.tsx';
import { Panel, Problem } from '../parts/panel.tsx';
import { formatAge, formatQuantity } from '../time/format.ts';
import { useNow } from '../time/now.ts';
import css from './incident.module.css';
import { serverWords } from './words.ts';

const shownServers = 12;
const liveMapMs = 5_000;

/** The way of the traffic: entry, backend, servers; trouble first. */
export function WherePanel({ incident }: { readonly incident: IncidentPageData }): ReactNode {
  const polling = usePolling();
  const map = useQuery({
    queryKey: ['topology', incident.target],
    queryFn: ({ signal }) => fetchTopology(incident.target, signal),
    enabled: incident.target !== '' && incident.state !== 'resolved',
    refetchInterval: polling || liveMapMs,
  });
  if (incident.state === 'resolved' || incident.target === '') return null;
  if (map.error instanceof ApiError && map.error.status === 404) return null;
  return (
    <Panel title="Where" note={map.data ? <ReadAt target={incident.target} map={map.data} /> : incident.target}>
      {map.isError && <Problem error={map.error} onRetry={() => void map.refetch()} />}
      {map.isPending && <div className={css.blockMap} aria-busy="true" />}
      {map.data && <Way map={map.data} backendName={incident.backend} />}
    </Panel>
  );
}

function ReadAt({ target, map }: { readonly target: string; readonly map: Topology }): ReactNode {
  const nowMs = useNow();
  if (map.atMs === null) return `${target} · never read`;
  const ageMs = nowMs - map.atMs;
  const isStale = map.staleAfterMs !== null && ageMs > map.staleAfterMs;
  return (
    <>
      {target} · read {formatAge(ageMs)}
      {isStale && <strong className={css.stale}> ▲ stale</strong>}
    </>
  );
}

function Way({ map, backendName }: { readonly map: Topology; readonly backendName: string | null }): ReactNode {
  const backends = backendName === null ? map.backends : map.backends.filter((backend) => sameName(backend.id, backendName));
  if (backends.length === 0) return <p className={css.dim}>{backendName ?? 'No backend'} is not on the map of the proxy.</p>;
  return backends.slice(0, 3).map((backend) => <BackendWay key={backend.id} map={map} backend={backend} />);
}

/** `app@file` and `app` are the same Traefik service. */
function sameName(a: string, b: string): boolean {
  return a === b || a.split('@')[0] === b || a === b.split('@')[0];
}

function BackendWay({ map, backend }: { readonly map: Topology; readonly backend: BackendView }): ReactNode {
  const ways = new Set(map.routes.filter((way) => sameName(way.backend, backend.id)).map((way) => way.entry));
  const entries = map.entries.filter((entry) => ways.has(entry.id));
  const servers = [...backend.servers].sort((a, b) => trouble(b) - trouble(a));
  const shown = new Set(servers.slice(0, shownServers).map((server) => server.id));
  return (
    <div className={css.way}>
      {entries.map((entry) => (
        <div key={entry.id} className={css.node}>
          <strong>{entry.id}</strong>
          <span>{entry.bind}</span>
          <span>{traffic(entry)}</span>
        </div>
      ))}
      {entries.length > 0 && <Arrow />}
      <div className={css.node}>
        <strong>{backend.id}</strong>
        <span>{backend.ready === null ? 'ready: unknown' : `${backend.ready} of ${backend.servers.length} ready`}</span>
        <span>{traffic(backend)}</span>
      </div>
      <Arrow />
      <ul className={css.servers}>
        {backend.servers
          .filter((server) => shown.has(server.id))
          .map((server) => (
            <ServerLine key={server.id} server={server} />
          ))}
        {servers.length > shownServers && <li className={css.dim}>and {servers.length - shownServers} more</li>}
      </ul>
    </div>
  );
}

function Arrow(): ReactNode {
  return (
    <span aria-hidden="true" className={css.arrow}>
      →
    </span>
  );
}

function trouble(server: ServerView): number {
  if (server.state === 'down' || server.failing) return 2;
  return server.state === 'up' ? 0 : 1;
}

interface Rates {
  readonly rps: number | null;
  readonly errorShare: number | null;
}

function traffic({ rps, errorShare }: Rates): string {
  if (rps === null && errorShare === null) return 'traffic unknown';
  return `${rps === null ? 'rate unknown' : formatQuantity(rps, '/s')} · 5xx ${errorShare === null ? 'unknown' : formatQuantity(errorShare, 'ratio')}`;
}

function ServerLine({ server }: { readonly server: ServerView }): ReactNode {
  const [tone, word] = serverWords(server);
  return (
    <li className={`${css.server} ${tone === 'bad' ? css.serverBad : ''}`}>
      <span className={css.serverName}>
        <Mark tone={tone} />{' '}
        <strong>
          {server.id} {word}
        </strong>
        {server.changedByPlan !== null && <> by {server.changedByPlan}</>}
      </span>
      {/* Traefik knows its servers by their address alone. */}
      <code>{server.address === server.id ? '' : server.address}</code>
      <span>{server.weight === null ? 'w ?' : `w ${server.weight}`}</span>
      <span>{server.rps === null ? '' : formatQuantity(server.rps, '/s')}</span>
      <span className={server.failing ? css.badNumber : ''}>
        {server.errorShare === null ? '' : formatQuantity(server.errorShare, 'ratio')}
      </span>
    </li>
  );
}
