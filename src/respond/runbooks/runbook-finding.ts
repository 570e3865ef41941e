/** The kinds of findings; each is one word that never changes, so that a pipeline may filter by it. */
export type RunbookCheck =
  | 'page-too-large'
  | 'page-unreadable'
  | 'front-matter'
  | 'shortcode'
  | 'rule-copy'
  | 'bindings'
  | 'bindings-hash'
  | 'unknown-id'
  | 'unbound'
  | 'never-offered'
  | 'missing-section'
  | 'no-steps'
  | 'rule-drift'
  | 'rule-missing'
  | 'impossible-label'
  | 'unknown-metric'
  | 'unknown-label'
  | 'unknown-label-value'
  | 'dead-link'
  | 'duplicate-page'
  | 'page-test';

/** Something about a page that a person should correct. Lines and columns count from 1, columns in UTF-16 code units. */
export interface RunbookFinding {
  readonly check: RunbookCheck;
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Title of the page, which is the name of its alert; null when it is not known. */
  readonly alert: string | null;
  readonly message: string;
  /** What to do about it, one sentence. */
  readonly fix: string;
}

/** Where in a text something stands. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A value from outside, cut so that it fits into a message. */
export function shown(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 79)}…` : value);
}

/** Findings in the order of their files and lines. */
export function inOrder(findings: readonly RunbookFinding[]): RunbookFinding[] {
  return [...findings].sort((a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
