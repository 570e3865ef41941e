import type { Labels } from '../../model/labels.ts';

/** An alert as an Alertmanager is told of it. Instants in ms since the epoch. */
export interface ToldAlert {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  /** When it began to fire. */
  readonly startsAt: number;
  /** When it resolved; for one that fires, until when that is good without hearing of it again. */
  readonly endsAt: number;
  readonly generatorUrl: string | null;
}
