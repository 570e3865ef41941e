import type { Clock } from '../base/clock.ts';
import type { Store } from '../connectors/storage/embedded/open-store.ts';
import type { IncidentVerbs, IncidentView, SeriesView } from '../interfaces/verbs.ts';
import type { Incident } from '../model/incident.ts';
import type { Plan } from '../model/plan.ts';
import type { IncidentDesk } from '../respond/incidents/incident-desk.ts';
import { renderReport } from '../respond/incidents/report.ts';
import type { Response } from '../respond/response.ts';
import type { LoadedRunbooks } from '../respond/runbooks/load-runbooks.ts';

export interface IncidentVerbsParts {
  readonly store: Store;
  readonly desk: IncidentDesk;
  readonly response: Response;
  readonly clock: Clock;
  runbooks(): LoadedRunbooks;
  seriesOf(incident: Incident, evidence: string): Promise<SeriesView | null>;
}

/** What people do with incidents. */
export function createIncidentVerbs(parts: IncidentVerbsParts): IncidentVerbs {
  const { store, desk, response, clock } = parts;
  const view = async (incident: Incident): Promise<IncidentView> => viewOf(incident, await store.plans.ofIncident(incident.id));
  return {
    async list(query) {
      const page = await store.incidents.list(query);
      return { ...page, incidents: await Promise.all(page.incidents.map(view)) };
    },
    async get(id) {
      const incident = await store.incidents.get(id);
      return incident === null ? null : await view(incident);
    },
    timeline: async (id) => await store.incidents.timeline(id),
    async plans(id) {
      return (await store.incidents.get(id)) === null ? null : await store.plans.ofIncident(id);
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
      const steps = (incident.diagnosis?.steps ?? []).map((step) => ({
        ...step,
        tick: incident.ticks.find((tick) => tick.step === step.id) ?? null,
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

function waitingFor(incident: Incident, plans: readonly Plan[]): IncidentView['waitingFor'] {
  if (incident.state === 'resolved') return null;
  if (incident.state === 'verifying') return 'verification';
  if (plans.some((plan) => plan.state === 'proposed' && plan.guards.every((guard) => guard.allow))) return 'approval';
  return incident.state === 'open' && incident.verdict !== null ? 'person' : null;
}

const headlineMax = 4;

/** The few numbers that say how bad it is; chat and report take them from here, too. */
function headlineOf(incident: Incident): IncidentView['headline'] {
  const evidence = incident.diagnosis?.evidence ?? [];
  const numbers: IncidentView['headline'][number][] = [];
  for (const item of evidence) {
    const { facts } = item;
    if (typeof facts['usable'] === 'number' && typeof facts['servers'] === 'number') {
      numbers.push({
        label: 'servers that take traffic',
        value: `${facts['usable']} of ${facts['servers']}`,
        unit: '',
        bad: facts['usable'] < facts['servers'],
      });
    } else if (item.finding === 'supports' && typeof facts['share'] === 'number') {
      numbers.push({ label: item.subject, value: (facts['share'] * 100).toFixed(1), unit: '%', bad: true });
    } else if (typeof facts['requests'] === 'number' && typeof facts['errors'] === 'number' && item.check === 'traffic/volume') {
      numbers.push({ label: 'failed requests', value: `${facts['errors']} of ${facts['requests']}`, unit: '', bad: facts['errors'] > 0 });
    } else if (item.finding === 'supports' && typeof facts['error'] === 'string') {
      numbers.push({ label: item.subject, value: facts['error'], unit: '', bad: true });
    }
  }
  return numbers.slice(0, headlineMax);
}
