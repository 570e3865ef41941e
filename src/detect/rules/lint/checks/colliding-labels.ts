import { type Expr, unwrap } from '../../../promql/ast.ts';
import { comparisons } from '../../../promql/token.ts';
import type { AlertingRule } from '../../rule.ts';
import { lossOf } from '../label-flow.ts';
import { inExpr, type LintedRule, type LintWorld, type Remark, type RuleCheck } from '../rule-check.ts';

/** The rule writes over a label that tells its alerts apart: two with the same labels are an error, and none of them fires. */
export const collidingLabels: RuleCheck = {
  id: 'colliding-labels',
  run(linted, world) {
    const { rule } = linted;
    return rule.kind === 'recording' ? [] : [...overridden(linted, rule, world), ...nameless(rule)];
  },
};

function overridden({ flow, labelReads }: LintedRule, rule: AlertingRule, world: LintWorld): readonly Remark[] {
  const branches = flow.of(rule.expr);
  return [...rule.labels.keys()].flatMap((label) => {
    const readsItself = labelReads.get(label)?.labels.some((read) => read.label === label) ?? false;
    const lost = branches.every((branch) => lossOf(branch, label) !== null);
    const apart = branches.some((branch) =>
      tellsApart(branch.possible, branch.certain.get(label)?.value ?? null, branch.certain.has(label), label, world),
    );
    if (readsItself || lost || !apart) return [];
    const message = `label ${label} of the rule writes over that of the result, which tells its elements apart: two that differ in ${label} alone become the same alert, and Prometheus then fires none`;
    return [
      {
        severity: 'warning' as const,
        at: { in: 'label' as const, name: label, start: 0, end: rule.labels.get(label)?.source.length ?? 1 },
        message,
        fix: `Give the label of the rule another name, or take ${label} away in the expression`,
      },
    ];
  });
}

/** A label that a grouping names, or that every scraped series has; not one that a matcher fixes to a single value. */
function tellsApart(
  possible: ReadonlySet<string> | null,
  value: string | null,
  certain: boolean,
  label: string,
  _world: LintWorld,
): boolean {
  if (value !== null) return false;
  return possible === null ? certain : possible.has(label);
}

/** Alerts do without the name of the metric: of a selector for several metrics, elements may differ in nothing else. */
function nameless(rule: AlertingRule): readonly Remark[] {
  const selector = filtered(rule.expr);
  if (selector.kind !== 'selector' || selector.metric !== null) return [];
  const names = selector.matchers.filter(({ name }) => name === '__name__');
  if (names.some(({ op }) => op === '=')) return [];
  const message =
    'this selects several metrics, and an alert does without the name of its metric: two that differ in their name alone become the same alert, and Prometheus then fires none';
  return [
    {
      severity: 'warning',
      at: inExpr(selector),
      message,
      fix: 'Write one rule for each metric, or keep the name with label_replace(…, "metric", "$1", "__name__", "(.*)")',
    },
  ];
}

function filtered(expr: Expr): Expr {
  const plain = unwrap(expr);
  return plain.kind === 'binary' && comparisons.has(plain.op) && plain.matching === null && !plain.bool ? filtered(plain.left) : plain;
}
