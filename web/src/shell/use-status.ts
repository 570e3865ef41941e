import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { fetchStatus, type Status } from '../api/status.ts';
import { useLiveness, usePolling } from '../live/connection.ts';
import { serverClock } from '../time/now.ts';

const hiddenPollMs = 30_000;

/** Who asks, which mode, what is paused. Asked now and then even while live: it also feeds the tab's title when hidden. */
export function useStatus(): UseQueryResult<Status> {
  const polling = usePolling();
  const status = useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => fetchStatus(signal),
    refetchInterval: polling || hiddenPollMs,
    refetchIntervalInBackground: true,
  });
  const nowMs = status.data?.nowMs ?? null;
  useEffect(() => {
    if (nowMs !== null && Date.now() - status.dataUpdatedAt < 2_000) serverClock.heard(nowMs);
  }, [nowMs, status.dataUpdatedAt]);
  return status;
}

const modeLocks: Readonly<Record<string, string>> = {
  off: 'The mode is off: nothing is diagnosed or changed. Whoever owns proxymedic.yml can set mitigation.mode.',
  observe: 'The mode is observe: nothing may be changed. Whoever owns proxymedic.yml can set mitigation.mode.',
  suggest: 'The mode is suggest: plans are shown, a person carries them out. Whoever owns proxymedic.yml can set mitigation.mode.',
};

/** Why nobody may act from this page now, as a sentence; null when acting is possible. */
export function useActLock(): string | null {
  const status = useStatus().data;
  const liveness = useLiveness();
  if (liveness.state === 'stale') return 'The server does not answer: what is shown may be old, so nothing can be approved from here.';
  const pause = status?.pauses[0];
  if (pause) return `Automation is paused by ${pause.actor}: resume it first.`;
  return status ? (modeLocks[status.mode] ?? null) : null;
}
