import { type DynamicDirectory, declaredObjects } from './dynamic-files.ts';
import { asText, field, type JsonObject } from './json-value.ts';
import { type RuntimeObjects, readRuntimeObjects } from './runtime-objects.ts';

const serverUp = /^traefik_service_server_up\{([^}]{1,4000})\} ([01])(?:\.0+)?(?:e[+-]?0+)?(?: \d{1,20})?$/;
const seriesMax = 100_000;

/**
 * What the API would show, as far as the files of the file provider and the metrics tell it: for a Traefik whose API we may
 * not ask. Services of other providers appear with the servers that Traefik checks. null when neither tells of any service.
 */
export function objectsWithoutApi(directory: DynamicDirectory | null, metrics: string | null): RuntimeObjects | null {
  const checked = metrics === null ? new Map<string, Map<string, string>>() : checkedServers(metrics);
  const routers = directory === null ? [] : declaredOf(directory, 'routers').map(([name, value]) => [name, asEnabled(value)] as const);
  const services = new Map<string, JsonObject>();
  for (const [name, value] of directory === null ? [] : declaredOf(directory, 'services')) {
    const status = checked.get(name);
    const users = routers.filter(([, router]) => asText(field(router, 'service')) === name.replace(/@file$/, ''));
    services.set(name, { ...asEnabled(value), usedBy: users.map(([user]) => user), ...statusOf(status) });
  }
  for (const [name, status] of checked) {
    if (services.has(name)) continue;
    const servers = [...status.keys()].map((url) => ({ url }));
    // A series exists only for servers that are checked; how, nobody tells here.
    services.set(name, { ...asEnabled({ loadBalancer: { servers, healthCheck: { path: '/' } } }), ...statusOf(status) });
  }
  if (services.size === 0) return null;
  return readRuntimeObjects({ routers: Object.fromEntries(routers), services: Object.fromEntries(services) });
}

function declaredOf(directory: DynamicDirectory, family: 'routers' | 'services'): (readonly [string, JsonObject])[] {
  return [...declaredObjects(directory, family)].map(([name, { value }]) => [`${name}@file`, value] as const);
}

function asEnabled(value: JsonObject): JsonObject {
  return { ...value, status: 'enabled' };
}

function statusOf(status: ReadonlyMap<string, string> | undefined): JsonObject {
  return status === undefined ? {} : { serverStatus: Object.fromEntries(status) };
}

/** Service to the URLs of its servers and whether they are up, from `traefik_service_server_up`. */
function checkedServers(metrics: string): Map<string, Map<string, string>> {
  const services = new Map<string, Map<string, string>>();
  let series = 0;
  for (const line of metrics.split('\n')) {
    if (!line.startsWith('traefik_service_server_up{') || series >= seriesMax) continue;
    const [, labels = '', value] = serverUp.exec(line) ?? [];
    const service = /(?:^|,)service="([^"\\]{1,1000})"/.exec(labels)?.[1];
    const url = /(?:^|,)url="([^"\\]{1,2048})"/.exec(labels)?.[1];
    if (service === undefined || url === undefined) continue;
    series += 1;
    const known = services.get(service) ?? new Map<string, string>();
    services.set(service, known.set(url, value === '1' ? 'UP' : 'DOWN'));
  }
  return services;
}
