import type { QueryClient } from '@tanstack/react-query';
import { apiBase, lastAnswerAt } from '../api/client.ts';
import { serverClock, useNow } from '../time/now.ts';
import { refreshOn } from './refresh.ts';
import { createStore, useStore } from './store.ts';
import { type Connection, openStream, silenceLimitMs } from './stream.ts';

const connection = createStore<Connection>({ kind: 'connecting', lastHeardAtMs: Date.now() });
const pollMs = 5_000;

/** One stream while the tab can be seen: a browser opens no more than six connections to a host. Hidden tabs ask for the status only. */
export function keepLive(client: QueryClient): void {
  let close: (() => void) | null = null;
  const refresh = refreshOn(client);
  const start = () => {
    close ??= openStream({
      connect: (afterSeq) => new EventSource(`${apiBase}/events${afterSeq === null ? '' : `?after=${afterSeq}`}`),
      now: () => Date.now(),
      after: (delayMs, call) => {
        const timer = setTimeout(call, delayMs);
        return () => clearTimeout(timer);
      },
      onEvent: (event) => {
        if (event.kind === 'heartbeat' && event.nowMs !== null) serverClock.heard(event.nowMs);
        refresh(event);
      },
      onConnection: (next) => {
        // What happened while nobody listened is read once, when somebody listens (again).
        if (next.kind === 'live' && connection.get().kind !== 'live') void client.invalidateQueries();
        connection.set(next);
      },
    });
  };
  const stop = () => {
    close?.();
    close = null;
  };
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') return stop();
    start();
    void client.invalidateQueries();
  });
  if (document.visibilityState !== 'hidden') start();
}

function useConnection(): Connection {
  return useStore(connection);
}

/** For `refetchInterval`: events make polling needless; without them every query asks by itself. */
export function usePolling(): number | false {
  return useConnection().kind === 'live' ? false : pollMs;
}

/** `stale`: neither events nor answers for 25 s, so nobody may act on what is shown. */
export function useLiveness(): { readonly state: 'live' | 'polling' | 'quiet' | 'stale'; readonly sinceMs: number } {
  const { kind, lastHeardAtMs } = useConnection();
  const nowMs = useNow('this-machine');
  if (kind === 'live') return { state: 'live', sinceMs: lastHeardAtMs };
  if (nowMs - lastHeardAtMs < silenceLimitMs) return { state: 'polling', sinceMs: lastHeardAtMs };
  const isAnswered = nowMs - lastAnswerAt() < silenceLimitMs;
  return { state: isAnswered ? 'quiet' : 'stale', sinceMs: lastHeardAtMs };
}
