import type { PlanVerbs } from '../interfaces/verbs.ts';
import type { TimelineEntry } from '../model/incident.ts';
import type { Verification } from '../respond/mitigation/verification.ts';

type Effect = NonNullable<Awaited<ReturnType<PlanVerbs['effect']>>>;

/** Whether a plan helped: as measured by this process, else as the timeline of its incident remembers it. */
export function planEffect(plan: string, measured: Verification | null, timeline: readonly TimelineEntry[]): Effect {
  const remembered = timeline.findLast((entry) => entry.kind === 'verification' && entry.data['plan'] === plan)?.data;
  const verdict = measured?.verdict ?? remembered?.['verdict'];
  const indicators: unknown = measured?.indicators ?? remembered?.['indicators'];
  return {
    verdict: typeof verdict === 'string' ? verdict : 'waiting',
    until: null,
    indicators: Array.isArray(indicators) ? indicators.filter(isFields).map((indicator) => ({ ...indicator })) : [],
  };
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
