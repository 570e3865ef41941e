import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { parse } from 'yaml';
import type { Clock } from '../../../base/clock.ts';
import type {
  BackendState,
  CheckResult,
  ConfigFile,
  ConfigProblem,
  DeclaredServer,
  EntryState,
  OperationalState,
  ProxyState,
  ReadGap,
  RouteState,
  ServerState,
} from '../../../model/proxy.ts';
import { noCounters } from '../../../model/proxy.ts';
import { CannotLook } from '../../../respond/diagnosis/questions.ts';
import { type DynamicDirectory, declaredObjects, readDynamicDirectory } from './dynamic-files.ts';
import { readHealthCheck } from './health-check.ts';
import { asList, asObject, asText, field, type JsonObject, objectAt } from './json-value.ts';
import { type Difference, pendingChanges, withoutDisproved } from './pending-change.ts';
import { fetchReloadTimes, type ReloadTimes, readMetricsText } from './reload-time.ts';
import { fetchRuntime, type Runtime } from './runtime.ts';
import {
  localName,
  qualified,
  type RuntimeEntryPoint,
  type RuntimeObjects,
  type RuntimeServer,
  type RuntimeService,
  routersLeadingTo,
} from './runtime-objects.ts';
import { parseServerAddress, parseServerUrl, serverSubject } from './server-url.ts';
import { TraefikApi, TraefikApiError } from './traefik-api.ts';
import { type LogEvent, readTraefikLog } from './traefik-log.ts';
import { sourceKey, type TraefikSource } from './traefik-source.ts';
import { DEFAULT_TRANSPORT, readServersTransport, type ServersTransport, UNKNOWN_TRANSPORT } from './upstream-tls.ts';
import { objectsWithoutApi } from './without-api.ts';

/** How far back the log is read for the results of health checks. */
const CHECK_LOG_MS = 15 * 60_000;
/** The state is read often: of a busy log only the end. */
const CHECK_LOG_BYTES = 2 * 1024 * 1024;
/** A file younger than this may simply not have been loaded yet: Traefik waits 2 s between reloads. */
const LOAD_TIME_MS = 5000;
/** Traefik tells the time of its last reload in whole seconds. */
const RELOAD_RESOLUTION_MS = 1000;
const LOG_RESOLUTION_MS = 1000;
const REJECTED_FILE = /(?:watcher callback|for the first time\)) (\S.{0,1000}?\.(?:ya?ml|toml)): (.{0,500})/i;
const LARGEST_STATIC_BYTES = 1024 * 1024;

/**
 * Reads one Traefik: its API, the files it is configured by, its log and the two lines of its metrics about reloads. Never
 * throws: what cannot be read is null, with the reason and the configuration key in `gaps`.
 */
export async function readTraefikState(source: TraefikSource, signal: AbortSignal, clock: Clock): Promise<ProxyState> {
  const gaps: ReadGap[] = [];
  const [runtime, times, directory, staticPart, events] = await Promise.all([
    readRuntime(source, signal, gaps),
    readTimesOrGap(source, signal, gaps),
    readDirectory(source, signal, gaps),
    readStaticFile(source, gaps),
    readEvents(source, signal, clock, gaps),
  ]);
  const readAt = clock.now();
  const standIn = source.apiUrl === null ? objectsWithoutApi(directory, await readMetricsText(source, signal)) : null;
  const objects = runtime?.objects ?? standIn;
  const startedAt = runtime?.startedAt ?? times.startedAt;
  const seen: Seen = { source, runtime, directory, staticPart, events, readAt, lastReloadAt: times.lastReloadAt };
  return {
    target: source.target,
    proxy: 'traefik',
    version: runtime?.version ?? null,
    readAt,
    startedAt,
    pid: null,
    lastReloadAt: times.lastReloadAt,
    backends: objects === null ? null : await backendsOf(objects, seen, gaps),
    entries: runtime?.entryPoints?.map(entryState) ?? null,
    routes: objects === null ? null : routesOf(objects),
    configFiles: configFilesOf(seen),
    declared: directory === null ? null : declaredServers(directory),
    problems: problemsOf(seen),
    connections: { current: null, limit: null },
    gaps,
  };
}

