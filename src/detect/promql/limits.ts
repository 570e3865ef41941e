import { EvaluationError } from './evaluation-error.ts';

/** How much one query may cost. */
export interface Limits {
  /** Samples held at one step, and samples of the result. */
  readonly samplesMax: number;
  /** Steps of a range query. */
  readonly stepsMax: number;
  /** Asked now and then; true stops the query. The core has no clock of its own. */
  readonly expired: (() => boolean) | null;
}

export const defaultLimits: Limits = { samplesMax: 50_000_000, stepsMax: 11_000, expired: null };

const samplesBetweenLooks = 50_000;

/** Counts what a query reads and stops it at its limits. */
export class Budget {
  private readonly limits: Limits;
  private used = 0;
  private sinceLook = 0;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** Throws `EvaluationError` when the query has read too much or has no time left. */
  spend(samples: number): void {
    this.used += samples;
    if (this.used > this.limits.samplesMax) {
      throw new EvaluationError(
        `query processing would load too many samples into memory in query execution (limit ${this.limits.samplesMax})`,
      );
    }
    this.sinceLook += samples;
    if (this.sinceLook < samplesBetweenLooks) return;
    this.sinceLook = 0;
    if (this.limits.expired?.() === true) throw new EvaluationError('query timed out in expression evaluation');
  }

  /** What a step held is let go when the next one begins. */
  release(): void {
    this.used = 0;
  }
}
