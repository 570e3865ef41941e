import { isoInstant } from '../../../base/clock.ts';
import { allow, type Guard, refuse } from '../guard.ts';
import { pauseCovers } from '../pause-store.ts';

/** The kill switch: nobody acts in its scope, neither the machine nor a person. */
export const pause: Guard = {
  id: 'pause',
  judge({ plan, pauses, nowMs }) {
    if (pauses === null) return refuse('pause', 'whether somebody paused us could not be read');
    const active = pauses.find((one) => (one.until === null || one.until > nowMs) && pauseCovers(one, plan.target, plan.backend));
    if (active === undefined) return allow('pause', 'nobody paused us');
    const until = active.until === null ? 'until somebody ends it' : `until ${isoInstant(active.until)}`;
    return refuse('pause', `paused by ${active.actor} for ${active.scope} ${until}: ${active.reason}`);
  },
};
