import type { CauseId } from '../../src/model/diagnosis.ts';

export type ProxyName = 'haproxy' | 'traefik';
/** How requests find their backend: by host, by the first part of the path, or by a port of their own. */
export type Routing = 'host' | 'path' | 'port' | 'listen';
export type LogStyle = 'http' | 'custom' | 'json' | 'clf' | 'none';
export type CheckStyle = 'none' | 'tcp' | 'http' | 'host' | 'expect';

export interface BackendPlan {
  readonly name: string;
  readonly serverNames: readonly string[];
  readonly check: CheckStyle;
  readonly healthPath: string;
  readonly host: string;
  /** What clients ask for, most wanted first. */
  readonly paths: readonly string[];
  readonly tls: boolean;
  readonly byName: boolean;
  /** The last server is a backup (HAProxy). */
  readonly backup: boolean;
}

/** What of the proxy's surroundings proxymedic is told. */
export interface Told {
  /** HAProxy's stats socket; for Traefik `none` means that its API is not told. */
  readonly socket: 'unix' | 'tcp' | 'none';
  readonly configFile: boolean;
  readonly log: boolean;
  readonly servers: 'none' | 'named' | 'address';
  /** `once`: two scrapes, as the command does; `daemon`: scrapes and reads since the start. */
  readonly memory: 'once' | 'daemon';
}

/** One thing that goes wrong. `how` names the means; `servers` are indexes into the backend's. */
export interface FaultPlan {
  readonly cause: CauseId;
  readonly how: string;
  readonly servers: readonly number[];
  readonly paths: readonly string[];
  readonly share: number;
  readonly status: number;
}

/** A whole situation, pure data: everything that a play needs to know. */
export interface SituationPlan {
  readonly seed: number;
  readonly proxy: ProxyName;
  readonly routing: Routing;
  readonly log: LogStyle;
  readonly logPrefix: 'syslog' | 'raw';
  readonly backends: readonly BackendPlan[];
  readonly intervalMs: number;
  readonly serverTimeoutMs: number;
  readonly requestsPerSecond: number;
  readonly clients: readonly string[];
  /** Share of the clients' requests that ask for something that never existed. */
  readonly noise: number;
  readonly healthyMs: number;
  readonly faultyMs: number;
  /** After this the faults are healed and it is looked only `healedMs` later; null: never. */
  readonly healedMs: number | null;
  readonly faults: readonly FaultPlan[];
  readonly told: Told;
  readonly alert: string;
}
