import type { Answer, Behaviour } from '../backend/behaviour.ts';
import { healthPath } from '../backend/behaviour.ts';
import { hostOf } from '../topology.ts';
import { clientAddresses, SlowClients, scannerPaths } from '../traffic.ts';
import { withBackend } from '../view.ts';
import type { Effect, Fault, FaultPlace } from './fault.ts';

const both = ['haproxy', 'traefik'] as const;

/** Faults of the application behind the proxy and of those who call it. Health checks go on passing unless the fault is about them. */
export const applicationFaults = {
  'health-check-timeout-too-short': {
    about: 'the health check answers later than the proxy waits; requests are answered at once',
    on: both,
    needs: 'check',
    effect: ({ spec }) => only([healthPath], { kind: 'delay', delayMs: (spec.check?.timeoutMs ?? 1000) * 2 }),
  },
  'health-check-rejected': {
    about: 'the application answers 403 to the health check and serves everybody else',
    on: both,
    needs: 'check',
    effect: () => only([healthPath], { kind: 'status', status: 403 }),
  },
  'backend-slow': {
    about: 'answers take twice as long as the proxy waits',
    on: both,
    effect: (place) => some(place, 1, { kind: 'delay', delayMs: place.floor.topology.timeouts.serverMs * 2 }),
  },
  'slow-answers': {
    about: 'answers take nearly as long as the proxy waits, and come',
    on: both,
    effect: (place) => some(place, 1, { kind: 'delay', delayMs: place.floor.topology.timeouts.serverMs * 0.7 }),
  },
  'application-errors': {
    about: 'every server answers 500 to most requests',
    on: both,
    effect: (place) => some(place, 0.9, { kind: 'status', status: 500 }),
  },
  'bad-server': {
    about: 'one server answers 500, the others do not',
    on: both,
    servers: 'first',
    effect: (place) => some(place, 1, { kind: 'status', status: 500 }),
  },
  'bad-endpoint': {
    about: 'one path answers 500 on every server',
    on: both,
    effect: (place) => only(place.paths ?? ['/checkout'], { kind: 'status', status: 500 }, place.share ?? 1),
  },
  'application-overload': {
    about: 'the servers answer 503 with Retry-After themselves',
    on: both,
    effect: (place) => some(place, 0.7, { kind: 'status', status: 503, headers: { 'retry-after': '30' } }),
  },
  'authentication-rejected-by-application': {
    about: 'the application answers 401 to everybody',
    on: both,
    effect: (place) => some(place, 1, { kind: 'status', status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }),
  },
  'missing-content': {
    about: 'a few paths that many clients ask for answer 404',
    on: both,
    effect: (place) => only(place.paths ?? ['/items', '/static'], { kind: 'status', status: 404 }, place.share ?? 1),
  },
  'malformed-response': {
    about: 'the servers send headers that are larger than the proxy takes',
    on: ['haproxy'],
    effect: (place) => some(place, 1, { kind: 'large-headers' }),
  },
  'truncated-response': {
    about: 'the servers answer 200 and cut the body',
    on: both,
    effect: (place) => some(place, 1, { kind: 'truncate' }),
  },
  'queue-saturation': {
    about: 'each server may take one connection at a time and answers in 700 ms; the others wait in the queue',
    on: ['haproxy'],
    effect: (place) => ({
      ...some(place, 1, { kind: 'delay', delayMs: 700 }),
      view: (view) => withBackend(view, place.backend, (backend) => ({ ...backend, maxConnections: 1 })),
    }),
  },
  'low-traffic': {
    about: 'every third request fails, but there is only one every two seconds; run no other traffic beside it',
    on: both,
    effect: (place) => ({
      ...some(place, 1 / 3, { kind: 'status', status: 500 }),
      ...clients(place, { requestsPerSecond: 0.5, clients: ['127.0.1.1', '127.0.1.2'] }),
    }),
  },
  'client-scan': {
    about: 'one client asks for hundreds of paths that do not exist',
    on: both,
    effect: (place) => clients(place, { requestsPerSecond: 30, clients: ['127.0.66.6'], paths: scannerPaths(400) }),
  },
  'credential-stuffing': {
    about: 'a hundred clients try passwords on one path and are refused',
    on: both,
    effect: (place) => ({
      ...only(['/login'], { kind: 'status', status: 401 }),
      ...clients(place, { requestsPerSecond: 30, clients: clientAddresses(100, '127.0.77'), paths: [{ path: '/login', weight: 1 }] }),
    }),
  },
  'monitoring-noise': {
    about: 'a prober of our own asks five times a second for a path that does not exist',
    on: both,
    effect: (place) =>
      clients(place, {
        requestsPerSecond: 5,
        clients: ['127.0.99.1'],
        paths: [{ path: '/probe', weight: 1 }],
        userAgent: 'kube-probe/1.31',
      }),
  },
  'slow-clients': {
    about: 'one client opens connections and never ends its requests',
    on: ['haproxy'],
    effect: slowClients,
  },
  'client-aborts': {
    about: 'the servers take a second, the clients leave after a third of it',
    on: both,
    effect: (place) => ({
      ...some(place, 1, { kind: 'delay', delayMs: 1000 }),
      ...clients(place, { requestsPerSecond: 10, timeoutMs: 300 }),
    }),
  },
} satisfies Readonly<Record<string, Fault>>;

/** A share of all requests but the health check's. */
function some(place: FaultPlace, share: number, answer: Answer): { behaviour: Partial<Behaviour> } {
  return { behaviour: { rules: [{ paths: place.paths, share: place.share ?? share, answer }] } };
}

function only(paths: readonly string[], answer: Answer, share = 1): { behaviour: Partial<Behaviour> } {
  return { behaviour: { rules: [{ paths, share, answer }] } };
}

function slowClients(place: FaultPlace): Effect {
  let running: SlowClients[] = [];
  return {
    begin: () => {
      running = place.proxies.map((proxy) => new SlowClients(proxy.entryUrl, hostOf(place.backend), 50));
    },
    end: () => {
      for (const clients of running) clients.stop();
    },
  };
}

/** More clients, through every proxy of the place, until the fault ends. */
function clients(place: FaultPlace, spec: Parameters<FaultPlace['floor']['startTraffic']>[1]): Effect {
  let running: { stop(): void }[] = [];
  return {
    begin: () => {
      running = place.proxies.map((proxy) => place.floor.startTraffic(place.backend, { ...spec, proxy: proxy.kind }));
    },
    end: () => {
      for (const traffic of running) traffic.stop();
    },
  };
}
