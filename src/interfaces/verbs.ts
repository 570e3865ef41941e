import type { Alert } from '../model/alert.ts';
import type { Diagnosis, StepReport } from '../model/diagnosis.ts';
import type { Incident, StepTick, TimelineEntry } from '../model/incident.ts';
import type { Labels } from '../model/labels.ts';
import type { GuardVerdict, Plan, WireCommand } from '../model/plan.ts';
import type { ProxyKind } from '../model/proxy.ts';

/**
 * Everything a route or a command may ask of the running program. `app` implements it; nothing here knows HTTP.
 * A "no" is a value, an unknown id is null; what throws is a bug or an operating failure.
 */
export interface Verbs {
  readonly incidents: IncidentVerbs;
  readonly plans: PlanVerbs;
  readonly alerts: AlertVerbs;
  readonly queries: QueryVerbs;
  readonly pauses: PauseVerbs;
  /** Runs the runbook of an alert now. `unknown-alert`: no rule and no page has that name. `no-target`: it fits none of ours. */
  diagnose(alert: { readonly name: string; readonly labels: Labels }): Promise<Diagnosis | 'unknown-alert' | 'no-target'>;
  targets(): readonly TargetView[];
  /** The last read of a target as a map; null for an unknown target, 'unread' when it could not be read yet. */
  topology(target: string): Promise<TopologyView | 'unread' | null>;
  runbooks(): readonly RunbookView[];
  runbook(title: string): RunbookPageView | null;
  rules(): readonly RuleView[];
  audit(query: {
    readonly actor?: string;
    readonly incident?: string;
    readonly before?: number;
    readonly limit: number;
  }): Promise<AuditView>;
  status(): Promise<StatusView>;
  /** Re-reads the configuration. On errors the old one stays. */
  reload(): Promise<{ readonly ok: true } | { readonly ok: false; readonly errors: readonly string[] }>;
  /** Our own metrics in Prometheus' text format. */
  metrics(): Promise<string>;
  /** Whether the first round of scrapes and rules is done. */
  ready(): boolean;
}

export interface IncidentVerbs {
  list(query: {
    readonly states?: readonly Incident['state'][];
    /** Only those that wait for a person: for an approval, or for work by hand. */
    readonly waits?: boolean;
    readonly text?: string;
    readonly cursor?: string | null;
    readonly limit: number;
  }): Promise<{
    readonly incidents: readonly IncidentView[];
    readonly next: string | null;
    readonly total: number;
    readonly counts: Readonly<Record<string, number>>;
  }>;
  get(id: string): Promise<IncidentView | null>;
  timeline(id: string): Promise<readonly TimelineEntry[]>;
  plans(id: string): Promise<readonly PlanView[] | null>;
  /** Markdown. */
  report(id: string): Promise<string | null>;
  steps(id: string): Promise<{
    readonly runbook: { readonly title: string; readonly hash: string } | null;
    readonly steps: readonly StepView[];
  } | null>;
  tick(id: string, tick: Pick<StepTick, 'step' | 'done' | 'note'>, actor: string): Promise<Incident | 'unknown-step' | null>;
  acknowledge(id: string, actor: string, note: string): Promise<Incident | null>;
  note(id: string, actor: string, text: string): Promise<boolean>;
  lookAgain(id: string): Promise<Incident | null>;
  resolve(id: string, actor: string, reason: string, evenIfFiring: boolean): Promise<Incident | 'still-firing' | null>;
  /** The samples behind a piece of evidence, for its plot; null when there are none. */
  series(id: string, evidence: string): Promise<SeriesView | null>;
  /** Numbers of the newest event and events after one. `watch` calls back for every new one until the returned function is called. */
  lastSeq(): Promise<number>;
  since(seq: number, limit: number): Promise<readonly { readonly incident: string; readonly entry: TimelineEntry }[]>;
  watch(listener: (event: { readonly incident: string; readonly entry: TimelineEntry }) => void): () => void;
}

/** An incident with what only the running program knows about it. */
export interface IncidentView extends Incident {
  readonly headline: readonly { readonly label: string; readonly value: string; readonly unit: string; readonly bad: boolean }[];
  readonly waitingFor: 'approval' | 'person' | 'verification' | null;
  readonly detectedAfterMs: number | null;
  /** Ids of the evidence with samples behind it; absent where nobody looked. */
  readonly plotted?: readonly string[];
}

/** A step with its tick, the plans made from it, and the causes for which each of its actions is offered. */
export interface StepView extends StepReport {
  readonly tick: StepTick | null;
  readonly plans?: readonly Pick<Plan, 'id' | 'state'>[];
  readonly when?: Readonly<Record<string, readonly string[]>>;
}

/** A plan with how far its commands came. */
export interface PlanView extends Plan {
  /** Absent where the journal was not read. */
  readonly progress?: readonly CommandProgress[];
  readonly supersededBy?: string | null;
}

export interface CommandProgress {
  readonly command: WireCommand;
  readonly state: 'waiting' | 'acting' | 'ok' | 'failed' | 'unknown';
  readonly observed: string | null;
}

