import type { Balancer } from './balancer.ts';
import type { DynamicConfiguration } from './configuration.ts';
import { standInNotice } from './notice.ts';

/** What the stand-in's API tells about. */
export interface Told {
  readonly dynamic: DynamicConfiguration;
  readonly balancers: ReadonlyMap<string, Balancer>;
  /** Addresses by the name of the entry point. */
  readonly entryPoints: Readonly<Record<string, { readonly address: string }>>;
  readonly startedAt: Date;
}

/** The subset of Traefik's API that a diagnosis reads; undefined is a 404. */
export function answerApi(path: string, told: Told): unknown {
  const routers = Object.entries(told.dynamic.routers).map(([name, { rule, service }]) => {
    const broken = told.balancers.has(service) ? {} : { error: [`the service "${service}@file" does not exist`] };
    const status = told.balancers.has(service) ? 'enabled' : 'disabled';
    return {
      entryPoints: ['web'],
      service,
      rule,
      priority: rule.length,
      status,
      ...broken,
      using: ['web'],
      name: `${name}@file`,
      provider: 'file',
    };
  });
  const services = [...told.balancers.values()].map((balancer) => ({
    loadBalancer: balancer.configuration,
    status: 'enabled',
    usedBy: routers.filter((router) => `${router.service}@file` === balancer.name).map((router) => router.name),
    serverStatus: Object.fromEntries(balancer.servers.map(({ url, up }) => [url, up ? 'UP' : 'DOWN'])),
    name: balancer.name,
    provider: 'file',
    type: 'loadbalancer',
  }));
  const answers: Readonly<Record<string, () => unknown>> = {
    '/api/version': () => ({
      Version: '3.0.0',
      Codename: 'stand-in',
      startDate: told.startedAt.toISOString(),
      notice: standInNotice.join(' '),
    }),
    '/api/overview': () => ({
      http: { routers: totals(routers), services: totals(services), middlewares: totals([]) },
      providers: ['File'],
    }),
    '/api/rawdata': () => ({ routers: byName(routers), services: byName(services), middlewares: {} }),
    '/api/http/routers': () => routers,
    '/api/http/services': () => services,
    '/api/http/middlewares': () => [],
    '/api/entrypoints': () => Object.entries(told.entryPoints).map(([name, { address }]) => ({ name, address })),
  };
  return Object.hasOwn(answers, path) ? answers[path]?.() : undefined;
}

function totals(list: readonly { readonly status: string }[]): object {
  return { total: list.length, warnings: 0, errors: list.filter(({ status }) => status === 'disabled').length };
}

function byName(list: readonly { readonly name: string }[]): object {
  return Object.fromEntries(list.map(({ name, ...rest }) => [name, rest]));
}
