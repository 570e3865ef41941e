import {
  type Action,
  type ActionSituation,
  affectedServers,
  backendsSeen,
  expectedAddress,
  type Impossible,
  someOfSeveral,
} from '../../action.ts';
import type { Intent } from '../../control.ts';

type ServiceServers = Extract<Intent, { kind: 'service-servers' }>;

/**
 * Redefines one service under its own name, in a file of our own that sorts first: without its bad servers, or with the
 * right address for those that have a wrong one. Deleting the file is the way back.
 */
export const shadowService: Action = {
  id: 'traefik/shadow-service',
  risk: 'reversible',
  automatic: true,
  causes: [
    'bad-server',
    'connection-refused',
    'connection-timeout',
    'backend-slow',
    'crash-loop',
    'truncated-response',
    'tls-handshake-timeout',
    'wrong-server-address',
    'stale-discovery',
  ],
  intents: (situation) =>
    situation.cause.id === 'wrong-server-address' || situation.cause.id === 'stale-discovery' ? replacing(situation) : removing(situation),
};

function removing(situation: ActionSituation): readonly ServiceServers[] | Impossible {
  const servers = someOfSeveral(situation);
  if ('impossible' in servers) return servers;
  const byBackend = new Map<string, string[]>();
  for (const { subject, backend } of servers) byBackend.set(backend.name, [...(byBackend.get(backend.name) ?? []), subject]);
  return [...byBackend].map(([backend, without]) => ({ kind: 'service-servers', backend, without, replace: [] }));
}

function replacing(situation: ActionSituation): readonly ServiceServers[] | Impossible {
  if (backendsSeen(situation) === null) return { impossible: `the state of ${situation.target.name} could not be read` };
  const byBackend = new Map<string, { subject: string; url: string }[]>();
  for (const { subject, server, backend } of affectedServers(situation)) {
    const right = expectedAddress(situation, server);
    if (right === null) continue;
    const host = right.host.includes(':') ? `[${right.host}]` : right.host;
    const replaced = { subject, url: `${server.address.scheme}://${host}:${right.port}` };
    const before = byBackend.get(backend.name) ?? [];
    // Traefik's servers are called by their addresses: several with one wrong address are one subject.
    if (!before.some((other) => other.subject === subject)) byBackend.set(backend.name, [...before, replaced]);
  }
  if (byBackend.size === 0) return { impossible: 'no evidence says which address the servers should have' };
  return [...byBackend].map(([backend, replace]) => ({ kind: 'service-servers', backend, without: [], replace }));
}
