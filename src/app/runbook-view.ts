import type { RunbookPageView, RunbookView } from '../interfaces/verbs.ts';
import type { LoadedRunbooks } from '../respond/runbooks/load-runbooks.ts';
import type { Page } from '../respond/runbooks/page.ts';
import { isUnbound } from '../respond/runbooks/page.ts';

/** A page in a list. */
export function runbookView(page: Page): RunbookView {
  return {
    title: page.title,
    path: page.path,
    hash: page.hash ?? '',
    aliases: page.aliases,
    steps: page.steps.length,
    unbound: page.steps.filter(isUnbound).length,
  };
}

/** A page with its items and what is wrong with it. */
export function runbookPageView(page: Page, findings: LoadedRunbooks['findings']): RunbookPageView {
  const items = page.steps.map((step) => ({
    id: step.id,
    section: step.section,
    number: step.number,
    text: step.text,
    bound: [
      ...step.checks.map((check) => ({ kind: 'check', id: check.id, when: [], why: null })),
      ...step.actions.map((action) => ({ kind: 'action', id: action.id, when: action.when, why: null })),
      ...(step.manual === null ? [] : [{ kind: 'manual', id: '', when: [], why: step.manual }]),
    ],
  }));
  const mine = findings
    .filter((finding) => finding.file === page.path)
    .map(({ severity, line, message, fix }) => ({ severity, line, message, fix }));
  return {
    ...runbookView(page),
    rule: page.rule === null ? null : { file: page.rule.file, alert: page.rule.alert },
    items,
    findings: mine,
  };
}
