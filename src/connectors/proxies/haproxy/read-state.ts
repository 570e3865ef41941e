import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../base/clock.ts';
import type { BackendState, ConfigProblem, DeclaredServer, EntryState, ProxyState, ReadGap, RouteState } from '../../../model/proxy.ts';
import { noCounters } from '../../../model/proxy.ts';
import { type ConfigOnDisk, missingFiles, readConfigFiles } from './config-disk.ts';
import { backendsOf, type ConfigProxy, frontendsOf, type HaproxyConfig, parseConfig } from './config-file.ts';
import type { ConfigServer } from './config-server.ts';
import { type AskOptions, askSocket, HaproxySocketError, type SocketAddress } from './haproxy-socket.ts';
import { fetchMetricsText, statFromMetrics } from './metrics-stat.ts';
import { type ServerSources, serverState, trafficCounters } from './server-state.ts';
import { countOf, parseInfo, parseServersState, parseStat, type ServerStateRow, type StatRow } from './stats-answers.ts';

/** Where one HAProxy can be looked at. Everything is optional: what is missing becomes a gap, not a failure. */
export interface HaproxySource {
  /** Name of the target in the configuration. */
  readonly target: string;
  /** A `stats socket` of the worker process; null when none is configured. */
  readonly statsSocket: SocketAddress | null;
  /** Where its metrics are: what they tell of the servers stands in when the socket does not answer. Default: nowhere. */
  readonly metricsUrl?: string;
  /** Files and directories as given to `haproxy -f`, in order; empty when none is configured. */
  readonly configFiles: readonly string[];
  /** For each exchange on the socket; default 3 s. */
  readonly timeoutMs?: number;
  /** What `"${NAME}"` in the configuration means; default: our own environment. */
  readonly environment?: ReadonlyMap<string, string>;
}

/** What of the disk is known: null files when nothing could be read. */
export interface HaproxyConfigRead {
  readonly config: HaproxyConfig | null;
  readonly disk: ConfigOnDisk;
  readonly problems: readonly ConfigProblem[];
}

const hiddenCodeAttempts = 6;
const hiddenCodePauseMs = 40;

interface SocketRead {
  readonly stat: readonly StatRow[] | null;
  readonly servers: readonly ServerStateRow[] | null;
  readonly info: ReadonlyMap<string, string> | null;
  readonly gaps: readonly ReadGap[];
}

/**
 * One full read of a HAProxy: `show stat`, `show servers state`, `show info` and the configuration files, joined. Never
 * throws and never guesses: without the socket the declared servers come with state `unknown`, without the files what
 * only they know (routes, checks, TLS settings) is null, and each gap says why and which key of our configuration mends it.
 */
export async function readHaproxyState(source: HaproxySource, signal: AbortSignal, clock: Clock): Promise<ProxyState> {
  const [socket, read] = await Promise.all([readSocket(source, signal), readHaproxyConfig(source)]);
  const readAt = clock.now();
  const { info } = socket;
  const startedAt = startedAtOf(info, readAt);
  return {
    target: source.target,
    proxy: 'haproxy',
    version: info?.get('Version') ?? null,
    readAt,
    startedAt,
    pid: info === null ? null : countOf(info, 'Pid'),
    lastReloadAt: startedAt,
    backends: backendStates(socket, read.config, readAt),
    entries: entryStates(socket.stat, read.config),
    routes: routesOf(read.config),
    configFiles: read.config === null ? null : read.disk.files,
    declared: declaredServers(read.config),
    problems: read.problems,
    connections: { current: info === null ? null : countOf(info, 'CurrConns'), limit: info === null ? null : countOf(info, 'Maxconn') },
    gaps: [...socket.gaps, ...configGaps(source, read)],
  };
}

