import type { ServerState } from '../../../model/proxy.ts';
import { allow, type Guard, refuse, serves, takenOut, touchesServers } from '../guard.ts';

/** How full the servers that stay may become. */
const loadPercentMax = 80;

/** Refuses what would load the servers that stay above 80% of their connection limits. */
export const capacity: Guard = {
  id: 'capacity',
  judge({ plan, state }) {
    if (!touchesServers(plan)) return allow('capacity', 'the plan takes no server out');
    if (state?.backends == null) return refuse('capacity', `the load of ${plan.target} could not be read`);
    const out = takenOut(plan, state.backends);
    for (const backend of state.backends) {
      if (!backend.servers.some((server) => out.has(server.subject) && serves(server))) continue;
      const stays = backend.servers.filter((server) => serves(server) && !server.backup && !out.has(server.subject));
      const limit = totalOf(stays.map((server) => server.sessionLimit));
      // A server without a limit is not limited by the proxy: then only min-healthy can tell whether enough is left.
      if (limit === null || stays.length === 0) continue;
      const sessions = totalOf(backend.servers.map(loadOf));
      if (sessions === null) return refuse('capacity', `${backend.name} has connection limits, but its sessions could not be read`);
      const percent = Math.round((sessions / Math.max(1, limit)) * 100);
      const numbers = `${sessions} sessions on ${stays.length} servers of ${backend.name} would be ${percent}% of their limit of ${limit}`;
      if (percent > loadPercentMax) return refuse('capacity', `${numbers}, more than ${loadPercentMax}%`);
      return allow('capacity', numbers);
    }
    return allow('capacity', 'no connection limit of a server comes into reach');
  },
};

function loadOf(server: ServerState): number | null {
  return server.currentSessions === null ? null : server.currentSessions + (server.queued ?? 0);
}

function totalOf(numbers: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const number of numbers) {
    if (number === null) return null;
    sum += number;
  }
  return sum;
}