export interface SeriesView {
  readonly unit: string;
  readonly startAt: number;
  readonly stepMs: number;
  readonly threshold: { readonly op: string; readonly value: number } | null;
  readonly query: string;
  readonly series: readonly {
    readonly name: string;
    readonly role: 'subject' | 'peer' | 'total' | 'baseline';
    readonly values: readonly (number | null)[];
  }[];
  readonly marks: readonly {
    readonly at: number;
    readonly kind: 'alert' | 'change' | 'undo' | 'reload' | 'restart';
    readonly text: string;
  }[];
}

export interface ApprovalAnswer {
  readonly status: number;
  readonly kind: string;
  readonly reason: string | null;
  readonly guards: readonly GuardVerdict[];
  readonly plan: PlanView | null;
}

export interface PlanVerbs {
  get(id: string): Promise<PlanView | null>;
  approve(id: string, request: { readonly planHash: unknown; readonly reason: unknown }, actor: string): Promise<ApprovalAnswer>;
  reject(id: string, actor: string, reason: string): Promise<PlanView | 'conflict' | null>;
  undo(
    id: string,
    actor: string,
    reason: string,
  ): Promise<{ readonly kind: string; readonly reason: string; readonly plan: PlanView | null }>;
  check(id: string): Promise<readonly GuardVerdict[] | null>;
  effect(id: string): Promise<{
    readonly verdict: string;
    readonly until: number | null;
    readonly indicators: readonly Readonly<Record<string, unknown>>[];
  } | null>;
}

export interface AlertVerbs {
  /** All active and recently resolved alerts, ours and inbound, with the findings as annotations. */
  list(): Promise<readonly Alert[]>;
  /** Durable when it settles. */
  receive(alerts: readonly Alert[]): Promise<void>;
  silences(): Promise<readonly SilenceView[]>;
  addSilence(silence: Omit<SilenceView, 'id' | 'updatedAt'> & { readonly id?: string }): Promise<string>;
  expireSilence(id: string): Promise<boolean>;
}

export interface SilenceView {
  readonly id: string;
  readonly matchers: readonly { readonly name: string; readonly value: string; readonly isRegex: boolean; readonly isEqual: boolean }[];
  readonly startsAt: number;
  readonly endsAt: number;
  readonly createdBy: string;
  readonly comment: string;
  readonly updatedAt: number;
}

/** PromQL over our own windows, or over the configured API. A bad query is a value with the message of Prometheus. */
export interface QueryVerbs {
  instant(query: string, atMs: number | null, bounds?: QueryBounds): Promise<QueryAnswer>;
  range(query: string, startMs: number, endMs: number, stepMs: number, bounds?: QueryBounds): Promise<QueryAnswer>;
  /** Series of which one of the selectors speaks, with samples in the span. */
  series(matchers: readonly string[], span?: QuerySpan): Promise<QueryList<Labels> | QueryRefusal>;
  /** Of all series, or of those that one of the selectors names. */
  labelNames(matchers: readonly string[], span?: QuerySpan): Promise<QueryList<string> | QueryRefusal>;
  labelValues(name: string, matchers: readonly string[], span?: QuerySpan): Promise<QueryList<string> | QueryRefusal>;
  /** The expression as Prometheus lays it out. */
  format(query: string): string | QueryRefusal;
  metadata(): Promise<ReadonlyMap<string, readonly MetadataView[]> | QueryRefusal>;
}

export interface QueryBounds {
  /** How far back a selector looks for a sample; 5 minutes unless told otherwise. */
  readonly lookbackMs?: number;
  readonly timeoutMs?: number;
}

/** Instants in ms since the epoch; without them, all that is known. */
export interface QuerySpan {
  readonly startMs?: number;
  readonly endMs?: number;
}

/** What Prometheus calls an error, each with an HTTP status of its own. */
export type QueryErrorType =
  | 'bad_data'
  | 'execution'
  | 'timeout'
  | 'canceled'
  | 'internal'
  | 'unavailable'
  | 'not_found'
  | 'not_acceptable';

export interface QueryRefusal {
  readonly errorType: QueryErrorType;
  readonly error: string;
}

export interface QueryList<T> {
  readonly values: readonly T[];
  readonly warnings: readonly string[];
}