/** Everything that was read, before it is put into the words of the model. */
interface Seen {
  readonly source: TraefikSource;
  readonly runtime: Runtime | null;
  readonly directory: DynamicDirectory | null;
  readonly staticPart: StaticPart | null;
  readonly events: readonly LogEvent[] | null;
  readonly readAt: number;
  readonly lastReloadAt: number | null;
}

interface StaticPart {
  readonly file: ConfigFile;
  readonly root: JsonObject | null;
  readonly problem: ConfigProblem | null;
}

async function readRuntime(source: TraefikSource, signal: AbortSignal, gaps: ReadGap[]): Promise<Runtime | null> {
  const key = sourceKey(source.target, 'api_url');
  if (source.apiUrl === null) {
    gaps.push({
      what: 'state',
      reason: 'the API of this Traefik is not configured, so its services, servers and routers are unknown',
      fix: key,
    });
    return null;
  }
  try {
    return await fetchRuntime(new TraefikApi(source.apiUrl, key), signal);
  } catch (error) {
    const fix = error instanceof TraefikApiError ? error.fix : key;
    gaps.push({ what: 'state', reason: messageOf(error), fix });
    return null;
  }
}

async function readTimesOrGap(source: TraefikSource, signal: AbortSignal, gaps: ReadGap[]): Promise<ReloadTimes> {
  const none = { startedAt: null, lastReloadAt: null };
  if (source.metricsUrl === null) return none;
  try {
    return await fetchReloadTimes(source, signal);
  } catch (error) {
    gaps.push({
      what: 'metrics',
      reason: `when the configuration was loaded is unknown: ${messageOf(error)}`,
      fix: `targets[${source.target}].metrics_url`,
    });
    return none;
  }
}

async function readDirectory(source: TraefikSource, signal: AbortSignal, gaps: ReadGap[]): Promise<DynamicDirectory | null> {
  const key = sourceKey(source.target, 'dynamic_directory');
  if (source.dynamicDirectory === null) {
    gaps.push({ what: 'config', reason: 'the directory of the file provider is not configured', fix: key });
    return null;
  }
  try {
    const directory = await readDynamicDirectory(source.dynamicDirectory, signal);
    for (const reason of directory.unknown) gaps.push({ what: 'config', reason, fix: null });
    return directory;
  } catch (error) {
    gaps.push({ what: 'config', reason: `the directory ${source.dynamicDirectory} cannot be read: ${messageOf(error)}`, fix: key });
    return null;
  }
}

async function readStaticFile(source: TraefikSource, gaps: ReadGap[]): Promise<StaticPart | null> {
  const path = source.staticFile;
  if (path === null) return null;
  try {
    const info = await stat(path);
    if (info.size > LARGEST_STATIC_BYTES) throw new CannotLook(`it has ${info.size} bytes, more than ${LARGEST_STATIC_BYTES}`, null);
    const bytes = await readFile(path);
    const file = { path, modifiedAt: Math.round(info.mtimeMs), hash: createHash('sha256').update(bytes).digest('hex') };
    return { file, ...parseStatic(path, bytes.toString('utf8')) };
  } catch (error) {
    gaps.push({
      what: 'config',
      reason: `the static file ${path} cannot be read: ${messageOf(error)}`,
      fix: sourceKey(source.target, 'static_file'),
    });
    return null;
  }
}

function parseStatic(path: string, text: string): Pick<StaticPart, 'root' | 'problem'> {
  if (!/\.ya?ml$/i.test(path)) return { root: null, problem: null };
  try {
    return { root: asObject(parse(text, { merge: true, logLevel: 'silent', maxAliasCount: 100 })) ?? {}, problem: null };
  } catch (error) {
    const problem: ConfigProblem = {
      kind: 'syntax',
      text: `${path}: ${messageOf(error).slice(0, 300)}`,
      file: path,
      line: null,
      subject: null,
    };
    return { root: null, problem };
  }
}

