import type { Kysely, Selectable } from 'kysely';
import type { JournalEntry, JournalState, JournalStep, JournalStore } from '../../../respond/mitigation/journal.ts';
import { documentOf } from './documents.ts';
import type { Tables } from './tables.ts';

const ends: ReadonlySet<JournalState> = new Set(['done', 'failed', 'unknown']);

export function journalStore(db: Kysely<Tables>): JournalStore {
  const select = () => db.selectFrom('journal').selectAll();
  return {
    intend: async ({ intendedAt, command, ...entry }) => {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('journal')
        .values({ ...entry, command: JSON.stringify(command), state: 'intended', attempts: 0, intended_at: intendedAt })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n ? 'intended' : 'exists';
    },
    advance: (step) => advance(db, step),
    get: async (key) => {
      const row = await select().where('key', '=', key).executeTakeFirst();
      return row === undefined ? null : entryOf(row);
    },
    ofPlan: async (plan) => (await select().where('plan', '=', plan).orderBy('id').execute()).map(entryOf),
    inState: async (state) => (await select().where('state', '=', state).orderBy('id').execute()).map(entryOf),
  };
}

async function advance(db: Kysely<Tables>, step: JournalStep): Promise<JournalEntry | 'conflict'> {
  const row = await db
    .updateTable('journal')
    .set((eb) => ({
      state: step.to,
      ...(step.to === 'acting' ? { acting_at: step.at, attempts: eb('attempts', '+', 1) } : {}),
      ...(ends.has(step.to) ? { ended_at: step.at } : {}),
      ...(step.detail === undefined ? {} : { detail: step.detail }),
      ...(step.observed === undefined ? {} : { observed: step.observed }),
    }))
    .where('key', '=', step.key)
    .where('state', '=', step.from)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? 'conflict' : entryOf(row);
}

function entryOf(row: Selectable<Tables['journal']>): JournalEntry {
  const { id: _, command, state, intended_at, acting_at, ended_at, ...rest } = row;
  return {
    ...rest,
    command: documentOf(command),
    state: state as JournalState,
    intendedAt: intended_at,
    actingAt: acting_at,
    endedAt: ended_at,
  };
}
