import type { Kysely } from 'kysely';
import type { HistoryAnswer } from '../../../respond/diagnosis/questions.ts';
import type { ProxyChange, ProxyHistoryStore } from '../../../respond/incidents/proxy-history-store.ts';
import { documentOf } from './documents.ts';
import type { Tables } from './tables.ts';

const changesMax = 1000;

export function proxyHistoryStore(db: Kysely<Tables>): ProxyHistoryStore {
  return {
    append: (target, changes, atMs) =>
      db.transaction().execute(async (trx) => {
        const seen = trx.insertInto('proxy_seen').values({ target, since: atMs });
        await seen.onConflict((conflict) => conflict.column('target').doNothing()).execute();
        for (const change of changes) {
          await trx
            .insertInto('proxy_change')
            .values({ target, at: instantOf(change), document: JSON.stringify(change) })
            .execute();
        }
      }),
    read: (target) => read(db, target),
    forgetBefore: async (atMs) => {
      const { numDeletedRows } = await db.deleteFrom('proxy_change').where('at', '<', atMs).executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}

function instantOf(change: ProxyChange): number {
  return change.kind === 'removed' ? change.removed.at : change.at;
}

async function read(db: Kysely<Tables>, target: string): Promise<HistoryAnswer | null> {
  const seen = await db.selectFrom('proxy_seen').select('since').where('target', '=', target).executeTakeFirst();
  if (seen === undefined) return null;
  const select = db.selectFrom('proxy_change').select('document').where('target', '=', target);
  const rows = await select.orderBy('id', 'desc').limit(changesMax).execute();
  return answerOf(
    seen.since,
    rows.reverse().map((row) => documentOf<ProxyChange>(row.document)),
  );
}

function answerOf(since: number, changes: readonly ProxyChange[]): HistoryAnswer {
  return {
    since,
    addressChanges: changes.flatMap((change) => (change.kind === 'address' ? [without(change)] : [])),
    configChanges: changes.flatMap((change) => (change.kind === 'config' ? [without(change)] : [])),
    reloads: changes.flatMap((change) => (change.kind === 'reload' ? [without(change)] : [])),
    removed: changes.flatMap((change) => (change.kind === 'removed' ? [change.removed] : [])),
  };
}

function without<T extends { readonly kind: string }>(change: T): Omit<T, 'kind'> {
  const { kind: _, ...rest } = change;
  return rest;
}
