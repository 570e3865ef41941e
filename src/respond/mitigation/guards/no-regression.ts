import { allow, type Guard, refuse, touchesServers } from '../guard.ts';
import { healthOf, worseThan } from '../health-snapshot.ts';

/** Goes on only while nothing got worse since before the first change; without a picture of before nobody could tell. */
export const noRegression: Guard = {
  id: 'no-regression',
  judge({ phase, plan, state, baseline }) {
    if (state === null) return refuse('no-regression', `the health of ${plan.target} could not be captured`);
    const now = healthOf(state);
    if (touchesServers(plan) && now.serving === null) return refuse('no-regression', `the neighbours on ${plan.target} could not be seen`);
    if (phase !== 'act') return allow('no-regression', 'health before the change is known');
    if (baseline === null) return refuse('no-regression', 'the health before the change was not captured');
    // Its own backend is what the plan changes: min-healthy and the verification judge that one.
    const own = new Set(plan.effects.flatMap(({ subject }) => backendOf(subject, Object.keys(baseline.serving ?? {}))));
    const worse = worseThan(baseline, now, own);
    return worse.length > 0 ? refuse('no-regression', worse.slice(0, 3).join('; ')) : allow('no-regression', 'nothing got worse');
  },
};

function backendOf(subject: string, backends: readonly string[]): readonly string[] {
  return backends.filter((backend) => subject === backend || subject.startsWith(`${backend}/`));
}
