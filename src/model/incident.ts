import type { Diagnosis, Verdict } from './diagnosis.ts';
import type { Labels } from './labels.ts';

export type IncidentState = 'open' | 'mitigating' | 'verifying' | 'resolved';

export type TimelineKind =
  | 'opened'
  | 'alert'
  | 'diagnosis'
  | 'plan'
  | 'approval'
  | 'refusal'
  | 'action'
  | 'readback'
  | 'verification'
  | 'undo'
  | 'resolved'
  | 'note';

/** One thing that happened, in order. `actor` is a user, `proxymedic` for the machine, `local` without authentication. */
export interface TimelineEntry {
  /** Strictly increasing over all incidents: the id of the server-sent event. */
  readonly seq: number;
  readonly at: number;
  readonly kind: TimelineKind;
  readonly summary: string;
  readonly actor: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface IncidentAlert {
  readonly fingerprint: string;
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'firing' | 'resolved';
  readonly source: string;
  readonly startsAt: number;
  readonly endsAt: number | null;
}

/** A tick of a person on a manual step. */
export interface StepTick {
  readonly step: string;
  readonly done: boolean;
  readonly actor: string;
  readonly at: number;
  readonly note: string;
}

/** One problem that people work on. Instants in ms since the epoch. */
export interface Incident {
  readonly id: string;
  readonly state: IncidentState;
  readonly title: string;
  readonly severity: string;
  readonly target: string;
  /** Backend or service; null for an incident of the target as a whole. */
  readonly backend: string | null;
  readonly alerts: readonly IncidentAlert[];
  /** null until the first diagnosis has ended. */
  readonly verdict: Verdict | null;
  readonly diagnosis: Diagnosis | null;
  readonly openedAt: number;
  readonly resolvedAt: number | null;
  readonly acknowledgedBy: string | null;
  readonly ticks: readonly StepTick[];
  /** Counts every change; lets a writer detect that somebody was faster. */
  readonly version: number;
}
