import type {
  AdministrativeState,
  CheckResult,
  OperationalState,
  ServerAddress,
  ServerState,
  TrafficCounters,
} from '../../../model/proxy.ts';
import { noCounters } from '../../../model/proxy.ts';
import { healthCheckOf } from './config-check.ts';
import { type ConfigProxy, trackedBy } from './config-file.ts';
import { type ConfigServer, readAddress, type TlsGlobals, upstreamTls } from './config-server.ts';
import { fromMetrics } from './metrics-stat.ts';
import { countOf, type ServerStateRow, type StatRow } from './stats-answers.ts';

/** Everything known of one server; what could not be read is null. */
export interface ServerSources {
  readonly backend: string;
  readonly name: string;
  readonly stat: StatRow | null;
  readonly row: ServerStateRow | null;
  readonly config: { readonly proxy: ConfigProxy; readonly server: ConfigServer; readonly globals: TlsGlobals } | null;
  readonly readAt: number;
}

/** Bits of `srv_admin_state`. Source: management guide, section 9.3, `show servers state`. */
const forcedMaintenance = 0x01;
const inheritedMaintenance = 0x02;
const configuredMaintenance = 0x04;
const drainBits = 0x08 | 0x10;
const resolutionBits = 0x20 | 0x40;

/** Joins what the socket and the configuration say about one server. Without the socket its state is unknown. */
export function serverState(sources: ServerSources): ServerState {
  const { backend, name, stat, row, config, readAt } = sources;
  const lastCheck = stat === null ? null : checkResult(stat);
  const secondsSinceChange = row?.secondsSinceChange ?? (stat === null ? null : countOf(stat, 'lastchg'));
  return {
    backend,
    name,
    subject: `${backend}/${name}`,
    address: addressOf(sources),
    tls: config === null ? tlsFromSocket(row) : upstreamTls(config.server, config.globals),
    state: operationalState(stat, row, lastCheck),
    administrative: stat === null && row === null ? declaredState(config?.server) : administrativeOf(sources),
    status: stat?.get('status') ?? 'unknown',
    adminMask: row?.adminMask ?? null,
    weight: row?.userWeight ?? (stat === null ? null : countOf(stat, 'uweight')),
    initialWeight: row?.initialWeight ?? configuredWeight(config?.server),
    backup: stat === null ? config?.server.options.has('backup') === true : stat.get('bck') === '1',
    tracks: stat?.get('tracked') ?? (config === null ? null : trackedBy(config.server)),
    healthCheck: config === null ? null : healthCheckOf(config.server, config.proxy.check),
    lastCheck,
    changedAt: secondsSinceChange === null ? null : readAt - secondsSinceChange * 1_000,
    currentSessions: stat === null ? null : countOf(stat, 'scur'),
    sessionLimit: stat === null ? configuredNumber(config?.server, 'maxconn') : countOf(stat, 'slim'),
    queued: stat === null ? null : countOf(stat, 'qcur'),
    counters: stat === null ? noCounters : trafficCounters(stat),
    responseTimeMs: stat === null ? null : countOf(stat, 'rtime'),
  };
}

/** Totals of a row of `show stat`; HAProxy leaves out what it does not count there. */
export function trafficCounters(stat: StatRow): TrafficCounters {
  return {
    requests: countOf(stat, 'req_tot') ?? countOf(stat, 'lbtot') ?? countOf(stat, 'stot'),
    responses2xx: countOf(stat, 'hrsp_2xx'),
    responses3xx: countOf(stat, 'hrsp_3xx'),
    responses4xx: countOf(stat, 'hrsp_4xx'),
    responses5xx: countOf(stat, 'hrsp_5xx'),
    connectionErrors: countOf(stat, 'econ'),
    responseErrors: countOf(stat, 'eresp'),
    retries: countOf(stat, 'wretr'),
    redispatches: countOf(stat, 'wredis'),
  };
}

/** The result of the last finished check; null when there was none. A `* ` in front means that the next one is running. */
export function checkResult(stat: StatRow): CheckResult | null {
  const status = (stat.get('check_status') ?? '').replace(/^\* /, '');
  if (status === '' || status === 'INI' || status === 'UNK' || status === 'CHECKED') return null;
  return {
    status,
    code: countOf(stat, 'check_code') || null,
    text: stat.get('last_chk') ?? stat.get('check_desc') ?? null,
    durationMs: countOf(stat, 'check_duration'),
  };
}

