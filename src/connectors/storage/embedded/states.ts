import type { Kysely } from 'kysely';
import type { StateStore } from '../../../respond/incidents/state-store.ts';
import { documentOf } from './documents.ts';
import type { Tables } from './tables.ts';

export function stateStore(db: Kysely<Tables>): StateStore {
  return {
    get: async (key) => {
      const row = await db.selectFrom('state').selectAll().where('key', '=', key).executeTakeFirst();
      return row === undefined ? null : { value: documentOf<unknown>(row.value), version: row.version, updatedAt: row.updated_at };
    },
    put: (key, value, atMs, expected = null) => put(db, key, value, atMs, expected),
    putAll: (entries, atMs) =>
      db.transaction().execute(async (trx) => {
        for (const [key, value] of entries) await put(trx, key, value, atMs, null);
      }),
    list: async (prefix) => {
      const from = db.selectFrom('state').selectAll().where('key', '>=', prefix);
      // U+10FFFF sorts after every text that starts with the prefix, and unlike LIKE this uses the index.
      const rows = await from.where('key', '<', `${prefix}\u{10FFFF}`).orderBy('key').execute();
      return rows.map((row) => ({ key: row.key, value: documentOf<unknown>(row.value), version: row.version, updatedAt: row.updated_at }));
    },
    remove: async (key) => {
      await db.deleteFrom('state').where('key', '=', key).execute();
    },
  };
}

async function put(db: Kysely<Tables>, key: string, value: unknown, atMs: number, expected: number | null): Promise<number | 'conflict'> {
  const text = JSON.stringify(value);
  if (text === undefined) throw new RangeError(`state ${key} must be JSON, not ${typeof value}`);
  const insert = db.insertInto('state').values({ key, value: text, version: 1, updated_at: atMs });
  if (expected === 0) {
    const { numInsertedOrUpdatedRows } = await insert.onConflict((conflict) => conflict.column('key').doNothing()).executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n ? 1 : 'conflict';
  }
  const changes = { value: text, updated_at: atMs };
  if (expected === null) {
    const upsert = insert.onConflict((conflict) =>
      conflict.column('key').doUpdateSet((eb) => ({ ...changes, version: eb('state.version', '+', 1) })),
    );
    return (await upsert.returning('version').executeTakeFirstOrThrow()).version;
  }
  const update = db
    .updateTable('state')
    .set({ ...changes, version: expected + 1 })
    .where('key', '=', key);
  const { numUpdatedRows } = await update.where('version', '=', expected).executeTakeFirst();
  return numUpdatedRows === 1n ? expected + 1 : 'conflict';
}
