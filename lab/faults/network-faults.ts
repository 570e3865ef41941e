import type { LabServer } from '../backend/fleet.ts';
import { freePort } from '../ports.ts';
import { withServers } from '../view.ts';
import type { Fault, FaultPlace } from './fault.ts';
import { overAndOver } from './over-and-over.ts';

const both = ['haproxy', 'traefik'] as const;

/** Faults between the proxy and its servers: processes, packets, names, certificates, protocols. */
export const networkFaults = {
  'connection-refused': {
    about: 'the server processes are killed; nothing listens at their addresses',
    on: both,
    effect: ({ servers }) => ({
      begin: () => each(servers, (server) => server.kill()),
      end: () => each(servers, (server) => server.start()),
    }),
  },
  'connection-timeout': {
    about: 'packets to the servers vanish, as behind a firewall that drops',
    on: both,
    effect: (place) => vanished(place, 'drop'),
  },
  'accept-queue-full': {
    about: 'the servers listen but accept nothing; their queues are full and the kernel drops further SYNs',
    on: both,
    effect: (place) => vanished(place, 'queue-full'),
  },
  'wrong-server-address': {
    about: "the proxy's configuration names a port on which nothing listens; the servers are well",
    on: both,
    effect: async ({ backend, servers }) => {
      const port = await freePort();
      const names = servers.map((server) => server.name);
      return { view: (view) => withServers(view, backend, names, (server) => ({ ...server, port })) };
    },
  },
  'crash-loop': {
    about: 'the servers die at the first connection and are started again, over and over',
    on: both,
    effect: crashLoop,
  },
  'protocol-mismatch': {
    about: 'the servers answer every connection with an SSH banner',
    on: both,
    effect: () => ({ behaviour: { wire: 'banner' } }),
  },
  'dns-failure': {
    about: 'the names of the servers do not resolve any more',
    on: both,
    effect: unresolved,
  },
  'upstream-certificate-expired': {
    about: 'the servers show a certificate that ended yesterday',
    on: both,
    needs: 'tls',
    effect: () => ({ behaviour: { certificate: 'expired' } }),
  },
  'upstream-certificate-untrusted': {
    about: 'the servers show a certificate of an authority the proxy does not know',
    on: both,
    needs: 'tls',
    effect: () => ({ behaviour: { certificate: 'unknown-authority' } }),
  },
  'upstream-certificate-name-mismatch': {
    about: "the servers show somebody else's certificate",
    on: both,
    needs: 'tls',
    effect: () => ({ behaviour: { certificate: 'wrong-name' } }),
  },
  'https-to-plain-port': {
    about: 'the servers stop speaking TLS; the proxy goes on',
    on: both,
    needs: 'tls',
    effect: () => ({ behaviour: { wire: 'plain' } }),
  },
  'http-to-tls-port': {
    about: 'the proxy is told to speak plain HTTP to servers that want TLS',
    on: both,
    needs: 'tls',
    effect: ({ backend, servers }) => {
      const names = servers.map((server) => server.name);
      return { view: (view) => withServers(view, backend, names, (server) => ({ ...server, tls: null })) };
    },
  },
  'tls-handshake-timeout': {
    about: 'the servers accept the connection and never answer the handshake',
    on: both,
    needs: 'tls',
    effect: () => ({ behaviour: { wire: 'silent' } }),
  },
} satisfies Readonly<Record<string, Fault>>;

async function each(servers: readonly LabServer[], act: (server: LabServer) => Promise<void>): Promise<void> {
  await Promise.all(servers.map(act));
}

function vanished({ servers }: FaultPlace, how: 'drop' | 'queue-full') {
  return {
    begin: () => each(servers, (server) => server.vanish(how)),
    end: () =>
      each(servers, async (server) => {
        await server.appear();
        await server.start();
      }),
  };
}

const crashPauseMs = 700;

function crashLoop({ servers }: FaultPlace) {
  // A start that loses the race against the next connection is just another crash.
  const nurses = servers.map((server) => overAndOver(() => server.start().catch(() => {}), crashPauseMs));
  return {
    behaviour: { wire: 'crash' as const },
    begin: () => {
      for (const nurse of nurses) nurse.begin();
    },
    end: async () => {
      await Promise.all(nurses.map((nurse) => nurse.end()));
      await each(servers, (server) => server.restart());
    },
  };
}

/** HAProxy asks the lab's name server, which forgets the names; Traefik only asks the system's, so it is given names that exist nowhere. */
function unresolved({ floor, spec, backend, servers }: FaultPlace) {
  const names = servers.map((server) => server.name);
  const suffixes = names.map((name) => `${name}.${backend}.lab.test`);
  return {
    view: (view: Parameters<typeof withServers>[0], kind: string) => {
      if (kind === 'haproxy' && spec.byName) return view;
      return withServers(view, backend, names, (server) => ({ ...server, host: `${server.name}.${backend}.lab.invalid` }));
    },
    begin: () => {
      for (const suffix of suffixes) floor.names.set(suffix, 'no-such-name');
    },
    end: () => {
      for (const suffix of suffixes) floor.names.set(suffix, 'answer');
    },
  };
}