async function readEvents(source: TraefikSource, signal: AbortSignal, clock: Clock, gaps: ReadGap[]): Promise<readonly LogEvent[] | null> {
  try {
    return await readTraefikLog(
      { path: source.logFile, key: sourceKey(source.target, 'log_file') },
      clock.now() - CHECK_LOG_MS,
      signal,
      CHECK_LOG_BYTES,
    );
  } catch (error) {
    const fix = error instanceof CannotLook ? error.fix : sourceKey(source.target, 'log_file');
    gaps.push({ what: 'log', reason: messageOf(error), fix });
    return null;
  }
}

async function backendsOf(objects: RuntimeObjects, seen: Seen, gaps: ReadGap[]): Promise<BackendState[]> {
  const transports = new TransportReader(seen, (reason) => gaps.push({ what: 'config', reason, fix: null }));
  const http = objects.services
    .filter((service) => isBackend(service))
    .map((service) => backendState(service, objects.services, seen, transports));
  const tcp = objects.tcpServices
    .filter((service) => isBackend(service))
    .map((service) => backendState(service, objects.tcpServices, seen, null));
  const backends = await Promise.all([...http, ...tcp]);
  for (const reason of transports.gaps) gaps.push({ what: 'config', reason, fix: sourceKey(seen.source.target, 'static_file') });
  return backends;
}

function isBackend(service: RuntimeService): boolean {
  return service.provider !== 'internal' && (service.kind === 'loadbalancer' || service.servers.length > 0);
}

async function backendState(
  service: RuntimeService,
  all: readonly RuntimeService[],
  seen: Seen,
  transports: TransportReader | null,
): Promise<BackendState> {
  const transport = transports === null ? UNKNOWN_TRANSPORT : await transports.of(service);
  const servers = service.servers.flatMap((server) => serverState(server, service, transport, seen) ?? []);
  return {
    name: service.name,
    state: backendHealth(service, servers),
    mode: transports === null ? 'tcp' : 'http',
    servers,
    counters: noCounters,
    queued: null,
    usedBy: routersLeadingTo(service.name, all),
    errors: service.errors,
    serverTimeoutMs: transport.responseHeaderTimeoutMs,
    connectTimeoutMs: transport.dialTimeoutMs,
    sticky: objectAt(service.loadBalancer, 'sticky') !== null,
  };
}

function serverState(server: RuntimeServer, service: RuntimeService, transport: ServersTransport, seen: Seen): ServerState | null {
  const url = parseServerUrl(server.url) ?? parseServerAddress(server.url);
  if (url === null) return null;
  const subject = serverSubject(service.name, url.name);
  const healthCheck = readHealthCheck(service.loadBalancer, url.address, seen.runtime?.majorVersion ?? 3);
  const status = service.serverStatus?.[server.url] ?? null;
  const failures = (seen.events ?? []).filter((event) => event.server === subject);
  const state = operationalState(status, healthCheck, service, seen);
  return {
    backend: service.name,
    name: url.name,
    subject,
    address: url.address,
    tls: url.address.scheme === 'https' ? transport.tls : null,
    state,
    administrative: 'ready',
    status: healthCheck === null ? 'no check' : (status ?? 'unknown'),
    adminMask: null,
    weight: server.weight ?? 1,
    initialWeight: server.weight ?? 1,
    backup: false,
    tracks: null,
    healthCheck,
    lastCheck: state === 'down' ? lastFailure(failures) : null,
    changedAt:
      state === 'down'
        ? failingSince(failures, (healthCheck?.intervalMs ?? 0) + (healthCheck?.timeoutMs ?? 0) * service.servers.length)
        : null,
    currentSessions: null,
    sessionLimit: null,
    queued: null,
    counters: noCounters,
    responseTimeMs: null,
  };
}

