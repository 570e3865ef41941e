import type { Clock } from '../../base/clock.ts';
import type { Alert } from '../../model/alert.ts';
import type { Diagnosis } from '../../model/diagnosis.ts';
import type { Incident, IncidentAlert, IncidentState, StepTick, TimelineKind } from '../../model/incident.ts';
import type { IncidentStore, NewTimelineEntry } from './incident-store.ts';
import { explainsBackends, type PlacedAlert, placeAlert } from './place-alert.ts';

export interface DeskParts {
  readonly store: IncidentStore;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Address of an incident's page, for annotations and messages. */
  readonly urlOf: (incident: string) => string;
}

/** What receiving an alert did. `worth-diagnosing`: it opened an incident, or says something the diagnosis does not explain. */
export interface Received {
  readonly incident: Incident;
  readonly worthDiagnosing: boolean;
}

export const machine = 'proxymedic';
const openPageMax = 500;
const conflictsMax = 20;

/** Opens, joins, absorbs and resolves incidents. Every change and its timeline entry are one durable write. */
export class IncidentDesk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  async open(): Promise<readonly Incident[]> {
    const page = await this.#parts.store.list({ states: ['open', 'mitigating', 'verifying'], limit: openPageMax });
    return page.incidents;
  }

  /** A firing alert: joins the incident it belongs to, or opens one. The same alert again changes nothing. */
  async receive(alert: Alert, placed: PlacedAlert): Promise<Received> {
    const placement = placeAlert(placed, await this.open(), this.#parts.clock.now());
    if (placement.kind === 'open') return { incident: await this.#create(alert, placed, placement.backend), worthDiagnosing: true };
    const known = placement.incident.alerts.find((candidate) => candidate.fingerprint === alert.fingerprint);
    if (known?.state === 'firing') return { incident: placement.incident, worthDiagnosing: false };
    const joined = await this.change(placement.incident.id, (incident) => ({
      incident: {
        ...incident,
        alerts: [...incident.alerts.filter((other) => other.fingerprint !== alert.fingerprint), this.#joining(alert, incident)],
        severity: worse(incident.severity, alert.labels['severity']),
      },
      entries: [this.entry('alert', `${alert.name} is firing, too`, { fingerprint: alert.fingerprint, labels: alert.labels })],
    }));
    const unexplained = placement.incident.verdict !== null && placement.incident.verdict !== 'cause-found';
    return { incident: joined ?? placement.incident, worthDiagnosing: joined !== null && (unexplained || known === undefined) };
  }

  /** What is already known goes out with an alert that fires, too, or fires again. */
  #joining(alert: Alert, { id, diagnosis }: Incident): IncidentAlert {
    const joining = toIncidentAlert(alert);
    return diagnosis === null ? joining : { ...joining, annotations: { ...joining.annotations, ...this.#findings(id, diagnosis) } };
  }

  #findings(id: string, diagnosis: Diagnosis): Readonly<Record<string, string>> {
    return {
      diagnosis: describeVerdict(diagnosis),
      cause: diagnosis.causes.map((cause) => cause.id).join(', '),
      incident_url: this.#parts.urlOf(id),
    };
  }

  async #create(alert: Alert, placed: PlacedAlert, backend: string | null): Promise<Incident> {
    const { store, clock, newId } = this.#parts;
    const now = clock.now();
    const title = `${placed.backend ?? 'the proxy'} on ${placed.target}: ${alert.annotations['summary'] ?? alert.name}`;
    const incident: Omit<Incident, 'version'> = {
      id: newId(),
      state: 'open',
      title: title.slice(0, 300),
      severity: alert.labels['severity'] ?? 'none',
      target: placed.target,
      backend,
      alerts: [toIncidentAlert(alert)],
      verdict: null,
      diagnosis: null,
      openedAt: now,
      resolvedAt: null,
      acknowledgedBy: null,
      ticks: [],
    };
    return await store.create(incident, [
      this.entry('opened', `${alert.name} is firing`, {
        alert: alert.name,
        labels: alert.labels,
        value: alert.value,
        startsAt: alert.startsAt,
        source: alert.source,
      }),
    ]);
  }

  /** An alert stopped. That alone resolves nothing: the caller has to look whether the service recovered. */
  async alertStopped(fingerprint: string, at: number): Promise<readonly Incident[]> {
    const changed: Incident[] = [];
    for (const incident of await this.open()) {
      if (!incident.alerts.some((alert) => alert.fingerprint === fingerprint && alert.state === 'firing')) continue;
      const next = await this.change(incident.id, (current) => ({
        incident: {
          ...current,
          alerts: current.alerts.map((alert) => (alert.fingerprint === fingerprint ? { ...alert, state: 'resolved', endsAt: at } : alert)),
        },
        entries: [
          this.entry('alert', `${current.alerts.find((alert) => alert.fingerprint === fingerprint)?.name ?? 'the alert'} stopped firing`, {
            fingerprint,
          }),
        ],
      }));
      if (next !== null) changed.push(next);
    }
    return changed;
  }

  /** Writes the diagnosis, a timeline entry when its verdict or causes are new, and the findings into the alerts' annotations. */
  async diagnosed(id: string, diagnosis: Diagnosis): Promise<Incident | null> {
    return await this.change(id, (incident) => {
      const said = describeVerdict(diagnosis);
      const same = incident.diagnosis !== null && describeVerdict(incident.diagnosis) === said;
      const annotations = this.#findings(id, diagnosis);
      return {
        incident: {
          ...incident,
          verdict: diagnosis.verdict,
          diagnosis,
          title: titleOf(incident, diagnosis),
          alerts: incident.alerts.map((alert) => ({ ...alert, annotations: { ...alert.annotations, ...annotations } })),
        },
        entries: same
          ? []
          : [this.entry('diagnosis', said, { verdict: diagnosis.verdict, causes: diagnosis.causes, durationMs: diagnosis.durationMs })],
      };
    });
  }

  /** The target's own cause explains what its backends complain of: their incidents end in this one. */
  async absorbBackends(id: string): Promise<readonly Incident[]> {
    const incident = await this.#parts.store.get(id);
    if (incident === null || !explainsBackends(incident)) return [];
    const absorbed = (await this.open()).filter((other) => other.target === incident.target && other.backend !== null);
    for (const other of absorbed) {
      await this.resolve(other.id, `explained by incident ${id}: ${incident.title}`, machine, { absorbedBy: id });
      await this.change(id, (current) => ({
        incident: {
          ...current,
          alerts: [
            ...current.alerts,
            ...other.alerts.filter((alert) => !current.alerts.some((mine) => mine.fingerprint === alert.fingerprint)),
          ],
        },
        entries: [this.entry('alert', `absorbed incident ${other.id} (${other.title})`, { incident: other.id })],
      }));
    }
    return absorbed;
  }

  async resolve(id: string, why: string, actor: string, data: Readonly<Record<string, unknown>> = {}): Promise<Incident | null> {
    const at = this.#parts.clock.now();
    return await this.change(id, (incident) =>
      incident.state === 'resolved'
        ? null
        : { incident: { ...incident, state: 'resolved', resolvedAt: at }, entries: [this.entry('resolved', why, data, actor)] },
    );
  }

  async setState(id: string, state: Exclude<IncidentState, 'resolved'>): Promise<Incident | null> {
    return await this.change(id, (incident) =>
      incident.state === state || incident.state === 'resolved' ? null : { incident: { ...incident, state }, entries: [] },
    );
  }

  async acknowledge(id: string, actor: string, note: string): Promise<Incident | null> {
    return await this.change(id, (incident) => ({
      incident: { ...incident, acknowledgedBy: actor },
      entries: [this.entry('note', note === '' ? 'acknowledged' : `acknowledged: ${note}`, {}, actor)],
    }));
  }

  async tick(id: string, tick: StepTick): Promise<Incident | null> {
    return await this.change(id, (incident) => ({
      incident: { ...incident, ticks: [...incident.ticks.filter((other) => other.step !== tick.step), tick] },
      entries: [
        this.entry(
          'note',
          `${tick.step} ${tick.done ? 'done by hand' : 'no longer ticked'}${tick.note === '' ? '' : `: ${tick.note}`}`,
          { step: tick.step },
          tick.actor,
        ),
      ],
    }));
  }

  async note(
    id: string,
    kind: TimelineKind,
    summary: string,
    data: Readonly<Record<string, unknown>> = {},
    actor = machine,
  ): Promise<void> {
    await this.#parts.store.append(id, this.entry(kind, summary, data, actor));
  }

  entry(kind: TimelineKind, summary: string, data: Readonly<Record<string, unknown>> = {}, actor = machine): NewTimelineEntry {
    return { at: this.#parts.clock.now(), kind, summary: summary.slice(0, 1_000), actor, data };
  }

  /** Reads, changes and writes; again when somebody was faster. null: no such incident, or nothing to change. */
  async change(
    id: string,
    edit: (incident: Incident) => { readonly incident: Incident; readonly entries: readonly NewTimelineEntry[] } | null,
  ): Promise<Incident | null> {
    for (let attempt = 0; attempt < conflictsMax; attempt += 1) {
      const current = await this.#parts.store.get(id);
      const edited = current === null ? null : edit(current);
      if (edited === null) return null;
      const written = await this.#parts.store.update(edited.incident, edited.entries);
      if (written !== 'conflict') return written;
    }
    throw new Error(`incident ${id} changed ${conflictsMax} times while it was being written`);
  }
}

function toIncidentAlert(alert: Alert): IncidentAlert {
  const { fingerprint, name, labels, annotations, source, startsAt } = alert;
  return { fingerprint, name, labels, annotations, source, startsAt, state: 'firing', endsAt: null };
}

const severities = ['none', 'info', 'warning', 'critical'];

function worse(a: string, b: string | undefined): string {
  return b !== undefined && severities.indexOf(b) > severities.indexOf(a) ? b : a;
}

function titleOf(incident: Incident, diagnosis: Diagnosis): string {
  const cause = diagnosis.causes[0];
  if (cause === undefined) return incident.title;
  const where =
    cause.subjects.length > 3
      ? `${cause.subjects.slice(0, 3).join(', ')} and ${cause.subjects.length - 3} more`
      : cause.subjects.join(', ');
  const more =
    diagnosis.causes.length > 1
      ? `, and ${diagnosis.causes
          .slice(1)
          .map((other) => other.id)
          .join(', ')}`
      : '';
  return `${incident.backend ?? 'the proxy'} on ${incident.target}: ${cause.id} (${where})${more}`.slice(0, 300);
}

/** The verdict in one sentence, for timelines, annotations and messages. */
export function describeVerdict(diagnosis: Diagnosis): string {
  if (diagnosis.verdict === 'cause-found') {
    const causes = diagnosis.causes.map(
      (cause) => `${cause.id}: ${cause.subjects.slice(0, 8).join(', ')}${cause.subjects.length > 8 ? ' …' : ''}`,
    );
    return `Cause found: ${causes.join('; ')}.`;
  }
  if (diagnosis.verdict === 'no-fault-found') return 'No fault found: everything that was looked at is healthy.';
  const unknown = diagnosis.evidence.filter((evidence) => evidence.finding === 'unknown').length;
  return `Undetermined: what could be seen does not decide${unknown === 0 ? '' : ` (${unknown} checks could not look)`}.`;
}
