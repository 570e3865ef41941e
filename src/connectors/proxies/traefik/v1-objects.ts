import { asNumber, asObject, asText, asTexts, field, type JsonObject } from './json-value.ts';
import type { RuntimeObjects, RuntimeRouter, RuntimeService } from './runtime-objects.ts';

/**
 * Traefik v1's `/api`: providers with frontends and backends. Its metrics name a backend without the provider, so the names
 * here have none; it tells nothing about the health of a server.
 */
export function readV1Objects(answer: unknown): RuntimeObjects {
  const providers = Object.entries(asObject(answer) ?? {});
  const services = providers.flatMap(([provider, part]) =>
    entries(part, 'backends').map(([name, raw]) => readBackend(provider, name, raw)),
  );
  const routers = providers.flatMap(([provider, part]) =>
    entries(part, 'frontends').map(([name, raw]) => readFrontend(provider, name, raw)),
  );
  return { services: services.map((service) => withUsers(service, routers)), routers, middlewares: [], tcpServices: [] };
}

function readBackend(provider: string, name: string, raw: JsonObject): RuntimeService {
  const servers = Object.values(asObject(raw['servers']) ?? {}).flatMap((value) => {
    const server = asObject(value);
    const url = asText(field(server, 'url'));
    return url === null ? [] : [{ url, weight: asNumber(field(server, 'weight')) }];
  });
  return {
    name,
    provider,
    kind: 'loadbalancer',
    loadBalancer: { healthCheck: raw['healthCheck'], sticky: field(asObject(raw['loadBalancer']), 'stickiness') },
    servers,
    children: [],
    usedBy: [],
    serverStatus: null,
    status: 'enabled',
    errors: [],
    raw,
  };
}

function readFrontend(provider: string, name: string, raw: JsonObject): RuntimeRouter {
  const rules = Object.values(asObject(raw['routes']) ?? {}).flatMap((route) => asText(field(asObject(route), 'rule')) ?? []);
  const service = asText(raw['backend']);
  return {
    name,
    provider,
    rule: rules.join('; '),
    service,
    qualifiedService: service,
    entryPoints: asTexts(raw['entryPoints']),
    using: asTexts(raw['entryPoints']),
    middlewares: [],
    priority: asNumber(raw['priority']),
    tls: null,
    status: 'enabled',
    errors: [],
    raw,
  };
}

function withUsers(service: RuntimeService, routers: readonly RuntimeRouter[]): RuntimeService {
  return { ...service, usedBy: routers.filter((router) => router.service === service.name).map((router) => router.name) };
}

function entries(part: unknown, family: string): readonly (readonly [string, JsonObject])[] {
  return Object.entries(asObject(field(asObject(part), family)) ?? {}).flatMap(([name, raw]) => {
    const object = asObject(raw);
    return object === null ? [] : [[name, object] as const];
  });
}
