import { type Action, affectedServers, backendsSeen, expectedAddress } from '../../action.ts';
import type { Intent } from '../../control.ts';

/** Points servers at the address they had before the change that broke them. Lost on the next reload: the file must follow. */
export const setServerAddress: Action = {
  id: 'haproxy/set-server-address',
  risk: 'reversible',
  automatic: true,
  causes: ['wrong-server-address', 'stale-discovery'],
  intents: (situation) => {
    if (backendsSeen(situation) === null) return { impossible: `the state of ${situation.target.name} could not be read` };
    const intents: Intent[] = [];
    for (const { subject, server } of affectedServers(situation)) {
      const right = expectedAddress(situation, server);
      const changes = right !== null && (right.host !== server.address.host || right.port !== server.address.port);
      if (changes) intents.push({ kind: 'server-address', subject, host: right.host, port: right.port });
    }
    return intents.length > 0 ? intents : { impossible: 'no evidence says which address the servers should have' };
  },
};
