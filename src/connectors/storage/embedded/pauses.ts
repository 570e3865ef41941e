import type { Kysely } from 'kysely';
import type { PauseStore } from '../../../respond/mitigation/pause-store.ts';
import { appendAudit } from './audit.ts';
import type { Tables } from './tables.ts';

export function pauseStore(db: Kysely<Tables>): PauseStore {
  return {
    add: (pause, audit) =>
      db.transaction().execute(async (trx) => {
        await trx
          .insertInto('pause')
          .values({ ...pause, ended_at: null })
          .execute();
        await appendAudit(trx, audit);
      }),
    end: (id, atMs, audit) =>
      db.transaction().execute(async (trx) => {
        const running = trx.updateTable('pause').set({ ended_at: atMs }).where('id', '=', id).where('ended_at', 'is', null);
        const { numUpdatedRows } = await running.executeTakeFirst();
        if (numUpdatedRows === 0n) return 'unknown';
        await appendAudit(trx, audit);
        return 'ended';
      }),
    active: (nowMs) =>
      db
        .selectFrom('pause')
        .select(['id', 'scope', 'reason', 'actor', 'at', 'until'])
        .where('ended_at', 'is', null)
        .where((eb) => eb.or([eb('until', 'is', null), eb('until', '>', nowMs)]))
        .orderBy('at')
        .execute(),
  };
}
