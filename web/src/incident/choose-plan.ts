import type { Plan, PlanState } from '../api/plan.ts';

const underWay: readonly PlanState[] = ['approved', 'running', 'unknown'];

/**
 * The plan a person should look at: what acts now, else the one they have in their hands while it is still offered (or its
 * successor), else the first proposal, else the latest that was tried.
 */
export function choosePlan(plans: readonly Plan[], inHandId: string | null): Plan | null {
  const inHand = plans.find((plan) => plan.id === inHandId);
  if (inHand && inHand.state === 'proposed') return inHand;
  const acting = plans.find((plan) => underWay.includes(plan.state));
  if (acting) return acting;
  const successor = inHand?.supersededBy ? plans.find((plan) => plan.id === inHand.supersededBy) : undefined;
  if (successor) return successor;
  const proposed = plans.find((plan) => plan.state === 'proposed');
  if (proposed) return proposed;
  return inHand ?? plans.findLast((plan) => plan.state !== 'superseded') ?? plans.at(-1) ?? null;
}
