import { isoInstant } from '../../../base/clock.ts';
import { allow, type Guard, refuse } from '../guard.ts';

/** One at a time: whoever acts on a backend of a proxy holds its lease, and nobody else does. */
export const lease: Guard = {
  id: 'lease',
  judge({ phase, lease: present, holder, nowMs }) {
    if (present === 'unreadable') return refuse('lease', 'who works on this backend could not be read');
    const held = present !== null && present.expiresAt > nowMs;
    if (held && present.owner !== holder.owner) {
      return refuse('lease', `${present.owner} works on ${present.key} until ${isoInstant(present.expiresAt)}`);
    }
    if (phase !== 'act') return allow('lease', 'nobody else works on this backend');
    if (!held) return refuse('lease', 'our right to act on this backend ran out');
    if (present.token !== holder.token) return refuse('lease', `our token ${holder.token} is not the present one (${present.token})`);
    return allow('lease', `held with token ${present.token}`);
  },
};
