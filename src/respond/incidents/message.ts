import type { Incident, TimelineEntry } from '../../model/incident.ts';

/** What people are told of an incident, whatever carries it. The shape of the webhook's JSON. */
export interface Message {
  readonly incident: {
    readonly id: string;
    readonly title: string;
    readonly state: string;
    readonly severity: string;
    readonly target: string;
    readonly backend: string | null;
  };
  readonly event: { readonly kind: string; readonly summary: string; readonly at: string; readonly actor: string };
  readonly causes: readonly { readonly id: string; readonly subjects: readonly string[]; readonly confidence: number }[];
  /** Page of the incident: where the evidence is, and where a plan is approved. */
  readonly url: string;
}

/** Carries messages to one place. Rejects when it could not; the caller tries again. */
export interface Receiver {
  readonly name: string;
  send(message: Message, signal: AbortSignal): Promise<void>;
}

/** The turns of an incident that people want to hear of; everything else is on its page. */
const told: ReadonlySet<TimelineEntry['kind']> = new Set(['opened', 'diagnosis', 'plan', 'undo', 'resolved']);

/** The message for a timeline entry, or null when it is not worth one. */
export function messageFor(incident: Incident, entry: TimelineEntry, url: string): Message | null {
  if (!told.has(entry.kind)) return null;
  const { id, title, state, severity, target, backend } = incident;
  return {
    incident: { id, title, state, severity, target, backend },
    event: { kind: entry.kind, summary: entry.summary, at: new Date(entry.at).toISOString(), actor: entry.actor },
    causes: (incident.diagnosis?.causes ?? []).map((cause) => ({ id: cause.id, subjects: cause.subjects, confidence: cause.confidence })),
    url,
  };
}
