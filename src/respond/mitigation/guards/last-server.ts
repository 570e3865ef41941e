import { allow, forecast, type Guard, refuse, touchesServers } from '../guard.ts';

/** Never takes the last serving server of a backend, however low `min_healthy` is set. Backups do not count. */
export const lastServer: Guard = {
  id: 'last-server',
  judge({ plan, state }) {
    if (!touchesServers(plan)) return allow('last-server', 'the plan takes no server out');
    if (state?.backends == null) return refuse('last-server', `the servers of ${plan.target} could not be read`);
    const losses = forecast(plan, state.backends);
    for (const { backend, servingAfter, backupsAfter, costsNothing, takesOut } of losses) {
      if (servingAfter > 0 || (costsNothing && !takesOut)) continue;
      const backups = backupsAfter > 0 ? ` (${backupsAfter} backup would have to carry everything)` : '';
      return refuse('last-server', `no server of ${backend.name} would serve${backups}`);
    }
    const isNoneLeft = losses.some(({ servingAfter }) => servingAfter === 0);
    return allow('last-server', isNoneLeft ? 'no server that serves is touched' : 'at least one other server goes on serving');
  },
};
