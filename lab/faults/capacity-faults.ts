import { healthPath } from '../backend/behaviour.ts';
import { hostOf } from '../topology.ts';
import { SlowClients } from '../traffic.ts';
import { withServers } from '../view.ts';
import type { Effect, Fault, FaultPlace } from './fault.ts';
import { overAndOver } from './over-and-over.ts';

const haproxyOnly = ['haproxy'] as const;

/** What still works and has less room than it should: HAProxy's own limits, servers that are hidden or missed. Some are no cause of the vocabulary. */
export const capacityFaults = {
  'proxy-connection-limit': {
    about: 'the process may have 400 connections, and clients hold 370 of them',
    on: haproxyOnly,
    effect: (place) => heldConnections(place, 'set maxconn global 400', 'set maxconn global 2000'),
  },
  'frontend-limit': {
    about: 'the frontend may have 400 sessions, and clients hold 370 of them',
    on: haproxyOnly,
    effect: (place) => heldConnections(place, 'set maxconn frontend web 400', 'set maxconn frontend web 2000'),
  },
  'proxy-cpu-saturation': {
    about: 'every thread of the proxy has other work without end',
    on: haproxyOnly,
    effect: () => ({ view: (view) => ({ ...view, busy: true }) }),
  },
  'reload-loop': {
    about: 'something reloads the proxy again and again',
    on: haproxyOnly,
    effect: ({ floor }) => overAndOver(() => floor.haproxy?.reload(), reloadPauseMs),
  },
  'frontend-stopped': {
    about: 'somebody shut the frontend down on the stats socket; only a reload brings it back',
    on: haproxyOnly,
    effect: ({ floor }) => ({
      begin: async () => void (await floor.haproxy?.command('shutdown frontend web')),
      end: async () => await floor.haproxy?.reload(),
    }),
  },
  'served-by-backups': {
    about: 'the last server is a backup, and the others are killed',
    on: haproxyOnly,
    effect: servedByBackups,
  },
  'health-check-flaky': {
    about: 'every third health check fails, never two in a row',
    on: haproxyOnly,
    needs: 'check',
    servers: 'first',
    effect: ({ share }) => ({
      behaviour: { rules: [{ paths: [healthPath], share: share ?? 1 / 3, answer: { kind: 'status', status: 500 } }] },
    }),
  },
} satisfies Readonly<Record<string, Fault>>;

const heldCount = 370;

function heldConnections(place: FaultPlace, limit: string, lift: string): Effect {
  let clients: SlowClients | null = null;
  return {
    begin: async () => {
      await place.floor.haproxy?.command(limit);
      clients = new SlowClients(place.floor.haproxy?.entryUrl ?? '', hostOf(place.backend), heldCount, 'idle');
    },
    end: async () => {
      clients?.stop();
      await place.floor.haproxy?.command(lift);
    },
  };
}

const reloadPauseMs = 500;

function servedByBackups({ backend, servers }: FaultPlace): Effect {
  const ordinary = servers.slice(0, -1);
  const backups = servers.slice(-1).map((server) => server.name);
  return {
    view: (view) => withServers(view, backend, backups, (server) => ({ ...server, backup: true })),
    begin: async () => void (await Promise.all(ordinary.map((server) => server.kill()))),
    end: async () => void (await Promise.all(ordinary.map((server) => server.start()))),
  };
}
