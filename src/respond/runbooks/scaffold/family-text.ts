import type { ProxyKind } from '../../../model/proxy.ts';
import type { AlertFamily } from '../../diagnosis/situation.ts';

/** An item of a new page: what to do, in words, and what it is bound to. */
export interface ScaffoldStep {
  readonly text: string;
  readonly checks: readonly string[];
  /** An action with its causes; only for this proxy. */
  readonly actions: readonly { readonly id: string; readonly when: readonly string[]; readonly proxy: ProxyKind | null }[];
  readonly manual: string | null;
}

/** What is true of every alert of a family, before its author adds what is true of this one. */
export interface FamilyText {
  readonly impact: string;
  readonly diagnosis: readonly ScaffoldStep[];
  readonly mitigation: readonly ScaffoldStep[];
}

const serverStates = look('See which servers it is about, what the proxy last got from them, and since when.', [
  'proxy/server-states',
  'proxy/log',
  'proxy/metrics',
]);
const connect = look('Connect to the servers as the proxy does: address, name, certificate, answer.', [
  'network/tcp-connect',
  'network/http-get',
  'network/dns',
  'network/tls',
]);
const processes = look('Look at the processes of the servers and at their logs.', ['servers/process', 'servers/log', 'host/resources']);
const changes = look('Look for what changed when it began: the configuration, a reload, the routes.', [
  'proxy/changes',
  'proxy/config',
  'routes/state',
]);
const wholeProxy = look('See whether the proxy itself is there and answers.', ['proxy/process', 'proxy/front-door', 'proxy/metrics']);
const errors = look('See who gave the errors: which server, which path, the servers or the proxy itself.', [
  'traffic/error-shares',
  'traffic/paths',
  'proxy/access-log',
]);
const clientErrors = look('See which codes, which paths and which clients: few paths speak for missing content, few clients for a scan.', [
  'proxy/access-log',
  'traffic/paths',
  'traffic/clients',
]);
const amount = look('Compare the traffic with that before: a share of few requests means little.', ['traffic/volume']);

const startServer: ScaffoldStep = {
  text: 'Start a server again that does not listen. A restart has no way back, so the log of the process is read before.',
  checks: ['servers/process'],
  actions: [{ id: 'process/restart', when: ['connection-refused'], proxy: null }],
  manual: null,
};
/** Causes of which few servers may be the subject, so that the others can do without them. */
const ofFewServers = [
  'bad-server',
  'connection-refused',
  'connection-timeout',
  'crash-loop',
  'backend-slow',
  'truncated-response',
  'tls-handshake-timeout',
] as const;

const takeOut: ScaffoldStep = {
  text: 'Take out the few servers that are bad while the others are well. Undo: they go back into the state they were seen in.',
  checks: [],
  actions: [
    {
      id: 'haproxy/drain-server',
      when: ofFewServers,
      proxy: 'haproxy',
    },
    {
      id: 'traefik/shadow-service',
      when: ofFewServers,
      proxy: 'traefik',
    },
  ],
  manual: null,
};
const rightAddress: ScaffoldStep = {
  text: 'Give the proxy the right address of a server, then correct its file. Undo: the old address is set again.',
  checks: [],
  actions: [
    { id: 'haproxy/set-server-address', when: ['wrong-server-address', 'stale-discovery'], proxy: 'haproxy' },
    { id: 'traefik/shadow-service', when: ['wrong-server-address', 'stale-discovery'], proxy: 'traefik' },
  ],
  manual: null,
};
const startProxy: ScaffoldStep = {
  text: 'Start the proxy again with a configuration that is known to be valid. A restart has no way back, so its log is read before.',
  checks: ['proxy/config', 'proxy/log'],
  actions: [{ id: 'process/restart', when: ['proxy-down'], proxy: null }],
  manual: null,
};
const rollBack = byHand(
  'Go back to the release before when all servers give the errors themselves. Undo: roll forward.',
  'A release is rolled back by the people who made it; restarting or draining would not help',
);
const restoreRoute = byHand(
  'Put back the route, or what it names. Undo: the file before.',
  'Which service a site belongs to is written by its owner',
);
const limitClients: ScaffoldStep = {
  text: 'Limit the few clients that scan, and nobody else. Undo: the limit is removed.',
  checks: ['traffic/clients'],
  actions: [{ id: 'traefik/limit-client', when: ['client-scan'], proxy: 'traefik' }],
  manual: 'Whose requests may be refused is a decision about the business',
};
const repairFile = byHand(
  'Repair the file that does not validate. Undo: the file as it was.',
  'Which version of a configuration file is the right one is for its owner to say',
);
const tuneRule = byHand(
  'Correct the threshold or the window when what the alert saw is normal here. Undo: the old rule.',
  'A rule is changed by its author, with its tests',
);

const generalText: FamilyText = {
  impact: 'What clients notice depends on what the expression measures; while it stays true, nothing gets better by itself.',
  diagnosis: [wholeProxy, serverStates, errors, changes],
  mitigation: [startServer, takeOut, repairFile, tuneRule],
};

/** By what the alert claims. Sentences here are true for every alert of the family; nothing is promised that only its author can know. */
export const familyTexts: Readonly<Record<AlertFamily, FamilyText>> = {
  down: {
    impact:
      'Requests to this backend fail as long as no server of it takes traffic: clients get errors at once, or wait until they give up.',
    diagnosis: [serverStates, connect, processes, changes],
    mitigation: [startServer, takeOut, rightAddress, repairFile],
  },
  'server-down': {
    impact: 'The other servers of the backend carry the requests. Clients notice nothing while there is room on them.',
    diagnosis: [serverStates, connect, processes, changes],
    mitigation: [startServer, takeOut, rightAddress],
  },
  'errors-5xx': {
    impact: 'A share of the clients gets errors. What they tried to do did not happen, or they do not know whether it did.',
    diagnosis: [errors, serverStates, connect, processes, changes, amount],
    mitigation: [takeOut, startServer, rightAddress, rollBack],
  },
  'errors-4xx': {
    impact: 'Either clients ask for what is not there or not theirs, which hurts nobody, or what should be served is refused.',
    diagnosis: [clientErrors, serverStates, changes, amount],
    mitigation: [limitClients, rollBack, tuneRule],
  },
  unrouted: {
    impact: 'Whoever asks for what lost its route or its servers gets an error from the proxy, at once and every time.',
    diagnosis: [
      look('See which hosts and paths it is about, and whether a route or a server was chosen.', ['proxy/access-log', 'traffic/paths']),
      changes,
      serverStates,
    ],
    mitigation: [restoreRoute, startServer, repairFile],
  },
  'proxy-down': {
    impact:
      'When the process is gone or hangs, every request to every backend fails. When only its metrics cannot be reached, clients notice nothing.',
    diagnosis: [
      wholeProxy,
      look('Read the last lines of its log, and the configuration on the disk.', ['proxy/log', 'proxy/config', 'proxy/changes']),
      look('Look at the machine: memory, disk, descriptors.', ['host/resources']),
    ],
    mitigation: [startProxy, repairFile],
  },
  'proxy-load': {
    impact:
      'None while there is room; then everything through this proxy is late or waits outside, to all backends at once, without an error.',
    diagnosis: [wholeProxy, amount, errors, changes],
    mitigation: [limitClients, repairFile, tuneRule],
  },
  other: generalText,
};

function look(text: string, checks: readonly string[]): ScaffoldStep {
  return { text, checks, actions: [], manual: null };
}

function byHand(text: string, manual: string): ScaffoldStep {
  return { text, checks: [], actions: [], manual };
}
