import type { BackendState, ProxyState, ServerState } from '../../model/proxy.ts';
import type { ProxyChange } from './proxy-history-store.ts';

/** What is remembered of one read of a proxy, so that the next one can be compared with it, also after a restart. */
export interface ProxySnapshot {
  readonly at: number;
  readonly startedAt: number | null;
  readonly lastReloadAt: number | null;
  /** backend -> server name -> `host:port`. */
  readonly addresses: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** route name -> rule. */
  readonly routes: Readonly<Record<string, string>> | null;
  /** path -> hash. */
  readonly files: Readonly<Record<string, string>> | null;
}

/** What to remember of a read; null when the proxy could not be read (an unread proxy has not changed). */
export function snapshotOf(state: ProxyState): ProxySnapshot | null {
  // Servers known from the file alone may differ from what runs: that is no change.
  if (state.backends === null || state.gaps.some((gap) => gap.what === 'state')) return null;
  return {
    at: state.readAt,
    startedAt: state.startedAt,
    lastReloadAt: state.lastReloadAt,
    addresses: Object.fromEntries(state.backends.map((backend) => [backend.name, addressesOf(backend)])),
    routes: state.routes === null ? null : Object.fromEntries(state.routes.map((route) => [route.name, route.rule])),
    files: state.configFiles === null ? null : Object.fromEntries(state.configFiles.map((file) => [file.path, file.hash])),
  };
}

function addressesOf(backend: BackendState): Record<string, string> {
  return Object.fromEntries(
    backend.servers.flatMap((server) => (addressOf(server) === null ? [] : [[server.name, addressOf(server) ?? '']])),
  );
}

function addressOf(server: ServerState): string | null {
  const host = server.address.host ?? server.address.hostname;
  return host === null || server.address.port === null ? null : `${host}:${server.address.port}`;
}

/** What changed between two reads. Servers that Traefik names by their address are paired: one gone, one new. */
export function changesBetween(before: ProxySnapshot, after: ProxySnapshot): ProxyChange[] {
  const at = after.at;
  const changes: ProxyChange[] = [];
  for (const [backend, servers] of Object.entries(after.addresses)) {
    const old = before.addresses[backend];
    if (old !== undefined) changes.push(...addressChanges(backend, old, servers, at));
  }
  if (before.routes !== null && after.routes !== null) {
    for (const [name, rule] of Object.entries(before.routes)) {
      if (!(name in after.routes)) changes.push({ kind: 'removed', removed: { kind: 'route', name, rule, at } });
    }
  }
  for (const name of Object.keys(before.addresses)) {
    if (!(name in after.addresses)) changes.push({ kind: 'removed', removed: { kind: 'backend', name, rule: null, at } });
  }
  changes.push(...fileChanges(before, after), ...reloads(before, after));
  return changes;
}

function addressChanges(
  backend: string,
  old: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
  at: number,
): ProxyChange[] {
  const changed = Object.entries(now).flatMap(([name, address]): ProxyChange[] => {
    const was = old[name];
    return was === undefined || was === address
      ? []
      : [{ kind: 'address', subject: `${backend}/${name}`, backend, was, becomes: address, at }];
  });
  const gone = Object.entries(old).filter(([name]) => !(name in now));
  const fresh = Object.entries(now).filter(([name]) => !(name in old));
  const paired = fresh.slice(0, gone.length).map(
    ([name, address], index): ProxyChange => ({
      kind: 'address',
      subject: `${backend}/${name}`,
      backend,
      was: gone[index]?.[1] ?? '',
      becomes: address,
      at,
    }),
  );
  const lost = gone
    .slice(paired.length)
    .map(([name]): ProxyChange => ({ kind: 'removed', removed: { kind: 'server', name: `${backend}/${name}`, rule: null, at } }));
  return [...changed, ...paired, ...lost];
}

function fileChanges(before: ProxySnapshot, after: ProxySnapshot): ProxyChange[] {
  if (before.files === null || after.files === null) return [];
  const paths = new Set([...Object.keys(before.files), ...Object.keys(after.files)]);
  return [...paths].filter((path) => before.files?.[path] !== after.files?.[path]).map((path) => ({ kind: 'config', path, at: after.at }));
}

/** Start times are computed from an uptime in whole seconds, so that they wobble by one. */
const wobbleMs = 2_500;

function reloads(before: ProxySnapshot, after: ProxySnapshot): ProxyChange[] {
  const moved = (was: number | null, now: number | null) => was !== null && now !== null && now - was > wobbleMs;
  if (moved(before.startedAt, after.startedAt)) return [{ kind: 'reload', at: after.startedAt ?? after.at, restart: true }];
  if (moved(before.lastReloadAt, after.lastReloadAt)) return [{ kind: 'reload', at: after.lastReloadAt ?? after.at, restart: false }];
  return [];
}
