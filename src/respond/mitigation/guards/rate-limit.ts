import { allow, type Guard, refuse, seconds } from '../guard.ts';

/** How often the machine may act by itself: per action, target, page and in total. What people approved counts, too. */
export const rateLimit: Guard = {
  id: 'rate-limit',
  judge({ automatic, changes, plan, settings }) {
    if (!automatic) return allow('rate-limit', 'a person decides');
    if (changes === null) return refuse('rate-limit', 'how often we acted could not be read');
    const { limits } = settings;
    const counts: readonly (readonly [string, number, number])[] = [
      [`of ${plan.action}`, changes.filter((change) => change.action === plan.action).length, limits.perAction],
      [`on ${plan.target}`, changes.filter((change) => change.target === plan.target).length, limits.perTarget],
      [
        `of ${plan.runbook ?? 'no page'}`,
        changes.filter((change) => plan.runbook !== null && change.runbook === plan.runbook).length,
        limits.perRunbook,
      ],
      ['in total', changes.length, limits.total],
    ];
    const over = counts.find(([, count, limit]) => count >= limit);
    if (over === undefined) return allow('rate-limit', `${changes.length} of ${limits.total} changes within ${seconds(limits.windowMs)}`);
    return refuse('rate-limit', `${over[1]} changes ${over[0]} within ${seconds(limits.windowMs)}, the limit is ${over[2]}`);
  },
};