/** Traefik says UP for every server it never checked, and on v3 for all servers until the first check after a reload. */
function operationalState(status: string | null, check: ServerState['healthCheck'], service: RuntimeService, seen: Seen): OperationalState {
  if (seen.runtime?.majorVersion === 1) return 'unknown';
  if (check === null) return 'no-check';
  if (status === 'DOWN') return 'down';
  if (status !== 'UP') return 'unknown';
  if ((seen.runtime?.majorVersion ?? 3) < 3) return 'up';
  if (seen.lastReloadAt === null) return 'unknown';
  const firstCheckMs = check.intervalMs + check.timeoutMs * service.servers.length;
  const sinceReloadMs = seen.readAt - seen.lastReloadAt - RELOAD_RESOLUTION_MS;
  if (sinceReloadMs < check.intervalMs) return 'starting';
  return sinceReloadMs < firstCheckMs && anyFailure(service) ? 'starting' : 'up';
}

/** One loop checks the servers one after the other: a failing one can delay the first check of the rest. */
function anyFailure(service: RuntimeService): boolean {
  return Object.values(service.serverStatus ?? {}).includes('DOWN');
}

function backendHealth(service: RuntimeService, servers: readonly ServerState[]): BackendState['state'] {
  if (service.status === 'disabled' || servers.length === 0) return 'down';
  if (servers.some((server) => server.state === 'up')) return 'up';
  return servers.every((server) => server.state === 'down') ? 'down' : 'unknown';
}

function lastFailure(events: readonly LogEvent[]): CheckResult | null {
  return events.findLast((event) => event.check !== null)?.check ?? null;
}

/** The begin of the unbroken run of failures up to now; recoveries are often not logged, so a long pause ends a run, too. */
function failingSince(events: readonly LogEvent[], longestPauseMs: number): number | null {
  let since: number | null = null;
  for (const event of events.toReversed()) {
    if (event.kind !== 'server-down' || event.at === null) break;
    if (since !== null && since - event.at > longestPauseMs + 2000) break;
    since = event.at;
  }
  return since;
}

/** Finds the serversTransport of a service in the files: the API does not show transports. */
class TransportReader {
  readonly gaps = new Set<string>();
  readonly #seen: Seen;
  readonly #unreadable: (reason: string) => void;
  readonly #read = new Map<string, Promise<ServersTransport>>();

  constructor(seen: Seen, unreadable: (reason: string) => void) {
    this.#seen = seen;
    this.#unreadable = unreadable;
  }

  of(service: RuntimeService): Promise<ServersTransport> {
    const named = asText(field(service.loadBalancer, 'serversTransport'));
    const name = named === null ? '' : qualified(named, service.provider);
    const known = this.#read.get(name);
    if (known !== undefined) return known;
    const read = name === '' || name === 'default@internal' ? this.#default(service) : this.#named(name);
    this.#read.set(name, read);
    return read;
  }

  async #named(name: string): Promise<ServersTransport> {
    const { directory } = this.#seen;
    const raw =
      directory === null || !name.endsWith('@file')
        ? undefined
        : declaredObjects(directory, 'serversTransports').get(localName(name))?.value;
    return raw === undefined ? UNKNOWN_TRANSPORT : await readServersTransport(raw, this.#unreadable);
  }

  /** Without the static file the default transport is Traefik's own for timeouts; whether it verifies is not known. */
  async #default(service: RuntimeService): Promise<ServersTransport> {
    const root = this.#seen.staticPart?.root;
    if (root !== undefined && root !== null) {
      const raw = objectAt(root, 'serversTransport');
      return raw === null ? DEFAULT_TRANSPORT : await readServersTransport(raw, this.#unreadable);
    }
    if (service.servers.some((server) => server.url.startsWith('https:'))) {
      this.gaps.add(
        'whether Traefik verifies the certificates of its servers by default stands in its static configuration, which is not known here',
      );
    }
    return { ...DEFAULT_TRANSPORT, tls: UNKNOWN_TRANSPORT.tls };
  }
}

function entryState(entry: RuntimeEntryPoint): EntryState {
  return { name: entry.name, binds: [entry.address], state: 'open', sessionLimit: null, currentSessions: null, counters: noCounters };
}

