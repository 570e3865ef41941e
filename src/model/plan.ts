import type { CauseId } from './diagnosis.ts';

export type PlanState =
  | 'proposed'
  | 'approved'
  | 'running'
  | 'done'
  | 'failed'
  | 'unknown'
  | 'undone'
  | 'refused'
  | 'expired'
  | 'superseded';

export type Risk = 'reversible' | 'disruptive' | 'irreversible';

/**
 * One command, exactly as it goes over the wire. A closed list: nothing else can be executed.
 * `run`: an argument array from the configuration, started without a shell.
 * `haproxy`: one line on the stats socket. `write-file`/`delete-file`: our own file in Traefik's dynamic directory.
 */
export type WireCommand =
  | { readonly kind: 'run'; readonly argv: readonly string[]; readonly subject: string }
  | {
      readonly kind: 'haproxy';
      readonly target: string;
      readonly line: string;
      readonly subject: string;
      /** A server is given back even while its check fails: the way back of a drain. Else its check must pass first. */
      readonly evenIfDown?: true;
    }
  | { readonly kind: 'write-file'; readonly target: string; readonly path: string; readonly content: string; readonly subject: string }
  | { readonly kind: 'delete-file'; readonly target: string; readonly path: string; readonly subject: string };

/** What must be true of a subject for the plan to hold; part of the hash. Never counters or times. */
export interface Precondition {
  readonly subject: string;
  readonly administrative: string | null;
  readonly up: boolean | null;
  readonly weight: number | null;
  readonly address: string | null;
}

/** A field of a subject that the plan changes: what the read-back must find. */
export interface ExpectedChange {
  readonly subject: string;
  readonly field: 'state' | 'administrative' | 'address' | 'weight' | 'present' | 'file' | 'process';
  readonly was: string;
  readonly becomes: string;
}

/** What a plan does to one subject, in the words the guards judge by; from the intents, before any proxy's words. */
export interface PlanEffect {
  readonly subject: string;
  readonly does: 'restart' | 'take-out' | 'give-back' | 'readdress' | 'limit';
}

export interface GuardVerdict {
  readonly id: string;
  readonly allow: boolean;
  readonly reason: string;
}

/** What an action wants to do, frozen: exact commands, the way back, and what was seen when it was made. */
export interface Plan {
  readonly id: string;
  readonly incident: string;
  /** Runbook step that offered it, or null. */
  readonly step: string | null;
  /** Title of the page with that step, or null. */
  readonly runbook: string | null;
  readonly target: string;
  readonly backend: string | null;
  readonly action: string;
  readonly summary: string;
  readonly cause: CauseId;
  readonly subjects: readonly string[];
  readonly risk: Risk;
  /** In order; run one after the other, each read back before the next. */
  readonly commands: readonly WireCommand[];
  /** In the order in which they would be run; empty when there is no inverse. */
  readonly undo: readonly WireCommand[];
  readonly expected: readonly ExpectedChange[];
  readonly effects: readonly PlanEffect[];
  readonly preconditions: readonly Precondition[];
  /** SHA-256 over the configuration files of the proxy, or null when they cannot be read. */
  readonly configHash: string | null;
  readonly guards: readonly GuardVerdict[];
  /** SHA-256 over action, subjects, commands, undo, preconditions and configHash. */
  readonly hash: string;
  readonly state: PlanState;
  readonly proposedAt: number;
  readonly expiresAt: number;
  readonly approvedBy: string | null;
  readonly approvedAt: number | null;
  readonly approvalReason: string | null;
  readonly version: number;
}
