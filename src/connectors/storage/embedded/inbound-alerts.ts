import type { Kysely } from 'kysely';
import type { Alert } from '../../../model/alert.ts';
import type { InboundAlertStore } from '../../../respond/incidents/inbound-alert-store.ts';
import { documentOf } from './documents.ts';
import type { Tables } from './tables.ts';

export function inboundAlertStore(db: Kysely<Tables>): InboundAlertStore {
  return {
    upsert: (alerts, receivedAt) =>
      db.transaction().execute(async (trx) => {
        for (const alert of alerts) {
          const changes = { received_at: receivedAt, ends_at: alert.endsAt, document: JSON.stringify(alert) };
          await trx
            .insertInto('inbound_alert')
            .values({ fingerprint: alert.fingerprint, ...changes })
            .onConflict((conflict) => conflict.column('fingerprint').doUpdateSet(changes))
            .execute();
        }
      }),
    all: async () => {
      const select = db.selectFrom('inbound_alert').select(['document', 'received_at']);
      const rows = await select.orderBy('received_at', 'desc').orderBy('fingerprint').execute();
      return rows.map((row) => ({ alert: documentOf<Alert>(row.document), receivedAt: row.received_at }));
    },
    forgetEndedBefore: async (atMs) => {
      const { numDeletedRows } = await db.deleteFrom('inbound_alert').where('ends_at', '<', atMs).executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}
