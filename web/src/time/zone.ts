import { createStore, useStore } from '../live/store.ts';

export type Zone = 'utc' | 'local';

const key = 'proxymedic.zone';
const zone = createStore<Zone>(localStorage.getItem(key) === 'local' ? 'local' : 'utc');

export function useZone(): Zone {
  return useStore(zone);
}

export function switchZone(): void {
  const next: Zone = zone.get() === 'utc' ? 'local' : 'utc';
  localStorage.setItem(key, next);
  zone.set(next);
}

/** `UTC`, or the name of this machine's zone. */
export function zoneName(of: Zone): string {
  return of === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
}
