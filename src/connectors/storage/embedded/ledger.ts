import type { Kysely, Selectable } from 'kysely';
import type { Change, Lease, LedgerStore } from '../../../respond/mitigation/ledger.ts';
import { appendAudit } from './audit.ts';
import type { Tables } from './tables.ts';

export function ledgerStore(db: Kysely<Tables>): LedgerStore {
  return {
    begin: async ({ startedAt, approvedByPerson, ...change }) => {
      const counted = { started_at: startedAt, approved_by_person: approvedByPerson ? 1 : 0, outcome: 'pending' };
      const insert = db.insertInto('change').values({ ...change, ...counted });
      await insert.onConflict((conflict) => conflict.column('plan').doNothing()).execute();
    },
    settle: async (plan, outcome) => {
      await db.updateTable('change').set({ outcome }).where('plan', '=', plan).execute();
    },
    changesSince: async (atMs) => {
      const rows = await db.selectFrom('change').selectAll().where('started_at', '>', atMs).orderBy('started_at').execute();
      return rows.map(changeOf);
    },
    changesOf: async (action, target, limit) => {
      const select = db.selectFrom('change').selectAll().where('action', '=', action).where('target', '=', target);
      const rows = await select.orderBy('started_at', 'desc').limit(limit).execute();
      return rows.map(changeOf);
    },
    ...breakers(db),
    ...leases(db),
  };
}

function breakers(db: Kysely<Tables>): Pick<LedgerStore, 'openBreaker' | 'closeBreaker' | 'openBreakers'> {
  return {
    openBreaker: (breaker, audit) =>
      db.transaction().execute(async (trx) => {
        const values = { scope: breaker.scope, reason: breaker.reason, opened_at: breaker.openedAt };
        // The first reason stays: it is what a person has to look at.
        await trx
          .insertInto('breaker')
          .values(values)
          .onConflict((conflict) => conflict.column('scope').doNothing())
          .execute();
        await appendAudit(trx, audit);
      }),
    closeBreaker: (scope, audit) =>
      db.transaction().execute(async (trx) => {
        const { numDeletedRows } = await trx.deleteFrom('breaker').where('scope', '=', scope).executeTakeFirst();
        if (numDeletedRows === 0n) return 'unknown';
        await appendAudit(trx, audit);
        return 'closed';
      }),
    openBreakers: async () => {
      const rows = await db.selectFrom('breaker').selectAll().orderBy('opened_at').execute();
      return rows.map((row) => ({ scope: row.scope, reason: row.reason, openedAt: row.opened_at }));
    },
  };
}

function leases(db: Kysely<Tables>): Pick<LedgerStore, 'acquireLease' | 'lease' | 'releaseLease' | 'releaseAllLeases'> {
  return {
    acquireLease: (key, owner, nowMs, forMs) =>
      db.transaction().execute(async (trx) => {
        const row = await trx.selectFrom('lease').selectAll().where('key', '=', key).executeTakeFirst();
        if (row !== undefined && row.owner !== owner && row.expires_at > nowMs) return { heldBy: leaseOf(row) };
        const renewed = row !== undefined && row.owner === owner && row.expires_at > nowMs;
        const token = (row?.token ?? 0) + (renewed ? 0 : 1);
        const values = { owner, token, expires_at: nowMs + forMs };
        const insert = trx.insertInto('lease').values({ key, ...values });
        await insert.onConflict((conflict) => conflict.column('key').doUpdateSet(values)).execute();
        return leaseOf({ key, ...values });
      }),
    lease: async (key) => {
      const row = await db.selectFrom('lease').selectAll().where('key', '=', key).executeTakeFirst();
      return row === undefined ? null : leaseOf(row);
    },
    // The row stays, expired: its token must never be given out again.
    releaseLease: async (key, token) => {
      await db.updateTable('lease').set({ owner: '', expires_at: 0 }).where('key', '=', key).where('token', '=', token).execute();
    },
    releaseAllLeases: async () => {
      await db.updateTable('lease').set({ owner: '', expires_at: 0 }).execute();
    },
  };
}

function leaseOf(row: Selectable<Tables['lease']>): Lease {
  return { key: row.key, owner: row.owner, token: row.token, expiresAt: row.expires_at };
}

function changeOf(row: Selectable<Tables['change']>): Change {
  const { started_at: startedAt, approved_by_person, outcome, ...rest } = row;
  return { ...rest, startedAt, approvedByPerson: approved_by_person === 1, outcome: outcome as Change['outcome'] };
}
