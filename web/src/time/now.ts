import { useSyncExternalStore } from 'react';

let offsetMs = 0;

/** The server's clock as seen from here: ages are told by the clock that made the timestamps. */
export const serverClock = {
  /** Notes what the server said the time is. */
  heard(serverNowMs: number): void {
    const measured = serverNowMs - Date.now();
    // Under a second it is the way through the network, not the clocks.
    if (Math.abs(measured - offsetMs) > 1_000) offsetMs = measured;
  },
  /** An instant of this machine's clock, as the server's clock tells it. */
  of: (localMs: number): number => localMs + offsetMs,
};

const listeners = new Set<() => void>();
let tickMs = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    tickMs = Date.now();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}

/** The time, once a second, by the server's clock or by this machine's. One timer for the whole page. */
export function useNow(clock: 'server' | 'this-machine' = 'server'): number {
  const nowMs = useSyncExternalStore(subscribe, () => tickMs);
  return clock === 'server' ? nowMs + offsetMs : nowMs;
}
