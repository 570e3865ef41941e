import { isoInstant } from '../../../base/clock.ts';
import { allow, type Guard, refuse } from '../guard.ts';

/** What a breaker stands for. */
export function breakerScope(action: string, target: string): string {
  return `${action}@${target}`;
}

/** After a change that did not help, the machine does not repeat it until a person closed the breaker. */
export const breaker: Guard = {
  id: 'breaker',
  judge({ automatic, breakers, plan }) {
    if (breakers === null) return refuse('breaker', 'whether an earlier change failed could not be read');
    const open = breakers.find((one) => one.scope === breakerScope(plan.action, plan.target));
    if (open === undefined) return allow('breaker', `the last ${plan.action} on ${plan.target} did not fail`);
    const since = `open since ${isoInstant(open.openedAt)}: ${open.reason}`;
    return automatic ? refuse('breaker', since) : allow('breaker', `${since}; a person decides`);
  },
};
