import type { Finding, StepOutcome, Verdict } from '../../../src/model/diagnosis.ts';
import type { IncidentState, TimelineKind } from '../../../src/model/incident.ts';
import { at, readJson, readText, write } from './client.ts';
import { type Plan, quantityOrNull, readPlan } from './plan.ts';
import {
  type Fields,
  fieldsOf,
  instantOrNull,
  labelsOf,
  listOf,
  numberOf,
  numberOrNull,
  textOf,
  textOrNull,
  textsOf,
  wordOf,
  wordOrNumber,
} from './reading.ts';

export type { Finding, StepOutcome, TimelineKind, Verdict };

interface AlertView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'firing' | 'resolved';
  readonly startsAtMs: number | null;
}

export interface CauseView {
  readonly id: string;
  readonly subjects: readonly string[];
  readonly confidence: number | null;
  readonly because: readonly string[];
}

export interface EvidenceView {
  readonly id: string;
  readonly check: string;
  readonly finding: Finding;
  readonly cause: string | null;
  readonly subject: string;
  readonly summary: string;
  readonly facts: Fields;
  readonly observedAtMs: number | null;
  readonly durationMs: number | null;
  readonly fix: string | null;
  /** null: nobody said, so it has to be asked. */
  readonly hasSeries: boolean | null;
}

interface RuledOutView {
  readonly id: string;
  readonly because: readonly string[];
}

interface StepReportView {
  readonly id: string;
  readonly section: string;
  readonly number: string;
  readonly text: string;
  readonly outcome: StepOutcome;
  readonly manual: string | null;
  readonly evidence: readonly string[];
}

export interface DiagnosisView {
  readonly verdict: Verdict;
  readonly runbook: string | null;
  readonly causes: readonly CauseView[];
  readonly ruledOut: readonly RuledOutView[];
  readonly evidence: readonly EvidenceView[];
  readonly steps: readonly StepReportView[];
  readonly durationMs: number | null;
}

export interface TimelineView {
  readonly seq: number | null;
  readonly atMs: number | null;
  readonly kind: TimelineKind;
  readonly summary: string;
  readonly actor: string;
}

export interface HeadlineNumber {
  readonly label: string;
  readonly value: number | string | null;
  readonly unit: string;
  readonly bad: boolean;
}

type WaitingFor = 'approval' | 'person' | 'verification' | null;

/** What a row of the list needs. */
export interface IncidentRow {
  readonly id: string;
  readonly state: IncidentState;
  readonly title: string;
  readonly severity: string;
  readonly target: string;
  readonly alerts: readonly AlertView[];
  readonly verdict: Verdict | null;
  readonly causes: readonly CauseView[];
  readonly openedAtMs: number | null;
  readonly resolvedAtMs: number | null;
  readonly waitingFor: WaitingFor;
  readonly acknowledgedBy: string | null;
  readonly headline: readonly HeadlineNumber[];
  readonly detectedAfterMs: number | null;
  readonly version: number;
}

export interface IncidentPageData extends IncidentRow {
  readonly backend: string | null;
  readonly diagnosis: DiagnosisView | null;
  readonly plans: readonly Plan[];
  readonly timeline: readonly TimelineView[];
}

const incidentStates: readonly IncidentState[] = ['open', 'mitigating', 'verifying', 'resolved'];
const verdicts: readonly Verdict[] = ['cause-found', 'no-fault-found', 'undetermined'];
const timelineKinds: readonly TimelineKind[] = [
  'opened',
  'alert',
  'diagnosis',
  'plan',
  'approval',
  'refusal',
  'action',
  'readback',
  'verification',
  'undo',
  'resolved',
  'note',
];

function readIncidentRow(value: unknown): IncidentRow {
  const it = fieldsOf(value);
  const waiting = it['waitingFor'];
  return {
    id: textOf(it['id']),
    state: wordOf(it['state'], incidentStates, 'open'),
    title: textOf(it['title'], 'Incident without a title'),
    severity: textOf(it['severity'], 'unknown'),
    target: textOf(it['target']),
    alerts: listOf(it['alerts'], readAlert),
    verdict: it['verdict'] === null || it['verdict'] === undefined ? null : wordOf(it['verdict'], verdicts, 'undetermined'),
    causes: listOf(it['causes'], readCause),
    openedAtMs: instantOrNull(it['openedAt']),
    resolvedAtMs: instantOrNull(it['resolvedAt']),
    waitingFor: waiting === 'approval' || waiting === 'person' || waiting === 'verification' ? waiting : null,
    acknowledgedBy: textOrNull(it['ackBy']) ?? textOrNull(it['acknowledgedBy']),
    headline: listOf(it['headline'], readHeadline),
    detectedAfterMs: numberOrNull(it['detectedAfterMs']),
    version: numberOf(it['version'], 0),
  };
}

export function readIncident(value: unknown): IncidentPageData {
  const it = fieldsOf(value);
  return {
    ...readIncidentRow(it),
    backend: textOrNull(it['backend']),
    diagnosis: it['diagnosis'] ? readDiagnosis(it['diagnosis']) : null,
    plans: listOf(it['plans'], readPlan),
    timeline: listOf(it['timeline'], readTimelineEntry),
  };
}