export interface MetadataView {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

export type QueryAnswer =
  | {
      readonly ok: true;
      readonly resultType: 'vector' | 'matrix' | 'scalar' | 'string';
      readonly result: unknown;
      readonly warnings: readonly string[];
      readonly infos: readonly string[];
    }
  | ({ readonly ok: false } & QueryRefusal);

export interface PauseView {
  readonly id: string;
  readonly scope: string;
  readonly reason: string;
  readonly actor: string;
  readonly at: number;
  readonly until: number | null;
}

export interface PauseVerbs {
  active(): Promise<readonly PauseView[]>;
  add(pause: { readonly scope: string; readonly reason: string; readonly until: number | null }, actor: string): Promise<PauseView>;
  end(id: string, actor: string, reason: string): Promise<'ended' | 'unknown'>;
}

export interface TargetView {
  readonly name: string;
  readonly proxy: string;
  readonly url: string;
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastScrapeAt: number | null;
  readonly lastError: string | null;
  readonly labels: Labels;
  readonly intervalMs: number;
  readonly lastDurationMs: number | null;
}

interface Rates {
  /** Requests per second; null where nothing counts them. */
  readonly rps: number | null;
  /** Answers with 5xx among them, 0 to 1; null where nothing counts them or there were no requests. */
  readonly errorShare: number | null;
}

/** A target as a map: ways in, routes, backends, servers. What nobody can see is null. Instants in ms since the epoch. */
export interface TopologyView {
  readonly proxy: ProxyKind;
  readonly version: string | null;
  readonly at: number;
  readonly staleAfterMs: number;
  readonly entries: readonly EntryView[] | null;
  readonly routes: readonly RouteView[] | null;
  readonly backends: readonly BackendView[] | null;
  /** What could not be read, and why. */
  readonly gaps: readonly string[];
}

export interface EntryView extends Rates {
  readonly id: string;
  readonly bind: string;
  readonly state: string;
  readonly connections: number | null;
  readonly limit: number | null;
}

export interface RouteView extends Rates {
  readonly entry: string;
  readonly backend: string | null;
  readonly rule: string;
  readonly middlewares: readonly string[];
  readonly state: string;
}

export interface BackendView extends Rates {
  readonly id: string;
  readonly state: 'up' | 'down' | 'unknown';
  /** Servers that take traffic; null when the health of one of them is unknown. */
  readonly ready: number | null;
  /** How many must stay (`min_healthy`). */
  readonly needed: number;
  readonly queue: number | null;
  /** Id of the open incident about it. */
  readonly incident: string | null;
  readonly servers: readonly ServerView[];
}

export interface ServerView extends Rates {
  readonly id: string;
  readonly address: string | null;
  readonly state: 'up' | 'down' | 'starting' | 'draining' | 'maintenance' | 'no-check' | 'unknown';
  /** A cause that was found names it, or it answers with errors while it counts as up. */
  readonly failing: boolean;
  readonly reason: string | null;
  readonly check: { readonly status: string; readonly at: number | null } | null;
  readonly weight: number | null;
  readonly connections: number | null;
  readonly limit: number | null;
  readonly queue: number | null;
  readonly backup: boolean;
  /** Our own change that is in force. */
  readonly change: {
    readonly plan: string;
    readonly action: string;
    readonly actor: string | null;
    readonly at: number | null;
    readonly liftsAt: null;
  } | null;
  /** A change that is not ours. */
  readonly foreign: { readonly field: string; readonly was: string; readonly at: number | null } | null;
}

export interface RunbookView {
  readonly title: string;
  readonly path: string;
  readonly hash: string;
  readonly aliases: readonly string[];
  readonly steps: number;
  readonly unbound: number;
}

export interface RunbookPageView extends RunbookView {
  readonly rule: { readonly file: string; readonly alert: string } | null;
  readonly items: readonly {
    readonly id: string;
    readonly section: string;
    readonly number: string;
    readonly text: string;
    readonly bound: readonly {
      readonly kind: string;
      readonly id: string;
      readonly when: readonly string[];
      readonly why: string | null;
    }[];
  }[];
  readonly findings: readonly { readonly severity: string; readonly line: number; readonly message: string; readonly fix: string | null }[];
}

export interface RuleView {
  readonly id: string;
  readonly kind: 'alert' | 'record';
  readonly name: string;
  readonly group: string;
  readonly file: string;
  readonly line: number;
  readonly expr: string;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'firing' | 'pending' | 'inactive' | 'error' | 'unknown';
  readonly alerts: readonly RuleAlertView[];
  readonly error: string | null;
  readonly evaluatedAt: number | null;
  readonly durationMs: number | null;
  /** How often its group is evaluated; null: whenever a scrape commits. */
  readonly intervalMs: number | null;
  /** How many alerts or series a rule of its group may have; 0 for any number. */
  readonly groupLimit: number;
  readonly groupDurationMs: number | null;
}

/** An alert of a rule that is pending or fires. `startsAt` is when it began to fire, `activeAt` when it began to pend. */
export interface RuleAlertView extends Alert {
  readonly activeAt: number;
  /** Since when `keep_firing_for` holds it; null: it does not. */
  readonly keptSinceAt: number | null;
}

export interface AuditView {
  readonly entries: readonly {
    readonly seq: number;
    readonly at: number;
    readonly actor: string;
    readonly kind: string;
    readonly incident: string | null;
    readonly plan: string | null;
    readonly summary: string;
    readonly hash: string;
    readonly previousHash: string;
  }[];
  readonly total: number;
  readonly chain: { readonly ok: boolean; readonly through: number };
}

export interface StatusView {
  readonly version: string;
  readonly now: number;
  readonly seq: number;
  readonly mode: string;
  readonly pauses: readonly PauseView[];
  readonly counts: Readonly<Record<string, number>>;
  readonly config: { readonly ok: boolean; readonly path: string; readonly loadedAt: number; readonly error: string | null };
  readonly notices: readonly { readonly code: string; readonly severity: string; readonly text: string }[];
}