function routesOf(objects: RuntimeObjects): RouteState[] {
  return objects.routers
    .filter((router) => router.provider !== 'internal')
    .map((router) => ({
      name: router.name,
      entries: router.using.length > 0 ? router.using : router.entryPoints,
      rule: router.rule,
      backend: router.qualifiedService,
      middlewares: router.middlewares,
      state: router.status,
      errors: router.errors,
      priority: router.priority,
    }));
}

function configFilesOf(seen: Seen): ConfigFile[] | null {
  if (seen.directory === null && seen.staticPart === null) return null;
  const files = (seen.directory?.files ?? []).map(({ path, modifiedAt, hash }) => ({ path, modifiedAt, hash }));
  return seen.staticPart === null ? files : [seen.staticPart.file, ...files];
}

function declaredServers(directory: DynamicDirectory): DeclaredServer[] {
  return [...declaredObjects(directory, 'services')].flatMap(([name, { value }]) =>
    asList(field(objectAt(value, 'loadBalancer'), 'servers')).flatMap((server) => {
      const url = parseServerUrl(asText(field(asObject(server), 'url')) ?? '');
      const host = url?.address.host ?? url?.address.hostname ?? null;
      return url === null || host === null
        ? []
        : [{ backend: `${name}@file`, name: url.name, host, port: url.address.port, disabled: false }];
    }),
  );
}

function problemsOf(seen: Seen): ConfigProblem[] {
  const { directory, runtime } = seen;
  const believed = directory === null || runtime === null ? directory : withoutDisproved(directory, runtime.objects);
  const found = [...(believed?.problems ?? [])];
  const logged = directory === null ? null : rejectionInLog(directory, seen);
  if (logged !== null && !found.some((problem) => problem.file === logged.file)) found.push(logged);
  if (seen.staticPart !== null && seen.staticPart.problem !== null) found.push(seen.staticPart.problem);
  if (runtime !== null) found.push(...runtimeProblems(runtime.objects));
  if (runtime !== null && believed !== null && isSettled(believed, seen.readAt)) {
    found.push(...pendingChanges(believed, runtime.objects).map(pendingProblem));
  }
  return found;
}

/** Traefik's own last word on its files, when nothing was loaded and the file was not touched since. */
function rejectionInLog(directory: DynamicDirectory, seen: Seen): ConfigProblem | null {
  const event = (seen.events ?? []).findLast(({ kind, text }) => kind === 'config-error' && REJECTED_FILE.test(text));
  const match = REJECTED_FILE.exec(event?.text ?? '');
  const file = directory.files.find(({ name }) => `/${match?.[1]}`.endsWith(`/${name}`));
  if (event === undefined || event.at === null || file === undefined) return null;
  if (seen.lastReloadAt !== null && seen.lastReloadAt > event.at) return null;
  if (file.modifiedAt > event.at + LOG_RESOLUTION_MS) return null;
  return { kind: 'syntax', text: `Traefik rejects ${file.path}: ${match?.[2] ?? ''}`, file: file.path, line: null, subject: null };
}

function isSettled(directory: DynamicDirectory, now: number): boolean {
  return directory.problems.length === 0 && directory.files.every((file) => now - file.modifiedAt > LOAD_TIME_MS);
}

function pendingProblem(difference: Difference): ConfigProblem {
  return { kind: 'conflict', text: difference.text, file: difference.file, line: null, subject: difference.subject };
}

function runtimeProblems(objects: RuntimeObjects): ConfigProblem[] {
  const all = [...objects.routers, ...objects.services, ...objects.middlewares, ...objects.tcpServices];
  return all.flatMap(({ name, errors }) =>
    errors.map((text) => ({ kind: problemKind(text), text: `${name}: ${text}`, file: null, line: null, subject: name })),
  );
}

function problemKind(text: string): ConfigProblem['kind'] {
  if (/does(?: not|n't) exist|not found|no valid entryPoint|unknown TLS options|not reachable/i.test(text)) return 'missing-reference';
  return /conflicting/i.test(text) ? 'conflict' : 'invalid';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
