import type { Incident, IncidentState, TimelineEntry } from '../../model/incident.ts';

/** A timeline entry before the store gave it its number. */
export type NewTimelineEntry = Omit<TimelineEntry, 'seq'>;

/** A timeline entry with the incident it belongs to: one server-sent event. */
export interface IncidentEvent {
  readonly incident: string;
  readonly entry: TimelineEntry;
}

export interface IncidentQuery {
  /** Only these states; undefined: all. */
  readonly states?: readonly IncidentState[];
  readonly target?: string;
  /** Part of title, target or backend, ignoring case; at most 200 characters count. */
  readonly text?: string;
  /** The `next` of the page before; null or undefined: the first page. */
  readonly cursor?: string | null;
  /** 1 to 500. */
  readonly limit: number;
}

export interface IncidentPage {
  /** Newest first. */
  readonly incidents: readonly Incident[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
  /** How many match the query over all pages. */
  readonly total: number;
  /** How many match apart from the state, by state. */
  readonly counts: Readonly<Record<IncidentState, number>>;
}

/** Thrown when a cursor was not made by this store. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor';
  constructor(cursor: string) {
    super(`cursor "${cursor.slice(0, 40)}" was not given out by this server; start again without one`);
  }
}

/** Where incidents and their timelines live. Every method settles after the change is durable. */
export interface IncidentStore {
  /** Stores a new incident (with version 1) and its first entries in one transaction. Rejects when the id exists. */
  create(incident: Omit<Incident, 'version'>, entries: readonly NewTimelineEntry[]): Promise<Incident>;
  /**
   * Replaces the incident if its version is still `incident.version`, and appends the entries in the same
   * transaction. `conflict`: somebody was faster (or it does not exist) and nothing was written.
   */
  update(incident: Incident, entries: readonly NewTimelineEntry[]): Promise<Incident | 'conflict'>;
  get(id: string): Promise<Incident | null>;
  /** Rejects with {@link BadCursor}. */
  list(query: IncidentQuery): Promise<IncidentPage>;
  /** Numbers are strictly increasing over all incidents, also across restarts. Rejects for an unknown incident. */
  append(incident: string, entry: NewTimelineEntry): Promise<TimelineEntry>;
  /** Oldest first; the last `limit` entries (default 5000). */
  timeline(incident: string, limit?: number): Promise<readonly TimelineEntry[]>;
  /** What happened after `seq`, oldest first, at most `limit`. */
  since(seq: number, limit: number): Promise<readonly IncidentEvent[]>;
  /** Number of the newest entry; 0 when there is none. */
  lastSeq(): Promise<number>;
  /** Calls back after each entry is durable, in order of `seq`; the returned function ends it. */
  watch(listener: (event: IncidentEvent) => void): () => void;
}
