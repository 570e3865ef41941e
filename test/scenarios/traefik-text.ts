import { stringify } from 'yaml';
import type { ProxyPlaces, ProxyWish } from './haproxy-text.ts';
import type { BackendPlan, SituationPlan } from './situation.ts';

/** The static configuration for Traefik 3. */
export function traefikStatic(
  plan: SituationPlan,
  places: ProxyPlaces,
  files: { log: string; accessLog: string; directory: string },
): string {
  return stringify({
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    entryPoints: { web: { address: `127.0.0.1:${places.entryPorts[0]}` }, traefik: { address: `127.0.0.1:${places.adminPort}` } },
    api: { insecure: true, dashboard: false },
    metrics: { prometheus: { addRoutersLabels: plan.seed % 2 === 0 } },
    ...(plan.log === 'none' ? {} : { accessLog: { filePath: files.accessLog, ...(plan.log === 'json' ? { format: 'json' } : {}) } }),
    log: { level: plan.seed % 3 === 0 ? 'ERROR' : 'INFO', filePath: files.log, ...(plan.seed % 5 === 0 ? {} : { format: 'json' }) },
    providers: { providersThrottleDuration: '0s', file: { directory: files.directory, watch: true } },
  });
}

/** The dynamic configuration, one file per backend or all in one. File name to text. */
export function traefikDynamic(plan: SituationPlan, places: ProxyPlaces, wish: ProxyWish): ReadonlyMap<string, string> {
  const parts = plan.backends.map((backend, index) => ({
    name: backend.name,
    router: index === 0 && wish.unrouted ? null : router(plan, backend),
    service: service(plan, backend, index, wish),
    transport: transport(plan, backend, places),
  }));
  const text = (some: typeof parts) =>
    stringify({
      http: {
        ...(some.every((part) => part.router === null)
          ? {}
          : { routers: Object.fromEntries(some.flatMap((part) => (part.router === null ? [] : [[`${part.name}-router`, part.router]]))) }),
        services: Object.fromEntries(some.map((part) => [part.name, part.service])),
        serversTransports: Object.fromEntries(some.map((part) => [`${part.name}-way`, part.transport])),
      },
    });
  return plan.seed % 2 === 0
    ? new Map(parts.map((part) => [`${part.name}.yaml`, text([part])]))
    : new Map([['everything.yml', text(parts)]]);
}

function router(plan: SituationPlan, backend: BackendPlan): object {
  const rule = plan.routing === 'path' ? `PathPrefix(\`/${backend.name}\`)` : `Host(\`${backend.host}\`)`;
  return { rule, entryPoints: ['web'], service: backend.name };
}

function service(plan: SituationPlan, backend: BackendPlan, index: number, wish: ProxyWish): object {
  const scheme = backend.tls ? 'https' : 'http';
  const servers = (wish.servers[index] ?? []).map(({ host, port }) => ({ url: `${scheme}://${host}:${port}` }));
  const main = index === 0;
  const check = {
    path: (main ? wish.checkPath : null) ?? backend.healthPath,
    interval: `${plan.intervalMs}ms`,
    timeout: '1s',
    ...(main && wish.checkPort !== null ? { port: wish.checkPort } : {}),
    ...(backend.check === 'host' ? { hostname: (main ? wish.checkHost : null) ?? backend.host } : {}),
  };
  return {
    loadBalancer: { servers, serversTransport: `${backend.name}-way`, ...(backend.check === 'none' ? {} : { healthCheck: check }) },
  };
}

function transport(plan: SituationPlan, backend: BackendPlan, places: ProxyPlaces): object {
  const waits = { dialTimeout: '1s', ...(plan.serverTimeoutMs > 10_000 ? {} : { responseHeaderTimeout: `${plan.serverTimeoutMs}ms` }) };
  return { forwardingTimeouts: waits, ...(backend.tls ? { serverName: backend.host, rootCAs: [places.authority] } : {}) };
}
