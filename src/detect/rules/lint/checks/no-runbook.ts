import type { RuleCheck } from '../rule-check.ts';

/** An alert that wakes somebody and does not say what to do. */
export const noRunbook: RuleCheck = {
  id: 'no-runbook',
  run({ rule }, { isServed }) {
    if (rule.kind === 'recording') return [];
    const links = ['runbook_url', 'runbook'].filter((key) => (rule.annotations.get(key)?.source.trim() ?? '') !== '');
    const at = { in: 'name' } as const;
    if (isServed?.(rule) === false) {
      const message =
        links.length === 0
          ? 'there is no runbook page for this alert'
          : `there is no runbook page for this alert: ${links[0]} leads to none of the pages that were given`;
      return [{ severity: 'warning', at, message, fix: `Write a page called ${rule.name}` }];
    }
    if (links.length > 0 || isServed !== null) return [];
    return [{ severity: 'information', at, message: 'the alert links to no runbook', fix: 'Add the annotation runbook_url' }];
  },
};
