import type { Cause, CauseId, Evidence } from '../../model/diagnosis.ts';
import type { Risk } from '../../model/plan.ts';
import type { BackendState, ProxyKind, ProxyState, ServerState } from '../../model/proxy.ts';
import { sameBackend } from '../diagnosis/situation.ts';
import type { Intent } from './control.ts';

/** One entry of `servers:` in the configuration, as far as actions need it. */
export interface ConfiguredServer {
  /** As written there, with or without Traefik's `@provider`. */
  readonly backend: string;
  readonly server: string | null;
  readonly address: { readonly host: string; readonly port: number } | null;
  /** `control.restart`; null when there is none. */
  readonly restart: readonly string[] | null;
}

/** What is known when an action is considered. Everything in it may be hostile text except the configured servers. */
export interface ActionSituation {
  readonly cause: Cause;
  readonly evidence: readonly Evidence[];
  readonly target: {
    readonly name: string;
    readonly proxy: ProxyKind;
    /** `control.restart` of the target; null when there is none. */
    readonly restart: readonly string[] | null;
    /** What the proxy itself said about the configuration on disk. Nothing is restarted on anything but `valid`. */
    readonly validation: { readonly outcome: 'valid' | 'invalid' | 'not-run'; readonly detail: string };
    /** Where the proxy listens when it runs: how a restart is read back. */
    readonly entry: { readonly host: string; readonly port: number } | null;
  };
  /** The backend the incident is about; null: the target as a whole. */
  readonly backend: string | null;
  readonly state: ProxyState | null;
  readonly servers: readonly ConfiguredServer[];
}

/** Why an action cannot answer this situation, for people. */
export interface Impossible {
  readonly impossible: string;
}

/** A kind of change. It only says what it wants; connectors put it into a proxy's words, executors run what was approved. */
export interface Action {
  /** `family/name`. */
  readonly id: string;
  readonly risk: Risk;
  /** Whether it may ever run without a person. */
  readonly automatic: boolean;
  /** Causes it may answer; it is never offered for another one. */
  readonly causes: readonly CauseId[];
  intents(situation: ActionSituation): readonly Intent[] | Impossible;
}

/** A server that the cause names, with the backend it belongs to. */
export interface AffectedServer {
  readonly subject: string;
  readonly server: ServerState;
  readonly backend: BackendState;
}

/** Backends of the proxy; null when its state could not be read. */
export function backendsSeen(situation: ActionSituation): readonly BackendState[] | null {
  return situation.state?.backends ?? null;
}

/**
 * The servers that the cause's subjects name: a server by itself, or all of a backend that is named as a whole.
 * In the proxy's order, each once.
 */
export function affectedServers(situation: ActionSituation): readonly AffectedServer[] {
  const subjects = situation.cause.subjects;
  return (backendsSeen(situation) ?? []).flatMap((backend) => {
    const whole = subjects.some((subject) => sameBackend(subject, backend.name));
    const named = backend.servers.filter((server) => whole || subjects.some((subject) => sameServer(subject, server)));
    return named.map((server) => ({ subject: server.subject, server, backend }));
  });
}

/** `api/s1` and `api@file/s1` name the same server. */
function sameServer(subject: string, server: Pick<ServerState, 'backend' | 'name' | 'subject'>): boolean {
  if (subject === server.subject) return true;
  const suffix = `/${server.name}`;
  return subject.endsWith(suffix) && sameBackend(subject.slice(0, -suffix.length), server.backend);
}

/** The entry of `servers:` for a server: by its name in the proxy, or by the address the proxy uses. */
export function configuredServer(situation: ActionSituation, server: ServerState): ConfiguredServer | null {
  const { host, hostname, port } = server.address;
  const here = situation.servers.filter((entry) => sameBackend(entry.backend, server.backend));
  const byName = here.find((entry) => entry.server === server.name);
  const byAddress = here.find(
    ({ address }) => address !== null && address.port === port && (address.host === host || address.host === hostname),
  );
  return byName ?? byAddress ?? null;
}

/**
 * Servers to take out of their backends, or why not: taking out is an answer only while others stay.
 * Whether enough stay is for the guards to say.
 */
export function someOfSeveral(situation: ActionSituation): readonly AffectedServer[] | Impossible {
  if (backendsSeen(situation) === null) return { impossible: `the state of ${situation.target.name} could not be read` };
  const affected = affectedServers(situation);
  if (affected.length === 0) return { impossible: 'the cause names no server of this proxy' };
  for (const { backend } of affected) {
    const left = backend.servers.length - affected.filter((one) => one.backend === backend).length;
    if (left === 0) return { impossible: `all ${backend.servers.length} servers of ${backend.name} are affected: none would be left` };
  }
  const still = affected.filter(({ server }) => server.administrative === 'ready');
  return still.length === 0 ? { impossible: 'every server that the cause names is already taken out' } : still;
}

/** Address that a server should have, from the evidence for this cause; null when no evidence says one. */
export function expectedAddress(situation: ActionSituation, server: ServerState): { readonly host: string; readonly port: number } | null {
  for (const evidence of situation.evidence) {
    if (evidence.cause !== situation.cause.id || !sameServer(evidence.subject, server)) continue;
    const said = evidence.facts['expectedAddress'];
    const address = typeof said === 'string' ? hostAndPort(said) : null;
    if (address !== null) return address;
  }
  return null;
}

/** `host:port` or `[v6]:port`; null for anything else. Nothing but letters, digits, dot, colon and hyphen can be in the host. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number } | null {
  if (text.length > 300) return null;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9a-zA-Z.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}
