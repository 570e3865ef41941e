import type { CauseId, StepOutcome, Verdict } from '../../../model/diagnosis.ts';
import type { ProxyKind } from '../../../model/proxy.ts';
import type { SignId } from '../../diagnosis/signs.ts';
import type { Place } from '../runbook-finding.ts';

/** What one check sees of one subject in a made-up situation. */
export interface SeenSign {
  readonly check: string;
  readonly subject: string;
  readonly sign: SignId;
  readonly facts: Readonly<Record<string, string>>;
}

/** A server of the made-up proxy. */
export interface MadeUpServer {
  readonly subject: string;
  readonly address: { readonly host: string; readonly port: number };
  /** `control.restart`, as in the configuration; null when there is none. */
  readonly restart: readonly string[] | null;
  readonly administrative: 'ready' | 'drain' | 'maintenance';
}

/** A situation in the words of the checks. */
export interface MadeUpSituation {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: {
    readonly name: string;
    readonly proxy: ProxyKind;
    readonly restart: readonly string[] | null;
    readonly configuration: 'valid' | 'invalid' | 'not-run';
    readonly entry: { readonly host: string; readonly port: number } | null;
  };
  /** null: the alert is about the target as a whole. */
  readonly backend: string | null;
  readonly servers: readonly MadeUpServer[];
  readonly saw: readonly SeenSign[];
}

/** A plan that should be proposed, or the words in which the product says why there is none. */
export type ExpectedPlan =
  | { readonly for: CauseId; readonly action: string; readonly step: string | null; readonly changes: readonly string[] }
  | { readonly for: CauseId; readonly none: string };

/** What has to come out; null: nothing is said about it. */
export interface Expected {
  readonly verdict: Verdict;
  /** Every cause with its subjects, and no other. */
  readonly causes: ReadonlyMap<CauseId, readonly string[]> | null;
  /** At least these. */
  readonly ruledOut: readonly CauseId[];
  /** Every action that the page offers, and no other. */
  readonly offers: readonly string[] | null;
  /** Outcomes of some steps. */
  readonly steps: ReadonlyMap<string, StepOutcome>;
  /** Every plan, and no other. */
  readonly plans: readonly ExpectedPlan[] | null;
}

export interface PageTest {
  readonly name: string;
  readonly place: Place;
  /** Made up here, or the file in which `diagnose --record` wrote it down. */
  readonly situation: MadeUpSituation | { readonly recorded: string };
  readonly expected: Expected;
}

/** The tests of one page. */
export interface PageTests {
  readonly path: string;
  /** File name of the page beside it. */
  readonly page: string;
  readonly tests: readonly PageTest[];
}
