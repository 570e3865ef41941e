import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabProxy } from '../floor.ts';
import { freePort } from '../ports.ts';
import { withBackend } from '../view.ts';
import type { Fault, FaultPlace } from './fault.ts';

const both = ['haproxy', 'traefik'] as const;

/** Faults of the proxy itself, its configuration and its state. */
export const proxyFaults = {
  'health-check-misconfigured': {
    about: 'the proxy checks a path the application does not have; requests would be answered',
    on: both,
    needs: 'check',
    effect: ({ backend }) => ({
      view: (view) =>
        withBackend(view, backend, (old) => ({ ...old, check: old.check === null ? null : { ...old.check, path: '/status-page' } })),
    }),
  },
  'route-missing': {
    about: 'the route to the backend is no longer configured',
    on: both,
    effect: ({ backend }) => ({ view: (view) => withBackend(view, backend, (old) => ({ ...old, routed: false })) }),
  },
  'middleware-broken': {
    about: 'the router of the service names a middleware that does not exist',
    on: ['traefik'],
    effect: ({ backend }) => ({ view: (view) => withBackend(view, backend, (old) => ({ ...old, middlewares: { 'compress-all': null } })) }),
  },
  'auth-service-down': {
    about: 'the router asks an authentication service that does not answer',
    on: ['traefik'],
    effect: async ({ backend }) => {
      const forwardAuth = { address: `http://127.0.0.1:${await freePort()}/auth` };
      return { view: (view) => withBackend(view, backend, (old) => ({ ...old, middlewares: { 'sign-on': { forwardAuth } } })) };
    },
  },
  'entrypoint-or-tls-options-broken': {
    about: 'the router of the service names an entry point that does not exist',
    on: ['traefik'],
    effect: ({ backend }) => ({ view: (view) => withBackend(view, backend, (old) => ({ ...old, entryPoints: ['websecured'] })) }),
  },
  'rate-limit-too-strict': {
    about: 'the proxy lets every client ask twice in ten seconds',
    on: both,
    effect: ({ backend }) => ({ view: (view) => withBackend(view, backend, (old) => ({ ...old, clientLimit: 2 })) }),
  },
  'no-endpoints': {
    about: 'the backend is configured without a server',
    on: both,
    effect: ({ backend }) => ({ view: (view) => withBackend(view, backend, (old) => ({ ...old, servers: [] })) }),
  },
  'administratively-disabled': {
    about: 'somebody put the servers into maintenance on the stats socket',
    on: ['haproxy'],
    effect: (place) => ({ begin: () => setState(place, 'maint'), end: () => setState(place, 'ready') }),
  },
  'frontend-disabled': {
    about: 'somebody paused the frontend on the stats socket',
    on: ['haproxy'],
    effect: ({ floor }) => ({
      begin: async () => void (await floor.haproxy?.command('disable frontend web')),
      end: async () => void (await floor.haproxy?.command('enable frontend web')),
    }),
  },
  'proxy-down': {
    about: 'the proxy is killed without a word',
    on: both,
    effect: ({ proxies }) => ({
      begin: () => each(proxies, (proxy) => proxy.kill()),
      end: () => each(proxies, (proxy) => proxy.startAgain()),
    }),
  },
  'proxy-hung': {
    about: 'the proxy is stopped in its tracks; connections are accepted by the kernel and never answered',
    on: both,
    effect: ({ proxies }) => ({
      begin: () => {
        for (const proxy of proxies) proxy.freeze(true);
      },
      end: () => {
        for (const proxy of proxies) proxy.freeze(false);
      },
    }),
  },
  'pending-bad-config': {
    about: 'a configuration that cannot be read lies on the disk and waits for the next start',
    on: both,
    effect: ({ proxies }) => ({
      begin: () => {
        for (const proxy of proxies) spoil(proxy);
      },
      end: () => {
        for (const proxy of proxies) repair(proxy);
      },
    }),
  },
} satisfies Readonly<Record<string, Fault>>;

async function each(proxies: readonly LabProxy[], act: (proxy: LabProxy) => Promise<void>): Promise<void> {
  await Promise.all(proxies.map(act));
}

async function setState({ floor, servers }: FaultPlace, state: 'maint' | 'ready'): Promise<void> {
  for (const server of servers) await floor.haproxy?.command(`set server ${server.subject} state ${state}`);
}

function spoil(proxy: LabProxy): void {
  if (proxy.kind === 'haproxy') appendFileSync(proxy.configFile, '\nbackend reports\n    server r1 127.0.0.1:9 chek\n');
  else writeFileSync(badFile(proxy.dynamicDirectory), 'http:\n  routers:\n    reports: [unclosed\n');
}

function repair(proxy: LabProxy): void {
  if (proxy.kind === 'haproxy') proxy.writeConfig();
  else rmSync(badFile(proxy.dynamicDirectory), { force: true });
}

function badFile(directory: string): string {
  return join(directory, 'reports.yml');
}
