import { inExpr, type RuleCheck } from '../rule-check.ts';

/** An alert of which there is a proof that no input makes it fire. */
export const neverFires: RuleCheck = {
  id: 'never-fires',
  run({ rule }, { proveDead }) {
    const dead = rule.kind === 'alerting' ? proveDead(rule) : null;
    if (dead === null) return [];
    const fix = dead.correction === '' ? 'Compare with what the expression can be' : dead.correction;
    return [{ severity: 'bug', at: inExpr(dead.at), message: `can never fire: ${dead.reasons.join('; ')}`, fix }];
  },
};
