import type { Labels } from '../../model/labels.ts';
import type { BackendState, ProxyKind, ProxyState, ServerState } from '../../model/proxy.ts';

/** What the alert claims. Decides how a finding is weighed, never what is looked at. */
export type AlertFamily = 'down' | 'errors-5xx' | 'errors-4xx' | 'server-down' | 'proxy-down' | 'load' | 'unrouted' | 'other';

/** A server as the person who runs proxymedic knows it: `servers:` of the configuration. */
export interface KnownServer {
  /** Backend as written there, with or without `@provider`. */
  readonly backend: string;
  /** Name of the server in the proxy, when given. */
  readonly server: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly logFile: string | null;
}

/** Everything a check may look at before it asks. Instants in ms since the epoch. */
export interface Situation {
  readonly alert: { readonly name: string; readonly labels: Labels };
  readonly family: AlertFamily;
  readonly target: { readonly name: string; readonly proxy: ProxyKind; readonly entryAddresses: readonly string[] };
  /** The backend it is about, as the metrics' label has it; null: the target as a whole. */
  readonly backend: string | null;
  readonly knownServers: readonly KnownServer[];
  readonly nowMs: number;
  /** Since when the alert is active; null when nobody said. */
  readonly activeSinceMs: number | null;
  /** How far back traffic is looked at. */
  readonly windowMs: number;
}

/** `app@file` and `app` are the same service; HAProxy names have no provider. */
export function sameBackend(a: string, b: string): boolean {
  return a === b || bareName(a) === b || a === bareName(b);
}

function bareName(name: string): string {
  const at = name.lastIndexOf('@');
  return at > 0 ? name.slice(0, at) : name;
}

/** The backends a situation is about: the named one, or all of the target. */
export function backendsOf(situation: Situation, state: ProxyState): readonly BackendState[] {
  const all = state.backends ?? [];
  const wanted = situation.backend;
  return wanted === null ? all : all.filter((backend) => sameBackend(backend.name, wanted));
}

export function serversOf(situation: Situation, state: ProxyState): readonly ServerState[] {
  return backendsOf(situation, state).flatMap((backend) => backend.servers);
}

/** The first that matches counts: how much there is to do and how long it takes, what a request met before a backend, then what is wrong with its answers, then who is down. */
const families: readonly (readonly [RegExp, AlertFamily])[] = [
  [
    /NearLimit|DescriptorsLow|CpuSaturated|TrafficVanished|ReloadLoop|ReloadStorm|SlowingDown|RequestsSlow|PendingRequests|MaxActiveSession/i,
    'load',
  ],
  [/4xx|RequestsRejected|BlockedRequests/i, 'errors-4xx'],
  [/5xx|ErrorBudget|ResponseErrors|ConnectionErrors|Failing/i, 'errors-5xx'],
  [/ServerDown|ServerHealthcheck/i, 'server-down'],
  [/RouteMissing|NoRoute|Unrouted|NoServer|Entrypoint|Frontend/i, 'unrouted'],
  [/BackendDown|ServiceDown|NoAliveBackends/i, 'down'],
  [/(Haproxy|Traefik)\w{0,100}(?<!Slowing)(Down|Silent|Unreachable)/i, 'proxy-down'],
];

/** What an alert of this name claims, read from the words that our rules and published ones use. */
export function familyOf(alertName: string): AlertFamily {
  return families.find(([words]) => words.test(alertName))?.[1] ?? 'other';
}
