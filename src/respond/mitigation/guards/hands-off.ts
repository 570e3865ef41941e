import type { Precondition } from '../../../model/plan.ts';
import type { ProxyState } from '../../../model/proxy.ts';
import { allow, concerns, type Guard, type GuardContext, refuse, seconds } from '../guard.ts';
import { preconditionOf } from '../precondition.ts';

/** Clocks that differ more than this make every age and every expiry wrong. */
const skewMsMax = 30_000;

/** Stands back under a silence, in a maintenance window, during somebody else's change, and when clocks disagree. */
export const handsOff: Guard = {
  id: 'hands-off',
  judge(context) {
    const { handsOff: reasons, clockSkewMs } = context;
    if (reasons === null) return refuse('hands-off', 'whether somebody works here could not be read');
    if (reasons[0] !== undefined) return refuse('hands-off', reasons.slice(0, 3).join('; '));
    if (clockSkewMs !== null && Math.abs(clockSkewMs) > skewMsMax) {
      return refuse('hands-off', `clocks differ by ${seconds(Math.abs(clockSkewMs))}, more than ${seconds(skewMsMax)}`);
    }
    const drift = driftOf(context);
    return drift === null ? allow('hands-off', 'everything is as it was when the plan was made') : refuse('hands-off', drift);
  },
};

function driftOf({ plan, state, configHash, changed }: GuardContext): string | null {
  if (plan.configHash !== null && configHash === null)
    return 'the configuration files could be read when the plan was made, now they cannot';
  if (plan.configHash !== configHash) return 'the configuration files changed since the plan was made';
  if (state === null) return `${plan.target} was not read`;
  for (const before of plan.preconditions) {
    const drift = changed.some((subject) => concerns(subject, before.subject)) ? null : differenceOf(before, state);
    if (drift !== null) return drift;
  }
  return null;
}

const fields = ['administrative', 'up', 'weight', 'address'] as const;

function differenceOf(before: Precondition, state: ProxyState): string | null {
  const now = preconditionOf(before.subject, state);
  for (const field of fields) {
    if (before[field] === now[field]) continue;
    // Whether a server is up may be unknown for a moment after a reload; that alone is nobody's change.
    if (field === 'up' && now.up === null) continue;
    return `${before.subject}: ${field} was ${said(before[field])} when the plan was made, it is ${said(now[field])} now`;
  }
  return null;
}

function said(value: string | number | boolean | null): string {
  return value === null ? 'not known' : String(value);
}
