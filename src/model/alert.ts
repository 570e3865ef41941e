import type { Labels } from './labels.ts';

export type AlertState = 'inactive' | 'pending' | 'firing' | 'resolved';

/** Where an alert came from: our own rules, or a system that pushed it. */
export type AlertSource = 'rules' | 'prometheus' | 'alertmanager';

/** One instance of a rule (or of somebody else's rule), told apart by its labels. Instants in ms since the epoch. */
export interface Alert {
  /** Identity of the labels, 16 hexadecimal digits. */
  readonly fingerprint: string;
  readonly name: string;
  /** Includes `alertname`. */
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: AlertState;
  readonly value: number | null;
  readonly startsAt: number;
  readonly endsAt: number | null;
  readonly source: AlertSource;
  readonly generatorUrl: string | null;
}