function readAlert(value: unknown): AlertView {
  const it = fieldsOf(value);
  return {
    name: textOf(it['name']),
    labels: labelsOf(it['labels']),
    state: it['state'] === 'resolved' ? 'resolved' : 'firing',
    startsAtMs: instantOrNull(it['startsAt']),
  };
}

function readCause(value: unknown): CauseView {
  const it = fieldsOf(value);
  return {
    id: textOf(it['id']),
    subjects: textsOf(it['subjects']),
    confidence: numberOrNull(it['confidence']),
    because: textsOf(it['because']),
  };
}

function readHeadline(value: unknown): HeadlineNumber {
  const it = fieldsOf(value);
  return { label: textOf(it['label']), value: quantityOrNull(it['value']), unit: textOf(it['unit']), bad: it['bad'] === true };
}

function readDiagnosis(value: unknown): DiagnosisView {
  const it = fieldsOf(value);
  return {
    verdict: wordOf(it['verdict'], verdicts, 'undetermined'),
    runbook: textOrNull(it['runbook']),
    causes: listOf(it['causes'], readCause),
    ruledOut: listOf(it['ruledOut'], (item) => ({ id: textOf(fieldsOf(item)['id']), because: textsOf(fieldsOf(item)['because']) })),
    evidence: listOf(it['evidence'], readEvidence),
    steps: listOf(it['steps'], readStepReport),
    durationMs: numberOrNull(it['durationMs']),
  };
}

function readEvidence(value: unknown): EvidenceView {
  const it = fieldsOf(value);
  return {
    id: textOf(it['id']),
    check: textOf(it['check']),
    // A finding this page does not know must not read as healthy.
    finding: wordOf(it['finding'], ['supports', 'contradicts', 'neutral', 'unknown'], 'unknown'),
    cause: textOrNull(it['cause']),
    subject: textOf(it['subject']),
    summary: textOf(it['summary']),
    facts: fieldsOf(it['facts']),
    observedAtMs: instantOrNull(it['observedAt']),
    durationMs: numberOrNull(it['durationMs']),
    fix: textOrNull(it['fix']),
    hasSeries: typeof it['hasSeries'] === 'boolean' ? it['hasSeries'] : null,
  };
}

function readStepReport(value: unknown): StepReportView {
  const it = fieldsOf(value);
  return {
    id: textOf(it['id']),
    section: textOf(it['section']),
    number: wordOrNumber(it['number']),
    text: textOf(it['text']),
    outcome: wordOf(it['outcome'], ['finding', 'clear', 'unknown', 'offered', 'skipped', 'manual', 'unbound'], 'unknown'),
    manual: textOrNull(it['manual']),
    evidence: textsOf(it['evidence']),
  };
}

export function readTimelineEntry(value: unknown): TimelineView {
  const it = fieldsOf(value);
  return {
    seq: numberOrNull(it['seq']),
    atMs: instantOrNull(it['at']),
    kind: wordOf(it['kind'], timelineKinds, 'note'),
    summary: textOf(it['summary']),
    actor: textOf(it['actor']),
  };
}

export type ListFilter = 'open' | 'waits' | 'resolved';

export interface IncidentList {
  readonly rows: readonly IncidentRow[];
  readonly total: number | null;
  readonly counts: { readonly open: number | null; readonly waits: number | null; readonly resolved: number | null };
}

/** Up to 500 incidents, as the server orders them. `waits` is the part of `open` that needs a person. */
export async function fetchIncidents(filter: ListFilter, query: string, signal?: AbortSignal): Promise<IncidentList> {
  const search = new URLSearchParams({ state: filter, limit: '500' });
  if (query !== '') search.set('q', query);
  const it = fieldsOf(await readJson(`/incidents?${search}`, signal));
  const all = listOf(it['incidents'], readIncidentRow);
  const counts = fieldsOf(it['counts']);
  return {
    rows: filter === 'waits' ? all.filter(needsPerson) : all,
    total: numberOrNull(it['total']),
    counts: {
      open: numberOrNull(counts['open']),
      waits: numberOrNull(counts['waits']),
      resolved: numberOrNull(counts['resolved']),
    },
  };
}

function needsPerson(row: IncidentRow): boolean {
  return row.waitingFor === 'approval' || row.waitingFor === 'person';
}

export async function fetchIncident(id: string, signal?: AbortSignal): Promise<IncidentPageData> {
  return readIncident(await readJson(at`/incidents/${id}`, signal));
}

/** The report as Markdown. It is shown as plain text, never as markup. */
export function fetchReport(id: string, signal?: AbortSignal): Promise<string> {
  return readText(at`/incidents/${id}/report`, signal);
}

export async function acknowledgeIncident(id: string): Promise<void> {
  await write('POST', at`/incidents/${id}/acknowledgement`, { note: '' });
}

export async function addNote(id: string, text: string): Promise<void> {
  await write('POST', at`/incidents/${id}/notes`, { text });
}

export async function diagnoseAgain(id: string): Promise<void> {
  await write('POST', at`/incidents/${id}/diagnosis`, {});
}

/** Ends an incident by hand. The server answers 422 `still-firing` unless `evenIfFiring`. */
export async function resolveIncident(id: string, reason: string, evenIfFiring: boolean): Promise<void> {
  await write('POST', at`/incidents/${id}/resolution`, { reason, evenIfFiring });
}
