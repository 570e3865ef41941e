import { type Kysely, type SelectQueryBuilder, sql, type Transaction } from 'kysely';
import type { Incident, IncidentState, TimelineEntry } from '../../../model/incident.ts';
import {
  BadCursor,
  type IncidentEvent,
  type IncidentPage,
  type IncidentQuery,
  type IncidentStore,
  type NewTimelineEntry,
} from '../../../respond/incidents/incident-store.ts';
import { documentOf } from './documents.ts';
import type { Tables } from './tables.ts';
import type { TimelineFeed } from './timeline-feed.ts';

const timelineMax = 5000;

export function incidentStore(db: Kysely<Tables>, feed: TimelineFeed): IncidentStore {
  return {
    create: (incident, entries) => create(feed, incident, entries),
    update: (incident, entries) => update(feed, incident, entries),
    get: async (id) => {
      const row = await db.selectFrom('incident').select('document').where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : documentOf<Incident>(row.document);
    },
    list: (query) => list(db, query),
    append: async (incident, entry) => {
      const [stored] = await feed.write((trx) => appendEntries(trx, incident, [entry]));
      if (stored === undefined) throw new RangeError('an append wrote nothing');
      return stored.entry;
    },
    timeline: (incident, limit = timelineMax) => timeline(db, incident, limit),
    since: (seq, limit) => since(db, seq, limit),
    lastSeq: async () => {
      const row = await db.selectFrom('timeline').select(sql<number | null>`max(seq)`.as('seq')).executeTakeFirst();
      return row?.seq ?? 0;
    },
    watch: (listener) => feed.watch(listener),
  };
}

async function create(feed: TimelineFeed, given: Omit<Incident, 'version'>, entries: readonly NewTimelineEntry[]): Promise<Incident> {
  const incident: Incident = { ...given, version: 1 };
  await feed.write(async (trx) => {
    await trx
      .insertInto('incident')
      .values({ id: incident.id, opened_at: incident.openedAt, ...columnsOf(incident) })
      .execute();
    return appendEntries(trx, incident.id, entries);
  });
  return incident;
}

async function update(feed: TimelineFeed, given: Incident, entries: readonly NewTimelineEntry[]): Promise<Incident | 'conflict'> {
  const incident: Incident = { ...given, version: given.version + 1 };
  let conflict = false;
  await feed.write(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('incident')
      .set(columnsOf(incident))
      .where('id', '=', given.id)
      .where('version', '=', given.version)
      .executeTakeFirst();
    conflict = numUpdatedRows === 0n;
    return conflict ? [] : appendEntries(trx, incident.id, entries);
  });
  return conflict ? 'conflict' : incident;
}

function columnsOf(incident: Incident) {
  return {
    state: incident.state,
    target: incident.target,
    words: `${incident.title}\n${incident.target}\n${incident.backend ?? ''}`.toLowerCase(),
    version: incident.version,
    document: JSON.stringify(incident),
  };
}

/** Writes entries within a transaction; whoever opened it tells the listeners after the commit. */
export async function appendEntries(
  trx: Transaction<Tables>,
  incident: string,
  entries: readonly NewTimelineEntry[],
): Promise<IncidentEvent[]> {
  const events: IncidentEvent[] = [];
  for (const entry of entries) {
    const { seq } = await trx
      .insertInto('timeline')
      .values({ incident, at: entry.at, kind: entry.kind, summary: entry.summary, actor: entry.actor, data: JSON.stringify(entry.data) })
      .returning('seq')
      .executeTakeFirstOrThrow();
    events.push({ incident, entry: { ...entry, seq } });
  }
  return events;
}

const entryColumns = ['seq', 'incident', 'at', 'kind', 'summary', 'actor', 'data'] as const;

async function timeline(db: Kysely<Tables>, incident: string, limit: number): Promise<readonly TimelineEntry[]> {
  const query = db.selectFrom('timeline').select(entryColumns).where('incident', '=', incident);
  const rows = await query.orderBy('seq', 'desc').limit(limit).execute();
  return rows.reverse().map(entryOf);
}

async function since(db: Kysely<Tables>, seq: number, limit: number): Promise<readonly IncidentEvent[]> {
  const rows = await db.selectFrom('timeline').select(entryColumns).where('seq', '>', seq).orderBy('seq').limit(limit).execute();
  return rows.map((row) => ({ incident: row.incident, entry: entryOf(row) }));
}

interface EntryRow {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly summary: string;
  readonly actor: string;
  readonly data: string;
}

function entryOf(row: EntryRow): TimelineEntry {
  const kind = row.kind as TimelineEntry['kind'];
  return { seq: row.seq, at: row.at, kind, summary: row.summary, actor: row.actor, data: documentOf(row.data) };
}

async function list(db: Kysely<Tables>, query: IncidentQuery): Promise<IncidentPage> {
  const limit = Math.min(Math.max(1, Math.trunc(query.limit)), 500);
  const after = query.cursor == null ? null : readCursor(query.cursor);
  return db.transaction().execute(async (trx) => {
    let page = filtered(trx, query).select(['id', 'opened_at', 'document']);
    if (query.states !== undefined) page = page.where('state', 'in', [...query.states]);
    if (after !== null) page = page.where(sql<boolean>`(opened_at, id) < (${after.openedAt}, ${after.id})`);
    const rows = await page
      .orderBy('opened_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    const counts = await countsOf(trx, query);
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return {
      incidents: rows.slice(0, limit).map((row) => documentOf<Incident>(row.document)),
      next: last === undefined ? null : writeCursor(last.opened_at, last.id),
      total: (query.states ?? allStates).reduce((sum, state) => sum + counts[state], 0),
      counts,
    };
  });
}

const allStates: readonly IncidentState[] = ['open', 'mitigating', 'verifying', 'resolved'];

type IncidentSelect = SelectQueryBuilder<Tables, 'incident', object>;

function filtered(trx: Transaction<Tables>, query: IncidentQuery): IncidentSelect {
  let select: IncidentSelect = trx.selectFrom('incident');
  if (query.target !== undefined) select = select.where('target', '=', query.target);
  const text = query.text?.slice(0, 200).toLowerCase();
  if (text) select = select.where(sql<boolean>`words like ${`%${text.replace(/[\\%_]/g, '\\$&')}%`} escape '\\'`);
  return select;
}

async function countsOf(trx: Transaction<Tables>, query: IncidentQuery): Promise<Record<IncidentState, number>> {
  const rows = await filtered(trx, query)
    .select(['state', sql<number>`count(*)`.as('count')])
    .groupBy('state')
    .execute();
  const byState = new Map(rows.map((row) => [row.state, row.count]));
  const count = (state: IncidentState) => byState.get(state) ?? 0;
  return { open: count('open'), mitigating: count('mitigating'), verifying: count('verifying'), resolved: count('resolved') };
}

function writeCursor(openedAt: number, id: string): string {
  return Buffer.from(JSON.stringify([openedAt, id])).toString('base64url');
}

function readCursor(cursor: string): { readonly openedAt: number; readonly id: string } {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor.slice(0, 400), 'base64url').toString('utf8'));
    if (Array.isArray(read) && typeof read[0] === 'number' && typeof read[1] === 'string') return { openedAt: read[0], id: read[1] };
  } catch {
    // Falls through: whatever it is, it is not ours.
  }
  throw new BadCursor(cursor);
}
