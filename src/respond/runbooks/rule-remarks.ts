import { rememberedFor } from '../../base/remembered.ts';
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

interface RuleText {
  readonly path: string;
  readonly text: string;
}

/** Something that `rules check` says of a rule. */
interface RuleRemark {
  readonly check: RunbookCheck;
  /** The line of the rule file that it is about. */
  readonly line: number;
  readonly alert: string | null;
  readonly message: string;
  readonly fix: string;
}

const nothingKnown = new Exporters([]);

/** Several pages quote from one file: it is looked at once. */
const remarksBeside = rememberedFor((exporters: Exporters) =>
  rememberedFor((file: RuleText): readonly RuleRemark[] => {
    const read = { file: parseRuleFile(file.text, file.path), text: file.text };
    const surroundings = { exporters, scrapeIntervalMs: null, exposed: null, proveDead, isServed: null };
    return lintRules([read], surroundings, (id) => told[id] !== undefined).flatMap(remarkOf);
  }),
);

/**
 * What is wrong with the rules of a file as far as pages are concerned: labels that the texts of a rule show and its expression removes, and
 * what the exporters do not have. Without exporters nothing is said about those.
 */
export function remarksOn(file: RuleText, exporters: Exporters = nothingKnown): readonly RuleRemark[] {
  return remarksBeside(exporters)(file);
}

function remarkOf({ check, line, alert, message, fix }: RuleFinding): readonly RuleRemark[] {
  const own = told[check];
  return own === undefined ? [] : [{ check: own, line, alert, message, fix }];
}
