/**
 * How sure and how bad: a bug does not do what its author wanted, whatever the traffic; a warning may go wrong at night;
 * information helps to read the rule and never fails a build.
 */
export type LintSeverity = 'bug' | 'warning' | 'information';

/** Something about a rule that a person should know. Lines and columns count from 1, columns in UTF-16 code units. */
export interface RuleFinding {
  /** The id of the check, which is its file and its section in docs/rule-checks.md. */
  readonly check: string;
  readonly severity: LintSeverity;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** How much of the line is meant; at least 1. */
  readonly length: number;
  /** Name of the alert or of the recorded metric; null for what belongs to no rule. */
  readonly alert: string | null;
  readonly message: string;
  /** What to do about it, one sentence. */
  readonly fix: string;
}

/** Findings in the order of their files and lines. */
export function inOrder(findings: readonly RuleFinding[]): RuleFinding[] {
  return [...findings].sort(
    (a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.check, b.check),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
