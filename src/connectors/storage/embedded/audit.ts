import { createHash } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import {
  type AuditEntry,
  type AuditQuery,
  type AuditStore,
  auditText,
  type ChainReport,
  checkChain,
  type NewAuditEntry,
  noHash,
} from '../../../respond/mitigation/audit.ts';
import type { Tables } from './tables.ts';

/** Entries checked per query: the chain may be long, and the process has other things to do in between. */
const verifyBatch = 2000;

export function auditStore(db: Kysely<Tables>): AuditStore {
  let checked: AuditEntry | null = null;
  const verifyFrom = async (start: AuditEntry | null) => {
    const { report, last } = await verify(db, start);
    if (report.ok) checked = last;
    return report;
  };
  return {
    append: (entry) => db.transaction().execute((trx) => appendAudit(trx, entry)),
    list: (query) => list(db, query),
    verify: () => verifyFrom(null),
    check: () => verifyFrom(checked),
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Appends within somebody's transaction: the record and what it records become durable together. */
export async function appendAudit(trx: Transaction<Tables>, entry: NewAuditEntry): Promise<AuditEntry> {
  const last = await trx.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst();
  const seq = (last?.seq ?? 0) + 1;
  const previousHash = last?.hash ?? noHash;
  const hash = sha256(auditText(seq, entry, previousHash));
  const { at, actor, kind, incident, plan, summary } = entry;
  await trx.insertInto('audit').values({ seq, at, actor, kind, incident, plan, summary, hash, previous_hash: previousHash }).execute();
  return { at, actor, kind, incident, plan, summary, seq, hash, previousHash };
}

async function list(db: Kysely<Tables>, query: AuditQuery): Promise<{ entries: readonly AuditEntry[]; total: number }> {
  let select = db.selectFrom('audit');
  if (query.actor !== undefined) select = select.where('actor', '=', query.actor);
  if (query.incident !== undefined) select = select.where('incident', '=', query.incident);
  if (query.plan !== undefined) select = select.where('plan', '=', query.plan);
  const { total } = await select.select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  if (query.before !== undefined) select = select.where('seq', '<', query.before);
  const limit = Math.min(Math.max(1, Math.trunc(query.limit)), 500);
  const rows = await select.selectAll().orderBy('seq', 'desc').limit(limit).execute();
  return { entries: rows.map(entryOf), total };
}

async function verify(db: Kysely<Tables>, start: AuditEntry | null): Promise<{ report: ChainReport; last: AuditEntry | null }> {
  let last = start;
  for (;;) {
    const entries: readonly AuditEntry[] = await entriesAfter(db, last === null ? 0 : last.seq);
    const report = checkChain(entries, last, sha256);
    const newest = entries.at(-1);
    if (!report.ok || newest === undefined) return { report, last };
    last = newest;
  }
}

async function entriesAfter(db: Kysely<Tables>, seq: number): Promise<readonly AuditEntry[]> {
  const rows = await db.selectFrom('audit').selectAll().where('seq', '>', seq).orderBy('seq').limit(verifyBatch).execute();
  return rows.map(entryOf);
}

interface AuditColumns {
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

function entryOf(row: AuditColumns): AuditEntry {
  const { previous_hash: previousHash, kind, ...rest } = row;
  return { ...rest, kind: kind as AuditEntry['kind'], previousHash };
}
