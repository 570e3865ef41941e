import type { Expr } from '../promql/ast.ts';
import type { CompiledTemplate } from './template/template.ts';

/** Where something stands in a rule file, from 1. */
export interface RulePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface RuleBase {
  readonly name: string;
  readonly expr: Expr;
  /** As written. */
  readonly exprText: string;
  readonly place: RulePlace;
  /** Where the expression stands. */
  readonly exprPlace: RulePlace;
}

/** A rule that writes the result of its expression as a metric. */
export interface RecordingRule extends RuleBase {
  readonly kind: 'recording';
  /** Group and rule labels together. */
  readonly labels: ReadonlyMap<string, string>;
}

/** A rule that has one alert for each element of its result. */
export interface AlertingRule extends RuleBase {
  readonly kind: 'alerting';
  /** How long the expression must hold before the alert fires. */
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** Group and rule labels together, in the order of their names. */
  readonly labels: ReadonlyMap<string, CompiledTemplate>;
  readonly annotations: ReadonlyMap<string, CompiledTemplate>;
  /** Where the texts of labels and annotations stand, by their names. */
  readonly labelPlaces: ReadonlyMap<string, RulePlace>;
  readonly annotationPlaces: ReadonlyMap<string, RulePlace>;
}

export type Rule = RecordingRule | AlertingRule;

/** Rules that are evaluated one after the other at the same instant. */
export interface RuleGroup {
  readonly name: string;
  readonly file: string;
  /** null: none is given, or 0. */
  readonly intervalMs: number | null;
  /** How far back the rules look; null: none is given. */
  readonly queryOffsetMs: number | null;
  /** How many alerts or series a rule may have; 0 for any number. */
  readonly limit: number;
  readonly rules: readonly Rule[];
}

/** What is wrong in a rule file, and where. */
export interface RuleProblem extends RulePlace {
  readonly message: string;
}

/** `rules.yml:3:7: message` */
export function formatProblem({ file, line, column, message }: RuleProblem): string {
  return `${file}:${line}:${column}: ${message}`;
}
