import type { Diagnosis, Evidence, StepOutcome, StepReport } from '../../model/diagnosis.ts';
import type { Page, Step } from './page.ts';
import { isUnbound } from './page.ts';

/** What came of every step of a page, given what a diagnosis found. A step whose checks all could not look is unknown. */
export function reportSteps(page: Page, diagnosis: Pick<Diagnosis, 'evidence' | 'causes'>): StepReport[] {
  return page.steps.map((step) => {
    const evidence = diagnosis.evidence.filter((item) => step.checks.some((check) => check.id === item.check));
    return {
      id: step.id,
      section: step.section,
      number: step.number,
      text: step.text,
      checks: step.checks.map((check) => check.id),
      actions: step.actions.map((action) => action.id),
      outcome: outcomeOf(step, evidence, diagnosis),
      manual: step.manual,
      evidence: evidence.map((item) => item.id),
    };
  });
}

function outcomeOf(step: Step, evidence: readonly Evidence[], diagnosis: Pick<Diagnosis, 'causes'>): StepOutcome {
  if (isUnbound(step)) return 'unbound';
  const offered = step.actions.some((action) => diagnosis.causes.some((cause) => action.when.includes(cause.id)));
  if (offered) return 'offered';
  if (step.checks.length > 0) return outcomeOfChecks(evidence);
  return step.manual !== null ? 'manual' : 'skipped';
}

function outcomeOfChecks(evidence: readonly Evidence[]): StepOutcome {
  if (evidence.some((item) => item.finding === 'supports')) return 'finding';
  if (evidence.length === 0) return 'skipped';
  return evidence.every((item) => item.finding === 'unknown') ? 'unknown' : 'clear';
}

/** The step of the page that offers an action for a cause; null when none does. */
export function offeringStep(page: Page, action: string, cause: string): Step | null {
  return page.steps.find((step) => step.actions.some((bound) => bound.id === action && bound.when.includes(cause))) ?? null;
}
