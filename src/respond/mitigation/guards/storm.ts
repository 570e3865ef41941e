import { allow, type Guard, refuse, seconds } from '../guard.ts';

/** Share of backends without a serving server from which the trouble is bigger than any one mitigation. */
const unhealthyPercentMax = 50;

/** When much breaks at once the machine stands back: what it sees is then rarely the cause. People may go on. */
export const storm: Guard = {
  id: 'storm',
  judge({ automatic, recentIncidents, settings, state }) {
    if (!automatic) return allow('storm', 'a person decides');
    const { stormIncidents, stormWindowMs } = settings.limits;
    if (recentIncidents === null) return refuse('storm', 'how many incidents are open could not be read');
    if (recentIncidents > stormIncidents) {
      return refuse(
        'storm',
        `${recentIncidents} incidents within ${seconds(stormWindowMs)}, more than ${stormIncidents}: a person must look`,
      );
    }
    if (state?.backends == null) return refuse('storm', 'how many backends are down could not be read');
    const down = state.backends.filter((backend) => backend.state === 'down').length;
    const percent = state.backends.length === 0 ? 0 : Math.round((down / state.backends.length) * 100);
    // With one or two backends half of them down is just an incident.
    if (down > 2 && percent > unhealthyPercentMax) {
      return refuse('storm', `${down} of ${state.backends.length} backends are down (${percent}%): a person must look`);
    }
    return allow(
      'storm',
      `${recentIncidents} incidents within ${seconds(stormWindowMs)}, ${down} of ${state.backends.length} backends down`,
    );
  },
};
