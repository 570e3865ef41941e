import { allow, type Guard, type GuardContext, refuse } from '../guard.ts';
import { modeOf } from '../settings.ts';

/** Clean runs that a person approved, in a row and the newest ones, before the machine may run an action by itself. */
const cleanRunsNeeded = 3;

/** The ladder: what the configuration allows, and what the action has earned. */
export const mode: Guard = {
  id: 'mode',
  judge(context) {
    const { plan, settings, automatic } = context;
    if (context.actionAutomatic === null) return refuse('mode', `there is no action ${plan.action}`);
    const present = modeOf(settings, plan.action);
    if (present === 'off' || present === 'observe') return refuse('mode', `mode of ${plan.action} is ${present}: nothing is changed`);
    if (present === 'suggest') return refuse('mode', `mode of ${plan.action} is suggest: plans are shown, nobody can approve them here`);
    if (!automatic) return allow('mode', `mode of ${plan.action} is ${present}: a person decides`);
    if (present !== 'auto') return refuse('mode', `mode of ${plan.action} is ${present}: a person must approve`);
    return earned(context);
  },
};

function earned({ plan, actionAutomatic, record }: GuardContext) {
  if (actionAutomatic !== true) return refuse('mode', `${plan.action} never runs without a person`);
  if (plan.undo.length === 0) return refuse('mode', `${plan.action} has no way back here, so a person must approve`);
  if (record === null) return refuse('mode', `how ${plan.action} went before could not be read`);
  const settled = record.filter((change) => change.outcome !== 'pending').slice(0, cleanRunsNeeded);
  const clean = settled.filter((change) => change.outcome === 'recovered').length;
  if (clean < cleanRunsNeeded)
    return refuse('mode', `${clean} clean runs of ${plan.action} on ${plan.target}, ${cleanRunsNeeded} are needed`);
  return allow('mode', `the last ${clean} runs of ${plan.action} on ${plan.target} were clean`);
}