/** Reads and parses the configuration files of a source. `config` is null when not every file could be read. */
export async function readHaproxyConfig(source: HaproxySource): Promise<HaproxyConfigRead> {
  const disk = await readConfigFiles(source.configFiles);
  if (source.configFiles.length === 0 || disk.unreadable.length > 0) return { config: null, disk, problems: disk.unreadable };
  const config = parseConfig(disk.texts, { environment: source.environment ?? ownEnvironment() });
  return { config, disk, problems: [...config.problems, ...(await missingFiles(config))] };
}

function ownEnvironment(): ReadonlyMap<string, string> {
  return new Map(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

/** What the socket says; without it, what the metrics say, and the gap stays. */
async function readSocket(source: HaproxySource, signal: AbortSignal): Promise<SocketRead> {
  const asked = await askEverything(source, signal);
  if (asked.stat !== null || source.metricsUrl === undefined) return asked;
  try {
    const rows = statFromMetrics(await fetchMetricsText(source.metricsUrl, signal));
    return rows.length === 0 ? asked : { ...asked, stat: rows };
  } catch {
    // That the metrics do not answer is told where they are probed.
    return asked;
  }
}

async function askEverything(source: HaproxySource, signal: AbortSignal): Promise<SocketRead> {
  const key = `targets[${source.target}].haproxy.stats_socket`;
  if (source.statsSocket === null) {
    return {
      stat: null,
      servers: null,
      info: null,
      gaps: [{ what: 'state', reason: 'No stats socket is configured, so the live state of the servers is unknown.', fix: `Set ${key}.` }],
    };
  }
  const address = source.statsSocket;
  const options = source.timeoutMs === undefined ? { signal } : { signal, timeoutMs: source.timeoutMs };
  const [stat, servers, info] = await Promise.all([
    askStat(address, options),
    ask(address, 'show servers state', parseServersState, options),
    ask(address, 'show info', parseInfo, options),
  ]);
  const reasons = new Map<string, ReadGap>();
  for (const { failure } of [stat, servers, info]) {
    if (failure !== null)
      reasons.set(failure.message, {
        what: 'state',
        reason: failure.message,
        fix: failure.fix === null ? null : `${failure.fix} (${key})`,
      });
  }
  return { stat: stat.value, servers: servers.value, info: info.value, gaps: [...reasons.values()] };
}

type Asked<T> = { readonly value: T; readonly failure: null } | { readonly value: null; readonly failure: HaproxySocketError };

async function ask<T>(address: SocketAddress, command: string, parse: (text: string) => T, options: AskOptions): Promise<Asked<T>> {
  try {
    return { value: parse(await askSocket(address, command, options)), failure: null };
  } catch (error) {
    if (error instanceof HaproxySocketError) return { value: null, failure: error };
    throw error;
  }
}

/**
 * While the next check of a server runs, HAProxy shows the last result without its code and text. Where that hides what
 * a server answered (`L7STS`), it is asked again a few times, and what was whole is kept.
 */
async function askStat(address: SocketAddress, options: AskOptions): Promise<Asked<readonly StatRow[]>> {
  const first = await ask(address, 'show stat', parseStat, options);
  if (first.value === null) return first;
  let rows = first.value;
  for (let attempt = 0; attempt < hiddenCodeAttempts && rows.some(hidesCode) && !options.signal.aborted; attempt++) {
    await sleep(hiddenCodePauseMs, undefined, { signal: options.signal }).catch(() => undefined);
    const again = await ask(address, 'show stat', parseStat, options);
    if (again.value === null) break;
    const whole = new Map(again.value.filter((row) => !hidesCode(row)).map((row) => [rowKey(row), row]));
    rows = rows.map((row) => (hidesCode(row) ? (whole.get(rowKey(row)) ?? row) : row));
  }
  return { value: rows, failure: null };
}

function hidesCode(row: StatRow): boolean {
  return row.get('check_status') === '* L7STS' && (row.get('check_code') ?? '0') === '0';
}

function rowKey(row: StatRow): string {
  return `${row.get('pxname')}/${row.get('svname')}`;
}

function startedAtOf(info: ReadonlyMap<string, string> | null, readAt: number): number | null {
  if (info === null) return null;
  const startSeconds = countOf(info, 'Start_time_sec');
  if (startSeconds !== null) return startSeconds * 1_000;
  const uptimeSeconds = countOf(info, 'Uptime_sec');
  return uptimeSeconds === null ? null : readAt - uptimeSeconds * 1_000;
}

function configGaps(source: HaproxySource, read: HaproxyConfigRead): readonly ReadGap[] {
  const fix = `Set targets[${source.target}].haproxy.config_file to the files HAProxy is started with.`;
  if (source.configFiles.length === 0) {
    return [{ what: 'config', reason: 'No configuration file is given, so routes, health checks and TLS settings are unknown.', fix }];
  }
  const unreadable = read.disk.unreadable.map(({ text }): ReadGap => ({ what: 'config', reason: text, fix }));
  return [...unreadable, ...(read.config?.undecided ?? []).map((reason): ReadGap => ({ what: 'config', reason, fix: null }))];
}

function backendStates(socket: SocketRead, config: HaproxyConfig | null, readAt: number): readonly BackendState[] | null {
  const declared = new Map((config === null ? [] : backendsOf(config)).map((proxy) => [proxy.name, proxy]));
  const usedBy = usersOf(config);
  if (socket.stat === null)
    return config === null ? null : [...declared.values()].map((proxy) => declaredBackend(proxy, config, usedBy, readAt));
  const rows = groupRows(socket.stat);
  const live = new Map((socket.servers ?? []).map((row) => [`${row.backend}/${row.server}`, row]));
  return [...rows.backends].map(([name, stat]) => {
    const proxy = declared.get(name) ?? null;
    const servers = (rows.servers.get(name) ?? []).map((row) =>
      serverState(sourcesOf(name, row, live.get(`${name}/${row.get('svname')}`) ?? null, proxy, config, readAt)),
    );
    return liveBackend(name, stat, servers, proxy, usedBy);
  });
}

interface GroupedRows {
  readonly backends: ReadonlyMap<string, StatRow>;
  readonly servers: ReadonlyMap<string, readonly StatRow[]>;
}

/** Column `type`: 0 frontend, 1 backend, 2 server, 3 listener. */
function groupRows(rows: readonly StatRow[]): GroupedRows {
  const backends = new Map<string, StatRow>();
  const servers = new Map<string, StatRow[]>();
  for (const row of rows) {
    const name = row.get('pxname') ?? '';
    if (row.get('type') === '1') backends.set(name, row);
    if (row.get('type') !== '2') continue;
    const known = servers.get(name);
    if (known === undefined) servers.set(name, [row]);
    else known.push(row);
  }
  return { backends, servers };
}

function sourcesOf(
  backend: string,
  stat: StatRow,
  row: ServerStateRow | null,
  proxy: ConfigProxy | null,
  config: HaproxyConfig | null,
  readAt: number,
): ServerSources {
  const name = stat.get('svname') ?? '';
  const server = proxy === null ? undefined : serverByName(proxy, name);
  const declared = proxy === null || config === null || server === undefined ? null : { proxy, server, globals: config.globals };
  return { backend, name, stat, row, config: declared, readAt };
}

const serverIndex = new WeakMap<ConfigProxy, ReadonlyMap<string, ConfigServer>>();

function serverByName(proxy: ConfigProxy, name: string): ConfigServer | undefined {
  const known = serverIndex.get(proxy) ?? new Map(proxy.servers.map((server) => [server.name, server]));
  serverIndex.set(proxy, known);
  return known.get(name);
}

function liveBackend(
  name: string,
  stat: StatRow,
  servers: BackendState['servers'],
  proxy: ConfigProxy | null,
  usedBy: ReadonlyMap<string, readonly string[]>,
): BackendState {
  const status = stat.get('status') ?? '';
  return {
    name,
    state: status.startsWith('UP') ? 'up' : status.startsWith('DOWN') ? 'down' : 'unknown',
    mode: stat.get('mode') === 'tcp' ? 'tcp' : 'http',
    servers,
    counters: trafficCounters(stat),
    queued: countOf(stat, 'qcur'),
    usedBy: usedBy.get(name) ?? [],
    errors: status.includes('(UNPUB)') ? ['The backend is unpublished: requests for it are answered 503.'] : [],
    serverTimeoutMs: proxy?.serverTimeoutMs ?? null,
    connectTimeoutMs: proxy?.connectTimeoutMs ?? null,
    sticky: proxy?.sticky ?? stat.has('cookie'),
  };
}

function declaredBackend(
  proxy: ConfigProxy,
  config: HaproxyConfig,
  usedBy: ReadonlyMap<string, readonly string[]>,
  readAt: number,
): BackendState {
  const servers = proxy.servers.map((server) =>
    serverState({
      backend: proxy.name,
      name: server.name,
      stat: null,
      row: null,
      config: { proxy, server, globals: config.globals },
      readAt,
    }),
  );
  return {
    name: proxy.name,
    state: 'unknown',
    mode: proxy.mode,
    servers,
    counters: noCounters,
    queued: null,
    usedBy: usedBy.get(proxy.name) ?? [],
    errors: [],
    serverTimeoutMs: proxy.serverTimeoutMs,
    connectTimeoutMs: proxy.connectTimeoutMs,
    sticky: proxy.sticky,
  };
}

/** Backend to the frontends that lead there; a `listen` section leads to itself. */
function usersOf(config: HaproxyConfig | null): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, Set<string>>();
  const use = (backend: string, frontend: string) => users.set(backend, (users.get(backend) ?? new Set()).add(frontend));
  for (const proxy of config === null ? [] : frontendsOf(config)) {
    if (proxy.kind === 'listen') use(proxy.name, proxy.name);
    for (const route of proxy.routes) if (route.backend !== null) use(route.backend, proxy.name);
  }
  return new Map([...users].map(([backend, frontends]) => [backend, [...frontends]]));
}

function entryStates(stat: readonly StatRow[] | null, config: HaproxyConfig | null): readonly EntryState[] | null {
  const binds = new Map((config === null ? [] : frontendsOf(config)).map((proxy) => [proxy.name, proxy.binds]));
  if (stat === null) return config === null ? null : [...binds].map(([name, addresses]) => declaredEntry(name, addresses));
  return stat.filter((row) => row.get('type') === '0').map((row) => liveEntry(row, binds.get(row.get('pxname') ?? '') ?? []));
}

function liveEntry(row: StatRow, binds: readonly string[]): EntryState {
  return {
    name: row.get('pxname') ?? '',
    binds,
    state: entryStateByStatus.get(row.get('status') ?? '') ?? 'unknown',
    sessionLimit: countOf(row, 'slim'),
    currentSessions: countOf(row, 'scur'),
    counters: trafficCounters(row),
  };
}

/** `FULL`: at its limit, still listening. */
const entryStateByStatus: ReadonlyMap<string, EntryState['state']> = new Map([
  ['OPEN', 'open'],
  ['FULL', 'open'],
  ['PAUSED', 'paused'],
  ['STOP', 'stopped'],
]);

function declaredEntry(name: string, binds: readonly string[]): EntryState {
  return { name, binds, state: 'unknown', sessionLimit: null, currentSessions: null, counters: noCounters };
}

function routesOf(config: HaproxyConfig | null): readonly RouteState[] | null {
  return config === null ? null : config.proxies.flatMap((proxy) => proxy.routes);
}

function declaredServers(config: HaproxyConfig | null): readonly DeclaredServer[] | null {
  if (config === null) return null;
  return backendsOf(config).flatMap((proxy) =>
    proxy.servers.map((server) => ({
      backend: proxy.name,
      name: server.name,
      host: server.address.host,
      port: server.address.port,
      disabled: server.options.has('disabled') || proxy.disabled,
    })),
  );
}
