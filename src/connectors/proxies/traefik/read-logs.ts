import type { ProxyEvent, RequestRecord } from '../../../model/proxy.ts';
import { type LogHints, type LogTimeouts, NO_HINTS, readAccessLog } from './access-log.ts';
import { declaredObjects, readDynamicDirectory } from './dynamic-files.ts';
import { parseGoDuration } from './go-duration.ts';
import { asText, field, objectAt } from './json-value.ts';
import { fetchRuntime } from './runtime.ts';
import { localName, type RuntimeObjects, type RuntimeService } from './runtime-objects.ts';
import { parseServerUrl } from './server-url.ts';
import { TraefikApi } from './traefik-api.ts';
import { readTraefikLog } from './traefik-log.ts';
import { sourceKey, type TraefikSource } from './traefik-source.ts';

/**
 * The requests of a Traefik since an instant (ms since the epoch), oldest first. API and files, where they can be read, add
 * which service a router leads to and which timeout a 504 met.
 * @throws CannotLook when there is no access log to read.
 */
export async function readTraefikRequests(source: TraefikSource, sinceAt: number, signal: AbortSignal): Promise<RequestRecord[]> {
  const log = { path: source.accessLogFile, key: sourceKey(source.target, 'access_log_file') };
  const hints = source.accessLogFile === null ? NO_HINTS : await readHints(source, signal);
  return await readAccessLog(log, sinceAt, hints, signal);
}

/**
 * What Traefik's own log says happened since an instant (ms since the epoch), oldest first.
 * @throws CannotLook when there is no log to read.
 */
export async function readTraefikEvents(source: TraefikSource, sinceAt: number, signal: AbortSignal): Promise<ProxyEvent[]> {
  const events = await readTraefikLog({ path: source.logFile, key: sourceKey(source.target, 'log_file') }, sinceAt, signal);
  return events.map(({ check: _check, ...event }) => event);
}

async function readHints(source: TraefikSource, signal: AbortSignal): Promise<LogHints> {
  const [objects, timeouts] = await Promise.all([readObjects(source, signal), readTimeouts(source, signal)]);
  if (objects === null) return NO_HINTS;
  const byName = new Map(objects.services.map((service) => [service.name, service]));
  const serviceOfRouter = new Map(objects.routers.map((router) => [router.name, router.qualifiedService]));
  return {
    timeoutsOf: (name) => timeoutsOf(byName.get(name), timeouts),
    serviceOf: (router, server) => leafOf(byName, serviceOfRouter.get(router) ?? '', server),
  };
}

async function readObjects(source: TraefikSource, signal: AbortSignal): Promise<RuntimeObjects | null> {
  if (source.apiUrl === null) return null;
  try {
    return (await fetchRuntime(new TraefikApi(source.apiUrl, sourceKey(source.target, 'api_url')), signal)).objects;
  } catch {
    return null;
  }
}

/** Timeouts by the plain name of a file provider's serversTransport; null when the files cannot be read. */
async function readTimeouts(source: TraefikSource, signal: AbortSignal): Promise<ReadonlyMap<string, LogTimeouts> | null> {
  if (source.dynamicDirectory === null) return null;
  try {
    const transports = declaredObjects(await readDynamicDirectory(source.dynamicDirectory, signal), 'serversTransports');
    return new Map([...transports].map(([name, { value }]) => [name, forwardingTimeouts(objectAt(value, 'forwardingTimeouts'))]));
  } catch {
    return null;
  }
}

function forwardingTimeouts(raw: Readonly<Record<string, unknown>> | null): LogTimeouts {
  const responseMs = parseGoDuration(field(raw, 'responseHeaderTimeout')) ?? 0;
  return { dialTimeoutMs: parseGoDuration(field(raw, 'dialTimeout')), responseHeaderTimeoutMs: responseMs > 0 ? responseMs : null };
}

/** Without a transport of its own a service has the default one, of which the static configuration could say more: unknown. */
function timeoutsOf(service: RuntimeService | undefined, transports: ReadonlyMap<string, LogTimeouts> | null): LogTimeouts | null {
  const name = asText(field(service?.loadBalancer ?? null, 'serversTransport'));
  return name === null ? null : (transports?.get(localName(name)) ?? null);
}

/** The load balancer behind a router: below a weighted parent the one that has the server, else nothing is certain. */
function leafOf(services: ReadonlyMap<string, RuntimeService>, name: string, server: string | null): string | null {
  const leaves = leavesOf(services, name, 0).filter(
    (leaf) => server === null || leaf.servers.some((candidate) => parseServerUrl(candidate.url)?.name === server),
  );
  return leaves.length === 1 ? (leaves[0]?.name ?? null) : null;
}

function leavesOf(services: ReadonlyMap<string, RuntimeService>, name: string, depth: number): RuntimeService[] {
  const service = services.get(name);
  if (service === undefined || depth > 8) return [];
  return service.kind === 'loadbalancer' ? [service] : service.children.flatMap((child) => leavesOf(services, child, depth + 1));
}
