import type { ServerAddress } from '../../../model/proxy.ts';
import { allow, type Guard, refuse, takenOut, touchesServers } from '../guard.ts';

/** Refuses what would cut the path we work through: our own listener behind the proxy, its API, ourselves as a client. */
export const selfLockout: Guard = {
  id: 'self-lockout',
  judge({ plan, state, ownAddresses, ownClients }) {
    const limited = plan.effects.find(({ does, subject }) => does === 'limit' && ownClients.includes(subject.replace(/^client:/, '')));
    if (limited !== undefined) return refuse('self-lockout', `${limited.subject} is where our own requests come from`);
    if (!touchesServers(plan)) return allow('self-lockout', 'the plan takes no server out');
    if (ownAddresses === null) return refuse('self-lockout', 'the addresses we work through are not known');
    if (state?.backends == null) return refuse('self-lockout', `whether we are behind ${plan.target} ourselves could not be read`);
    const out = takenOut(plan, state.backends);
    const readdressed = new Set(plan.effects.filter(({ does }) => does === 'readdress').map(({ subject }) => subject));
    const touched = state.backends.flatMap((one) => one.servers).filter(({ subject }) => out.has(subject) || readdressed.has(subject));
    const ours = touched.find((server) => addressesOf(server.address).some((address) => ownAddresses.includes(address)));
    if (ours !== undefined) return refuse('self-lockout', `${ours.subject} is on the path we work through`);
    return allow('self-lockout', 'our own path stays');
  },
};

function addressesOf({ host, hostname, port }: ServerAddress): readonly string[] {
  return [host, hostname].flatMap((name) => (name === null || port === null ? [] : [`${name}:${port}`]));
}
