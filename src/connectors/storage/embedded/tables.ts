import type { Generated } from 'kysely';

/** The tables as Kysely sees them. Instants are epoch milliseconds, documents are JSON text, booleans are 0 and 1. */
export interface Tables {
  readonly incident: IncidentRow;
  readonly timeline: TimelineRow;
  readonly plan: PlanRow;
  readonly approval: ApprovalRow;
  readonly journal: JournalRow;
  readonly audit: AuditRow;
  readonly pause: PauseRow;
  readonly state: StateRow;
  readonly inbound_alert: InboundAlertRow;
  readonly proxy_seen: { readonly target: string; readonly since: number };
  readonly proxy_change: ProxyChangeRow;
  readonly change: ChangeRow;
  readonly breaker: { readonly scope: string; readonly reason: string; readonly opened_at: number };
  readonly lease: { readonly key: string; readonly owner: string; readonly token: number; readonly expires_at: number };
}

interface IncidentRow {
  readonly id: string;
  readonly state: string;
  readonly target: string;
  /** What a text search looks at, in lower case. */
  readonly words: string;
  readonly opened_at: number;
  readonly version: number;
  readonly document: string;
}

interface TimelineRow {
  readonly seq: Generated<number>;
  readonly incident: string;
  readonly at: number;
  readonly kind: string;
  readonly summary: string;
  readonly actor: string;
  readonly data: string;
}

interface PlanRow {
  readonly id: string;
  readonly incident: string;
  readonly state: string;
  readonly proposed_at: number;
  readonly version: number;
  readonly document: string;
}

interface ApprovalRow {
  readonly id: Generated<number>;
  readonly plan: string;
  readonly actor: string;
  readonly at: number;
  readonly reason: string;
  readonly hash: string;
}

interface JournalRow {
  readonly id: Generated<number>;
  readonly key: string;
  readonly plan: string;
  readonly direction: 'do' | 'undo';
  readonly ordinal: number;
  readonly command: string;
  readonly state: string;
  readonly attempts: number;
  readonly token: number;
  readonly intended_at: number;
  readonly acting_at: number | null;
  readonly ended_at: number | null;
  readonly detail: string | null;
  readonly observed: string | null;
}

interface AuditRow {
  readonly seq: number;
  readonly at: number;
  readonly actor: string;
  readonly kind: string;
  readonly incident: string | null;
  readonly plan: string | null;
  readonly summary: string;
  readonly hash: string;
  readonly previous_hash: string;
}

interface PauseRow {
  readonly id: string;
  readonly scope: string;
  readonly reason: string;
  readonly actor: string;
  readonly at: number;
  readonly until: number | null;
  readonly ended_at: number | null;
}

interface StateRow {
  readonly key: string;
  readonly value: string;
  readonly version: number;
  readonly updated_at: number;
}

interface InboundAlertRow {
  readonly fingerprint: string;
  readonly received_at: number;
  readonly ends_at: number | null;
  readonly document: string;
}

interface ProxyChangeRow {
  readonly id: Generated<number>;
  readonly target: string;
  readonly at: number;
  readonly document: string;
}

interface ChangeRow {
  readonly plan: string;
  readonly action: string;
  readonly target: string;
  readonly backend: string | null;
  readonly runbook: string | null;
  readonly started_at: number;
  readonly approved_by_person: number;
  readonly outcome: string;
}
