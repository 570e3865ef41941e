import type { ExpectedChange, WireCommand } from '../../model/plan.ts';
import type { ProxyState } from '../../model/proxy.ts';

/** What an action wants, before any proxy's words. Always an absolute state, never a toggle or an increment. */
export type Intent =
  /** Start or restart a process with the argument array of the configuration. `address` is where it should listen afterwards. */
  | {
      readonly kind: 'restart';
      readonly subject: string;
      readonly argv: readonly string[];
      readonly address: { readonly host: string; readonly port: number } | null;
    }
  /** HAProxy: take a server out for new sessions, or give it back. `ready` goes through `drain` and its check first. */
  | { readonly kind: 'server-administrative'; readonly subject: string; readonly becomes: 'ready' | 'drain' }
  /** HAProxy: correct the runtime address of a server. */
  | { readonly kind: 'server-address'; readonly subject: string; readonly host: string; readonly port: number }
  /** Traefik: redefine one service under its own name, without the given servers and with other addresses for some. */
  | {
      readonly kind: 'service-servers';
      readonly backend: string;
      readonly without: readonly string[];
      readonly replace: readonly { readonly subject: string; readonly url: string }[];
    }
  /** Traefik: limit one client (or everybody, `client` null) on the routes of a service, optionally on one path only. */
  | {
      readonly kind: 'limit';
      readonly backend: string;
      readonly client: string | null;
      readonly path: string | null;
      readonly averagePerSecond: number;
      readonly burst: number;
    };

/** An intent in a proxy's own words: exact commands, exact way back, and what must be seen afterwards. */
export interface Rendered {
  readonly commands: readonly WireCommand[];
  readonly undo: readonly WireCommand[];
  readonly expected: readonly ExpectedChange[];
  /** One line for people, e.g. `Drain api/s3`. */
  readonly summary: string;
}

/** The proxy cannot or must not do it, with the reason for people. */
export interface CannotRender {
  readonly impossible: string;
}

/** Three outcomes. A lost answer is `unknown`: the caller reads back and never repeats blindly. */
export interface CommandOutcome {
  readonly outcome: 'ok' | 'failed' | 'unknown';
  /** What the proxy or the process said, bounded. */
  readonly detail: string;
}

/** How the core changes one proxy. One implementation in each `connectors/proxies/*`; processes have their own. */
export interface Control {
  /** Turns an intent into wire commands from the state that was seen. Never writes. */
  render(intent: Intent, seen: ProxyState): Promise<Rendered | CannotRender>;
  /** Runs exactly one command of a plan. Must settle soon after `signal` aborts (then `unknown`). */
  execute(command: WireCommand, signal: AbortSignal): Promise<CommandOutcome>;
  /** The present value of what a command changes, in the words of `was` and `becomes`; null when it cannot be seen. */
  observe(expected: ExpectedChange, signal: AbortSignal): Promise<string | null>;
}
