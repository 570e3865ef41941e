import type { HealthCheck, ServerAddress } from '../../../model/proxy.ts';
import { parseGoDuration } from './go-duration.ts';
import { asNumber, asObject, asText, field, type JsonObject, objectAt } from './json-value.ts';

const DEFAULT_INTERVAL_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 5000;

/**
 * The health check of a service as it applies to one server, or null when nobody checks: Traefik v3 takes one failure or
 * one success, answers from 200 to 399 pass, the path is asked at the server unless port, scheme or host say otherwise.
 */
export function readHealthCheck(loadBalancer: JsonObject | null, server: ServerAddress, majorVersion: number): HealthCheck | null {
  const raw = objectAt(loadBalancer, 'healthCheck');
  if (raw === null || !isEffective(raw, majorVersion)) return null;
  const scheme = asText(field(raw, 'scheme'));
  const status = asNumber(field(raw, 'status'));
  const intervalMs = parseGoDuration(field(raw, 'interval')) ?? DEFAULT_INTERVAL_MS;
  return {
    kind: server.scheme === 'tcp' ? 'tcp' : asText(field(raw, 'mode')) === 'grpc' ? 'other' : 'http',
    method: asText(field(raw, 'method')) ?? 'GET',
    path: asText(field(raw, 'path')) ?? '/',
    hostHeader: asText(field(raw, 'hostname')),
    headers: readHeaders(field(raw, 'headers')),
    host: null,
    port: asNumber(field(raw, 'port')),
    scheme: scheme === 'https' || scheme === 'http' ? scheme : server.scheme,
    expectStatus: [status === null ? [200, 399] : [status, status]],
    expectText: null,
    intervalMs,
    timeoutMs: parseGoDuration(field(raw, 'timeout')) ?? DEFAULT_TIMEOUT_MS,
    rise: 1,
    fall: 1,
  };
}

/** v2 ignores a check without a path or with an absolute URL as its path; v3 takes both. */
function isEffective(raw: JsonObject, majorVersion: number): boolean {
  const path = asText(field(raw, 'path'));
  return majorVersion >= 3 || (path !== null && !/^[a-z]{1,10}:\/\//i.test(path));
}

function readHeaders(value: unknown): Readonly<Record<string, string>> {
  const headers = asObject(value) ?? {};
  return Object.fromEntries(Object.entries(headers).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])));
}
