import type { AlertingRule } from '../../rule.ts';
import { type Branch, lossOf } from '../label-flow.ts';
import type { LintedRule, Remark, RuleCheck } from '../rule-check.ts';
import type { LabelRead, TemplateReads } from '../template-reads.ts';

/** A template reads a label that the result of the expression surely does not have: the text has a hole. */
export const lostLabel: RuleCheck = {
  id: 'lost-label',
  run(linted) {
    const { rule } = linted;
    if (rule.kind === 'recording') return [];
    return [...remarksOn(linted, rule, 'label', linted.labelReads), ...remarksOn(linted, rule, 'annotation', linted.annotationReads)];
  },
};

function remarksOn(
  { flow }: LintedRule,
  rule: AlertingRule,
  kind: 'label' | 'annotation',
  reads: ReadonlyMap<string, TemplateReads>,
): readonly Remark[] {
  const branches = flow.of(rule.expr);
  return [...reads].flatMap(([name, { labels }]) =>
    labels.flatMap((read) => {
      const why = reason(branches, rule, read);
      if (why === null) return [];
      const at = { in: kind, name, start: read.start, end: read.end } as const;
      return [{ severity: 'bug' as const, at, message: `label ${read.label} is always empty here: ${why.message}`, fix: why.fix }];
    }),
  );
}

function reason(
  branches: readonly Branch[],
  rule: AlertingRule,
  { label }: LabelRead,
): { readonly message: string; readonly fix: string } | null {
  if (label === '__name__') return null;
  const losses = branches.map((branch) => lossOf(branch, label));
  const [first] = losses;
  if (first === undefined || first === null || losses.includes(null)) return null;
  if (rule.labels.has(label) || label === 'alertname')
    return {
      message: `templates see the labels of the expression, not those that the rule adds, and ${label} ${first.how}`,
      fix: `Write its value out`,
    };
  return { message: `it ${first.how}`, fix: fixOf(branches, label, first.how) };
}

function fixOf(branches: readonly Branch[], label: string, how: string): string {
  const kept = new Set(branches.flatMap(({ possible }) => [...(possible ?? [])]));
  if (how.startsWith('is not among by') || how.startsWith('is taken away'))
    return `Keep ${label} in the aggregation, or leave it out of the text`;
  return kept.size > 0 ? `Read one that is there: ${[...kept].sort().join(', ')}` : `Leave ${label} out of the text`;
}
