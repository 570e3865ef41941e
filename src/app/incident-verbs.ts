import type { Clock } from '../base/clock.ts';
import type { Store } from '../connectors/storage/embedded/open-store.ts';
import type { IncidentVerbs, IncidentView, SeriesView } from '../interfaces/verbs.ts';
import type { Incident, IncidentState } from '../model/incident.ts';
import type { Plan } from '../model/plan.ts';
import type { IncidentDesk } from '../respond/incidents/incident-desk.ts';
import { renderReport } from '../respond/incidents/report.ts';
import type { Response } from '../respond/response.ts';
import type { LoadedRunbooks } from '../respond/runbooks/load-runbooks.ts';
import { headlineOf } from './headline.ts';
import { planView } from './plan-view.ts';

export interface IncidentVerbsParts {
  readonly store: Store;
  readonly desk: IncidentDesk;
  readonly response: Response;
  readonly clock: Clock;
  runbooks(): LoadedRunbooks;
  seriesOf(incident: Incident, evidence: string): Promise<SeriesView | null>;
  /** Ids of the evidence with samples behind it. */
  plottedOf(incident: Incident): readonly string[];
}

const unresolved: readonly IncidentState[] = ['open', 'mitigating', 'verifying'];
/** So many open incidents are a catastrophe; who waits among the rest is not counted. */
const openMax = 500;

/** What people do with incidents. */
export function createIncidentVerbs(parts: IncidentVerbsParts): IncidentVerbs {
  const { store, desk, response, clock } = parts;
  const view = async (incident: Incident): Promise<IncidentView> => viewOf(incident, await store.plans.ofIncident(incident.id));
  return {
    async list({ waits, ...query }) {
      const waiting = await waitingIncidents(store, query.text);
      const page = waits === true ? null : await store.incidents.list(query);
      const { counts } = page ?? (await store.incidents.list({ ...query, cursor: null, limit: 1 }));
      const incidents = page?.incidents ?? waiting.slice(0, query.limit);
      return {
        incidents: await Promise.all(incidents.map(view)),
        next: page?.next ?? null,
        total: page?.total ?? waiting.length,
        counts: countsByFilter(counts, waiting.length),
      };
    },
    async get(id) {
      const incident = await store.incidents.get(id);
      return incident === null ? null : { ...(await view(incident)), plotted: parts.plottedOf(incident) };
    },
    timeline: async (id) => await store.incidents.timeline(id),
    async plans(id) {
      if ((await store.incidents.get(id)) === null) return null;
      const plans = await store.plans.ofIncident(id);
      return await Promise.all(plans.map(async (plan) => planView(plan, await store.journal.ofPlan(plan.id), plans)));
    },
    async report(id) {
      const incident = await store.incidents.get(id);
      if (incident === null) return null;
      const [timeline, plans] = await Promise.all([store.incidents.timeline(id), store.plans.ofIncident(id)]);
      const effects = new Map(
        plans.flatMap((plan) => (response.effectOf(plan.id) === null ? [] : [[plan.id, response.effectOf(plan.id)] as const])),
      );
      return renderReport({
        incident,
        timeline,
        plans,
        effects: new Map([...effects].flatMap(([plan, effect]) => (effect === null ? [] : [[plan, effect] as const]))),
      });
    },
    async steps(id) {
      const incident = await store.incidents.get(id);
      if (incident === null) return null;
      const page = parts.runbooks().pages.find((candidate) => candidate.title === incident.diagnosis?.runbook) ?? null;
      const plans = await store.plans.ofIncident(id);
      const steps = (incident.diagnosis?.steps ?? []).map((step) => ({
        ...step,
        tick: incident.ticks.find((tick) => tick.step === step.id) ?? null,
        plans: plans.filter((plan) => plan.step === step.id).map((plan) => ({ id: plan.id, state: plan.state })),
        when: Object.fromEntries((page?.steps.find(({ id }) => id === step.id)?.actions ?? []).map((action) => [action.id, action.when])),
      }));
      return { runbook: page === null ? null : { title: page.title, hash: page.hash ?? '' }, steps };
    },
    async tick(id, tick, actor) {
      const incident = await store.incidents.get(id);
      if (incident === null) return null;
      if (!incident.diagnosis?.steps.some((step) => step.id === tick.step)) return 'unknown-step';
      return await desk.tick(id, { ...tick, actor, at: clock.now() });
    },
    acknowledge: (id, actor, note) => desk.acknowledge(id, actor, note),
    async note(id, actor, text) {
      if ((await store.incidents.get(id)) === null) return false;
      await desk.note(id, 'note', text, {}, actor);
      return true;
    },
    lookAgain: (id) => response.lookAgain(id),
    async resolve(id, actor, reason, evenIfFiring) {
      const incident = await store.incidents.get(id);
      if (incident === null) return null;
      if (!evenIfFiring && incident.alerts.some((alert) => alert.state === 'firing')) return 'still-firing';
      return (await desk.resolve(id, `resolved by hand: ${reason}`, actor)) ?? incident;
    },
    async series(id, evidence) {
      const incident = await store.incidents.get(id);
      return incident === null ? null : await parts.seriesOf(incident, evidence);
    },
    lastSeq: () => store.incidents.lastSeq(),
    since: (seq, limit) => store.incidents.since(seq, limit),
    watch: (listener) => store.incidents.watch(listener),
  };
}

function viewOf(incident: Incident, plans: readonly Plan[]): IncidentView {
  const startedAt = Math.min(...incident.alerts.map((alert) => alert.startsAt), incident.openedAt);
  return {
    ...incident,
    headline: headlineOf(incident),
    waitingFor: waitingFor(incident, plans),
    detectedAfterMs: Math.max(0, incident.openedAt - startedAt),
  };
}

/** Totals as the filters of the list count: `open` is whatever is not resolved. */
export function countsByFilter(byState: Readonly<Record<IncidentState, number>>, waits: number): Readonly<Record<string, number>> {
  return { ...byState, open: unresolved.reduce((sum, state) => sum + byState[state], 0), waits };
}

/** Open incidents that wait for a person, newest first. */
export async function waitingIncidents(store: Store, text?: string): Promise<readonly Incident[]> {
  const [open, proposed] = await Promise.all([
    store.incidents.list({ states: unresolved, ...(text === undefined ? {} : { text }), limit: openMax }),
    store.plans.inStates(['proposed']),
  ]);
  return open.incidents.filter((incident) => {
    const waits = waitingFor(
      incident,
      proposed.filter((plan) => plan.incident === incident.id),
    );
    return waits === 'approval' || waits === 'person';
  });
}

function waitingFor(incident: Incident, plans: readonly Plan[]): IncidentView['waitingFor'] {
  if (incident.state === 'resolved') return null;
  if (incident.state === 'verifying') return 'verification';
  if (plans.some((plan) => plan.state === 'proposed' && plan.guards.every((guard) => guard.allow))) return 'approval';
  return incident.state === 'open' && incident.verdict !== null ? 'person' : null;
}
