import { type Action, affectedServers, backendsSeen } from '../../action.ts';

/**
 * Gives back servers that somebody took out, through `drain` and the server's own check. Somebody meant what he did:
 * this is never run by the machine alone.
 */
export const returnServer: Action = {
  id: 'haproxy/return-server',
  risk: 'reversible',
  automatic: false,
  causes: ['administratively-disabled'],
  intents: (situation) => {
    if (backendsSeen(situation) === null) return { impossible: `the state of ${situation.target.name} could not be read` };
    const out = affectedServers(situation).filter(
      ({ server }) => server.administrative === 'drain' || server.administrative === 'maintenance',
    );
    if (out.length === 0) return { impossible: 'no server that the cause names is in drain or maintenance' };
    return out.map(({ subject }) => ({ kind: 'server-administrative', subject, becomes: 'ready' }));
  },
};
