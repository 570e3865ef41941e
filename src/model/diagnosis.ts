import type { Labels } from './labels.ts';

/** Ids of causes: the closed vocabulary, one line and one docs page each. See `respond/diagnosis/causes.ts`. */
export type CauseId = string;

export type Verdict = 'cause-found' | 'no-fault-found' | 'undetermined';

/** What a piece of evidence says about its cause. `unknown`: the check could not look. Never read as healthy. */
export type Finding = 'supports' | 'contradicts' | 'neutral' | 'unknown';

/** One answer of one check. The JSON shape is public: `/medic/v1` and `diagnose -o json` print it as it is. */
export interface Evidence {
  /** `e1`, `e2` …: unique within its diagnosis. */
  readonly id: string;
  /** Id of the check, `family/name`. */
  readonly check: string;
  readonly finding: Finding;
  /** The cause it speaks for or against; null for what only describes. */
  readonly cause: CauseId | null;
  /** What it is about: backend, `backend/server`, target name, `path:/x`, `client:IP`. */
  readonly subject: string;
  /** One sentence with the numbers in it. */
  readonly summary: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly observedAt: string;
  readonly durationMs: number;
  /** For `unknown`: what to change so that the check can look next time. */
  readonly fix: string | null;
}

export interface MitigationOffer {
  readonly action: string;
  readonly risk: 'reversible' | 'disruptive' | 'irreversible';
}

/** A cause that explains the alert. */
export interface Cause {
  readonly id: CauseId;
  readonly subjects: readonly string[];
  /** 0 to 1: how much more the evidence speaks for it than against it. */
  readonly confidence: number;
  /** Ids of the evidence that speaks for it. */
  readonly because: readonly string[];
  readonly mitigations: readonly MitigationOffer[];
}

export interface RuledOut {
  readonly id: CauseId;
  readonly because: readonly string[];
}

export type StepOutcome = 'finding' | 'clear' | 'unknown' | 'offered' | 'skipped' | 'manual' | 'unbound';

/** One instruction of the runbook page and what came of it. */
export interface StepReport {
  /** `diagnosis/1`, `mitigation/2.1`. */
  readonly id: string;
  readonly section: string;
  readonly number: string;
  readonly text: string;
  readonly checks: readonly string[];
  readonly actions: readonly string[];
  readonly outcome: StepOutcome;
  /** Why the step stays with a person. */
  readonly manual: string | null;
  /** Ids of the evidence its checks gave. */
  readonly evidence: readonly string[];
}

/** A whole diagnosis, as printed by `proxymedic diagnose -o json`. */
export interface Diagnosis {
  readonly alert: { readonly name: string; readonly labels: Labels };
  readonly target: string | null;
  readonly backend: string | null;
  readonly runbook: string | null;
  readonly verdict: Verdict;
  readonly causes: readonly Cause[];
  readonly ruledOut: readonly RuledOut[];
  readonly evidence: readonly Evidence[];
  readonly steps: readonly StepReport[];
  readonly startedAt: string;
  readonly durationMs: number;
}
