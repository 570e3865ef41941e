import { allow, type Guard, refuse, seconds, touchesServers } from '../guard.ts';

/** A read takes time and polls jitter: never call a state old that is younger than this. */
const ageMsMin = 2000;

/** Refuses to decide on what was true a while ago: the state must be younger than two polls. */
export const freshState: Guard = {
  id: 'fresh-state',
  judge({ plan, state, nowMs, pollIntervalMs }) {
    if (state === null) return refuse('fresh-state', `${plan.target} was not read`);
    const ageMs = nowMs - state.readAt;
    const limitMs = Math.max(2 * pollIntervalMs, ageMsMin);
    if (ageMs > limitMs)
      return refuse('fresh-state', `the state of ${plan.target} is ${seconds(ageMs)} old, the limit is ${seconds(limitMs)}`);
    if (ageMs < -limitMs)
      return refuse('fresh-state', `the state of ${plan.target} is from the future by ${seconds(-ageMs)}: a clock jumped`);
    if (touchesServers(plan) && state.backends === null) {
      const why = state.gaps.find((gap) => gap.what === 'state')?.reason ?? 'no reason is known';
      return refuse('fresh-state', `the servers of ${plan.target} could not be read: ${why}`);
    }
    const seen = state.backends?.flatMap((backend) => backend.servers).filter((server) => plan.subjects.includes(server.subject)) ?? [];
    const unknown = seen.find((server) => server.state === 'unknown');
    if (unknown !== undefined) return refuse('fresh-state', `whether ${unknown.subject} is up is not known`);
    return allow('fresh-state', `the state is ${seconds(Math.max(0, ageMs))} old`);
  },
};
