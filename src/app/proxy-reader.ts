import type { Clock } from '../base/clock.ts';
import type { Config, Target } from '../config/schema.ts';
import { readHaproxyEvents, readHaproxyRequests } from '../connectors/proxies/haproxy/read-log.ts';
import { readHaproxyState } from '../connectors/proxies/haproxy/read-state.ts';
import { validateHaproxy } from '../connectors/proxies/haproxy/validate.ts';
import { type LogHints, readAccessLog } from '../connectors/proxies/traefik/access-log.ts';
import { heldBackClients } from '../connectors/proxies/traefik/limit-overlay.ts';
import { readTraefikState } from '../connectors/proxies/traefik/read-state.ts';
import { readTraefikLog } from '../connectors/proxies/traefik/traefik-log.ts';
import type { ProxyEvent, ProxyState, RequestRecord } from '../model/proxy.ts';
import type { ValidateAnswer } from '../respond/diagnosis/questions.ts';

/** Everything that can be read of one proxy, whatever its kind. */
export interface ProxyReader {
  readonly target: Target;
  readState(signal: AbortSignal): Promise<ProxyState>;
  readRequests(sinceAt: number, signal: AbortSignal): Promise<readonly RequestRecord[]>;
  readEvents(sinceAt: number, signal: AbortSignal): Promise<readonly ProxyEvent[]>;
  validate(signal: AbortSignal): Promise<ValidateAnswer>;
}

/** One reader per target of the configuration. */
export function createReaders(config: Config, clock: Clock): ReadonlyMap<string, ProxyReader> {
  const create = { haproxy: haproxyReader, traefik: traefikReader };
  return new Map(config.targets.map((target) => [target.name, create[target.proxy](target, clock)]));
}

/** Where a HAProxy can be looked at, as configured. */
export function haproxySource(target: Target) {
  const part = target.haproxy;
  return {
    target: target.name,
    statsSocket: part?.statsSocket ?? null,
    metricsUrl: target.metricsUrl,
    configFiles: part?.configFiles ?? [],
    logFile: part?.logFile ?? null,
  };
}

/** Where a Traefik can be looked at, as configured. */
export function traefikSource(target: Target) {
  const part = target.traefik;
  return {
    target: target.name,
    apiUrl: part?.apiUrl ?? null,
    metricsUrl: target.metricsUrl,
    dynamicDirectory: part?.dynamicDirectory ?? null,
    staticFile: part?.staticFile ?? null,
    logFile: part?.logFile ?? null,
    accessLogFile: part?.accessLogFile ?? null,
  };
}

function haproxyReader(target: Target, clock: Clock): ProxyReader {
  const source = haproxySource(target);
  return {
    target,
    readState: (signal) => readHaproxyState(source, signal, clock),
    readRequests: (sinceAt, signal) => readHaproxyRequests(source, sinceAt, signal, clock),
    readEvents: (sinceAt, signal) => readHaproxyEvents(source, sinceAt, signal, clock),
    validate: (signal) => validateHaproxy(target.control.validate, signal),
  };
}

function traefikReader(target: Target, clock: Clock): ProxyReader {
  const key = (name: string) => `targets[${target.name}].traefik.${name}`;
  const source = traefikSource(target);
  let seen: ProxyState | null = null;
  const readState = async (signal: AbortSignal) => {
    seen = await readTraefikState(source, signal, clock);
    return seen;
  };
  return {
    target,
    readState,
    readRequests: async (sinceAt, signal) => {
      const state = seen ?? (await readState(signal));
      const records = await readAccessLog({ path: source.accessLogFile, key: key('access_log_file') }, sinceAt, hintsOf(state), signal);
      // What a client gets that we hold back says nothing about the service any more.
      const heldBack = heldBackClients(state.routes ?? []);
      return heldBack.size === 0 ? records : records.filter(({ client }) => client === null || !heldBack.has(client));
    },
    readEvents: (sinceAt, signal) => readTraefikLog({ path: source.logFile, key: key('log_file') }, sinceAt, signal),
    // Traefik cannot check a configuration without loading it; what is wrong with the files stands in the state.
    validate: () => Promise.resolve({ outcome: 'not-run', problems: [], output: '' }),
  };
}

/** What the state adds to the access log: timeouts of a service, and the service behind a router's name. */
function hintsOf(state: ProxyState): LogHints {
  return {
    timeoutsOf(service) {
      const backend = state.backends?.find((candidate) => candidate.name === service);
      return backend === undefined ? null : { dialTimeoutMs: backend.connectTimeoutMs, responseHeaderTimeoutMs: backend.serverTimeoutMs };
    },
    serviceOf(router, server) {
      const routed = state.backends?.filter((backend) => backend.usedBy.includes(router)) ?? [];
      const exact = routed.find((backend) => server !== null && backend.servers.some((candidate) => candidate.name === server));
      return (exact ?? (routed.length === 1 ? routed[0] : undefined))?.name ?? null;
    },
  };
}
