import { allow, forecast, type Guard, refuse, touchesServers } from '../guard.ts';
import type { MinHealthy } from '../settings.ts';

/** Refuses what would leave a backend with fewer serving servers than `min_healthy`. Starting a dead server costs nothing. */
export const minHealthy: Guard = {
  id: 'min-healthy',
  judge({ plan, state, settings }) {
    if (!touchesServers(plan)) return allow('min-healthy', 'the plan takes no server out');
    if (state?.backends == null) return refuse('min-healthy', `the servers of ${plan.target} could not be read, so nobody can count them`);
    const losses = forecast(plan, state.backends);
    for (const { backend, configured, servingAfter, costsNothing, takesOut } of losses) {
      const required = requiredServers(settings.minHealthy, configured);
      if (servingAfter >= required || (costsNothing && !takesOut)) continue;
      const numbers = `${servingAfter} of ${configured} servers of ${backend.name} would serve, ${required} are needed`;
      return refuse('min-healthy', `${numbers} (min_healthy ${said(settings.minHealthy)})`);
    }
    const worst = losses[0];
    if (worst === undefined) return allow('min-healthy', 'the plan takes no serving server out');
    return allow('min-healthy', `${worst.servingAfter} of ${worst.configured} servers of ${worst.backend.name} go on serving`);
  },
};

/** How many of `configured` servers must stay. */
export function requiredServers(required: MinHealthy, configured: number): number {
  return required.unit === 'servers' ? required.value : Math.ceil((configured * required.value) / 100);
}

function said({ unit, value }: MinHealthy): string {
  return unit === 'percent' ? `${value}%` : `${value}`;
}
