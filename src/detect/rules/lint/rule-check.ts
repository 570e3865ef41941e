import type { Span } from '../../promql/ast.ts';
import type { AlertingRule, Rule, RuleGroup } from '../rule.ts';
import type { Exporters } from './exporter.ts';
import type { Exposed } from './exposed.ts';
import type { LintSeverity } from './finding.ts';
import type { LabelFlow } from './label-flow.ts';
import type { TemplateReads } from './template-reads.ts';

/** Why an alert can never fire, as a prover found out. */
export interface DeadAlert {
  /** The part of the expression that can never be true. */
  readonly at: Span;
  /** A chain of reasons, each a clause: "count by (backend) is at least 1", "it is compared with 0". */
  readonly reasons: readonly string[];
  /** What its author probably meant, one sentence; empty when that is not clear. */
  readonly correction: string;
}

/** Looks for a proof that an alert never fires. null: there is none; that is no proof that it does. */
export type ProveDead = (rule: AlertingRule) => DeadAlert | null;

/** What a check may ask besides the rule. */
export interface LintWorld {
  readonly exporters: Exporters;
  /** null: nobody said how often targets are scraped. */
  readonly scrapeIntervalMs: number | null;
  /** null: there is no target and no capture to hold selectors against. */
  readonly exposed: Exposed | null;
  /** Names of metrics that rules of the same files record. */
  readonly recorded: ReadonlySet<string>;
  /** Ids of exporters for which the files surely have rules. */
  readonly exportersInUse: ReadonlySet<string>;
  readonly proveDead: ProveDead;
  /** Whether a runbook page serves an alert; null: there are no pages to look in. */
  readonly isServed: ((rule: AlertingRule) => boolean) | null;
}

/** A rule with what several checks want to know of it. */
export interface LintedRule {
  readonly rule: Rule;
  readonly group: RuleGroup;
  readonly flow: LabelFlow;
  /** By name; empty for a recording rule. */
  readonly labelReads: ReadonlyMap<string, TemplateReads>;
  readonly annotationReads: ReadonlyMap<string, TemplateReads>;
}

/** Which part of a rule is meant. Offsets are in the text of the part. */
export type RulePart =
  | { readonly in: 'expr'; readonly start: number; readonly end: number }
  | { readonly in: 'label' | 'annotation'; readonly name: string; readonly start: number; readonly end: number }
  | { readonly in: 'name' };

/** What a check has to say about one place of one rule. */
export interface Remark {
  readonly severity: LintSeverity;
  readonly at: RulePart;
  readonly message: string;
  readonly fix: string;
}

/** One thing that can be wrong with a rule: pure, from the rule and what is known. */
export interface RuleCheck {
  /** The name of its file and of its section in docs/rule-checks.md. Public: added, never renamed. */
  readonly id: string;
  run(linted: LintedRule, world: LintWorld): readonly Remark[];
}

export function inExpr({ start, end }: Span): RulePart {
  return { in: 'expr', start, end };
}

/** All that a person reads of an alert's labels and annotations, for what the author says in words. */
export function wordsOf({ rule }: LintedRule): string {
  return rule.kind === 'recording' ? '' : [...rule.annotations.values()].map(({ source }) => source).join('\n');
}
