import type { Behaviour } from '../backend/behaviour.ts';
import type { LabServer } from '../backend/fleet.ts';
import type { Floor, LabProxy, LabProxyKind } from '../floor.ts';
import type { BackendSpec } from '../topology.ts';
import type { ProxyView } from '../view.ts';

/** What a caller may say about a fault; everything has a default. */
export interface FaultOptions {
  /** Default: the first backend. */
  readonly backend?: string;
  /** Names within the backend. Default: all, or the first one where the fault is about a single server. */
  readonly servers?: readonly string[];
  /** Only this proxy, where the fault is in a proxy or its configuration. Default: every proxy on which the fault exists. */
  readonly proxy?: LabProxyKind;
  /** Part of the requests, 0 to 1, for faults of the application. */
  readonly share?: number;
  /** Paths, for faults of some paths. */
  readonly paths?: readonly string[];
}

/** The options with every default filled in, and the things they name. */
export interface FaultPlace {
  readonly floor: Floor;
  readonly spec: BackendSpec;
  readonly backend: string;
  readonly servers: readonly LabServer[];
  readonly proxies: readonly LabProxy[];
  readonly share: number | null;
  readonly paths: readonly string[] | null;
}

/** What a fault does while it is in force. All of it is undone by leaving it out again. */
export interface Effect {
  /** How the servers of the place behave. */
  readonly behaviour?: Partial<Behaviour>;
  /** What the proxies of the place are told. */
  readonly view?: (view: ProxyView, kind: LabProxyKind) => ProxyView;
  /** What else is done, and its way back; both may be repeated. */
  readonly begin?: () => Promise<void> | void;
  readonly end?: () => Promise<void> | void;
}

/** One fault. */
export interface Fault {
  /** What happens, for people. */
  readonly about: string;
  /** The proxies on which it exists. */
  readonly on: readonly LabProxyKind[];
  /** What the backend must have for it, or null. */
  readonly needs?: 'check' | 'tls' | 'names';
  /** Default 'all'. */
  readonly servers?: 'all' | 'first';
  effect(place: FaultPlace): Effect | Promise<Effect>;
}

/** A fault that this lab cannot produce, with what would be needed. */
export class FaultError extends Error {
  override readonly name = 'FaultError';
}