/** Metrics call every maintenance alike: of a server that is configured by name it may be that of a name without address. */
function administrativeOf({ stat, row, config }: ServerSources): AdministrativeState {
  const state = administrativeState(stat, row);
  const unsure = state === 'maintenance' && stat?.has(fromMetrics) === true && config?.server.address.kind === 'name';
  return unsure && !config.server.options.has('disabled') ? 'resolution' : state;
}

/** What people, the configuration, a tracked server or DNS asked of a server; the mask decides, else the status word. */
export function administrativeState(stat: StatRow | null, row: ServerStateRow | null): AdministrativeState {
  const mask = row?.adminMask ?? null;
  if (mask !== null) return administrativeFromMask(mask);
  const status = stat?.get('status') ?? '';
  if (status.startsWith('MAINT (resolution)')) return 'resolution';
  if (status.startsWith('MAINT (via')) return 'tracked';
  if (status.startsWith('MAINT')) return 'maintenance';
  return status.startsWith('DRAIN') ? 'drain' : 'ready';
}

/** Without the socket only what the configuration asks for is known; the mask is null then. */
function declaredState(server: ConfigServer | undefined): AdministrativeState {
  return server?.options.has('disabled') === true ? 'maintenance' : 'ready';
}

function administrativeFromMask(mask: number): AdministrativeState {
  if ((mask & (forcedMaintenance | configuredMaintenance)) !== 0) return 'maintenance';
  if ((mask & resolutionBits) !== 0) return 'resolution';
  if ((mask & inheritedMaintenance) !== 0) return 'tracked';
  return (mask & drainBits) !== 0 ? 'drain' : 'ready';
}

/** In maintenance HAProxy itself calls a server stopped, so `down` there is an observation, not a verdict on its health. */
function operationalState(stat: StatRow | null, row: ServerStateRow | null, lastCheck: CheckResult | null): OperationalState {
  const status = stat?.get('status') ?? '';
  if (status === '') return row?.operational === 0 ? 'down' : 'unknown';
  if (status === 'no check') return 'no-check';
  if (status.startsWith('DOWN') || status.startsWith('MAINT')) return 'down';
  if (status.startsWith('DRAIN') && row?.operational === 0) return 'down';
  if (!/^(UP|DRAIN|NOLB)/.test(status)) return 'unknown';
  if (isTracking(stat)) return 'up';
  if (lastCheck !== null) return 'up';
  return (stat?.get('check_status') ?? '') === '' ? 'no-check' : 'starting';
}

function isTracking(stat: StatRow | null): boolean {
  return stat?.get('tracked') !== undefined;
}

/** The running address; the name only where the configuration gives one. */
function addressOf({ stat, row, config }: ServerSources): ServerAddress {
  const declared = config?.server.address ?? null;
  const runs = stat?.get('addr') === undefined ? null : readAddress(stat.get('addr') as string);
  const declaredHost = declared?.kind === 'ip' ? declared.host : null;
  const hostname = row?.fqdn ?? (declared?.kind === 'name' ? declared.host : null);
  const live = (stat !== null && !stat.has(fromMetrics)) || row !== null;
  return {
    host: row?.address ?? runs?.host ?? (live ? null : declaredHost),
    hostname,
    port: row?.port ?? runs?.port ?? (live && row !== null ? null : (declared?.port ?? null)),
    scheme: schemeOf(stat, row, config),
  };
}

function schemeOf(stat: StatRow | null, row: ServerStateRow | null, config: ServerSources['config']): ServerAddress['scheme'] {
  const mode = stat?.get('mode') ?? config?.proxy.mode;
  if (mode === 'tcp') return 'tcp';
  return (row?.usesTls ?? config?.server.options.has('ssl')) === true ? 'https' : 'http';
}

/** The socket tells that TLS is used, not how it is verified. */
function tlsFromSocket(row: ServerStateRow | null): ServerState['tls'] {
  if (row?.usesTls !== true) return null;
  return { verify: null, caFile: null, caPem: null, serverName: null, verifyHost: null, certificateFile: null, keyFile: null };
}

/** HAProxy's default weight is 1. */
function configuredWeight(server: ConfigServer | undefined): number | null {
  return server === undefined ? null : (configuredNumber(server, 'weight') ?? 1);
}

function configuredNumber(server: ConfigServer | undefined, option: string): number | null {
  const text = server?.options.get(option);
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
