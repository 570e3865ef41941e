import type { ProxyState, ServerState } from '../../model/proxy.ts';
import { type HealthSnapshot, mayServe, serves } from './guard.ts';

/** The numbers of a state that must not get worse. */
export function healthOf(state: ProxyState): HealthSnapshot {
  return {
    atMs: state.readAt,
    proxyUp: state.backends === null ? null : true,
    serving: counted(state, serves),
    maybeServing: counted(state, mayServe),
  };
}

function counted({ backends }: ProxyState, counts: (server: ServerState) => boolean): Readonly<Record<string, number>> | null {
  if (backends === null) return null;
  return Object.fromEntries(backends.map((backend) => [backend.name, backend.servers.filter(counts).length]));
}

/** Backends with fewer serving servers than before, as sentences; empty when nothing got worse. */
export function worseThan(before: HealthSnapshot, now: HealthSnapshot, except: ReadonlySet<string>): readonly string[] {
  if (before.serving === null || now.maybeServing === null) return [];
  const present = new Map(Object.entries(now.maybeServing));
  return Object.entries(before.serving).flatMap(([backend, was]) => {
    const is = present.get(backend);
    if (except.has(backend) || (is !== undefined && is >= was)) return [];
    return is === undefined ? `${backend} is gone` : `${backend} has ${is} serving servers, it had ${was}`;
  });
}
