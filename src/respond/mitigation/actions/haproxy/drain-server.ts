import { type Action, someOfSeveral } from '../../action.ts';

/** Takes bad servers of a backend out for new sessions while the others serve. Requests in flight end by themselves. */
export const drainServer: Action = {
  id: 'haproxy/drain-server',
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
  ],
  intents: (situation) => {
    const servers = someOfSeveral(situation);
    if ('impossible' in servers) return servers;
    return servers.map(({ subject }) => ({ kind: 'server-administrative', subject, becomes: 'drain' }));
  },
};
