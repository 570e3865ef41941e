import type { RuleCheck } from '../rule-check.ts';

/** A label that holds the value: with every change of it the alert is a new one, and `for` begins again. */
export const valueInLabel: RuleCheck = {
  id: 'value-in-label',
  run({ rule, labelReads }) {
    if (rule.kind === 'recording') return [];
    return [...labelReads].flatMap(([name, { values }]) =>
      values.slice(0, 1).map(({ start, end }) => ({
        severity: 'bug' as const,
        at: { in: 'label' as const, name, start, end },
        message: `label ${name} holds the value of the expression, so every change of the value is a new alert: it is sent again, and waits for its \`for\` again`,
        fix: 'Put the value into an annotation',
      })),
    );
  },
};
