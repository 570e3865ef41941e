import type { Kysely } from 'kysely';
import type { Plan } from '../../../model/plan.ts';
import type { PlanMove, PlanStore } from '../../../respond/mitigation/plan-store.ts';
import { appendAudit } from './audit.ts';
import { documentOf } from './documents.ts';
import { appendEntries } from './incidents.ts';
import type { Tables } from './tables.ts';
import type { TimelineFeed } from './timeline-feed.ts';

export function planStore(db: Kysely<Tables>, feed: TimelineFeed): PlanStore {
  return {
    create: (plan, record) => create(feed, plan, record),
    get: async (id) => {
      const row = await db.selectFrom('plan').select('document').where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : documentOf<Plan>(row.document);
    },
    ofIncident: async (incident) => {
      const select = db.selectFrom('plan').select('document').where('incident', '=', incident);
      const rows = await select.orderBy('proposed_at').orderBy('id').execute();
      return rows.map((row) => documentOf<Plan>(row.document));
    },
    inStates: async (states) => {
      const select = db
        .selectFrom('plan')
        .select('document')
        .where('state', 'in', [...states]);
      const rows = await select.orderBy('proposed_at').orderBy('id').execute();
      return rows.map((row) => documentOf<Plan>(row.document));
    },
    move: (move) => movePlan(feed, move),
    approvals: (plan) =>
      db.selectFrom('approval').select(['plan', 'actor', 'at', 'reason', 'hash']).where('plan', '=', plan).orderBy('id').execute(),
  };
}

async function create(feed: TimelineFeed, given: Plan, record: Parameters<PlanStore['create']>[1]): Promise<Plan> {
  const plan: Plan = { ...given, version: 1 };
  const { id, incident, state, version } = plan;
  await feed.write(async (trx) => {
    const values = { id, incident, state, version, proposed_at: plan.proposedAt, document: JSON.stringify(plan) };
    await trx.insertInto('plan').values(values).execute();
    if (record.audit !== undefined) await appendAudit(trx, record.audit);
    return record.timeline === undefined ? [] : appendEntries(trx, incident, [record.timeline]);
  });
  return plan;
}

async function movePlan(feed: TimelineFeed, move: PlanMove): Promise<Plan | 'conflict'> {
  let moved: Plan | 'conflict' = 'conflict';
  await feed.write(async (trx) => {
    const row = await trx.selectFrom('plan').select('document').where('id', '=', move.id).executeTakeFirst();
    const before = row === undefined ? null : documentOf<Plan>(row.document);
    if (before === null || !move.from.includes(before.state)) return [];
    const plan: Plan = { ...before, ...move.change, state: move.to, version: before.version + 1 };
    const { numUpdatedRows } = await trx
      .updateTable('plan')
      .set({ state: plan.state, version: plan.version, document: JSON.stringify(plan) })
      .where('id', '=', move.id)
      .where('version', '=', before.version)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return [];
    if (move.approval !== undefined)
      await trx
        .insertInto('approval')
        .values({ ...move.approval })
        .execute();
    if (move.audit !== undefined) await appendAudit(trx, move.audit);
    moved = plan;
    return move.timeline === undefined ? [] : appendEntries(trx, plan.incident, [move.timeline]);
  });
  return moved;
}
