import { Exporters } from '../../detect/rules/lint/exporter.ts';
import type { RuleFinding } from '../../detect/rules/lint/finding.ts';
import { lintRules } from '../../detect/rules/lint/lint-rules.ts';
import { proveDead } from '../../detect/rules/proof/prove-dead.ts';
import { parseRuleFile } from '../../detect/rules/rule-file.ts';
import type { RunbookCheck } from './runbook-finding.ts';

/** Which findings of `rules check` matter to whoever reads the page of a rule, and what they are called there. */
const told: Readonly<Record<string, RunbookCheck>> = {
  'lost-label': 'impossible-label',
  'unknown-metric': 'unknown-metric',
  'unknown-label': 'unknown-label',
  'unknown-label-value': 'unknown-label-value',
};

/** Something that `rules check` says of a rule. */
interface RuleRemark {
  readonly check: RunbookCheck;
  /** The line of the rule file that it is about. */
  readonly line: number;
  readonly alert: string | null;
  readonly message: string;
  readonly fix: string;
}

/** Several pages quote from one file: it is looked at once. */
const known = new WeakMap<Exporters, WeakMap<object, readonly RuleRemark[]>>();
const nothingKnown = new Exporters([]);

/**
 * What is wrong with the rules of a file as far as pages are concerned: labels that the texts of a rule show and its expression removes, and
 * what the exporters do not have. Without exporters nothing is said about those.
 */
export function remarksOn(
  file: { readonly path: string; readonly text: string },
  exporters: Exporters = nothingKnown,
): readonly RuleRemark[] {
  const byFile = known.get(exporters) ?? new WeakMap<object, readonly RuleRemark[]>();
  known.set(exporters, byFile);
  const before = byFile.get(file);
  if (before !== undefined) return before;
  const read = { file: parseRuleFile(file.text, file.path), text: file.text };
  const surroundings = { exporters, scrapeIntervalMs: null, exposed: null, proveDead, isServed: null };
  const remarks = lintRules([read], surroundings, (id) => told[id] !== undefined).flatMap(remarkOf);
  byFile.set(file, remarks);
  return remarks;
}

function remarkOf({ check, line, alert, message, fix }: RuleFinding): readonly RuleRemark[] {
  const own = told[check];
  return own === undefined ? [] : [{ check: own, line, alert, message, fix }];
}
