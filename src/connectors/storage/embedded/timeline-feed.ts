import type { Kysely, Transaction } from 'kysely';
import type { IncidentEvent } from '../../../respond/incidents/incident-store.ts';
import type { Tables } from './tables.ts';

/** Runs transactions that write timeline entries, and tells listeners about them once they are durable. */
export class TimelineFeed {
  readonly #db: Kysely<Tables>;
  readonly #onListenerError: (error: unknown) => void;
  readonly #listeners = new Set<(event: IncidentEvent) => void>();

  constructor(db: Kysely<Tables>, onListenerError: (error: unknown) => void) {
    this.#db = db;
    this.#onListenerError = onListenerError;
  }

  /** Commits what `work` writes, then announces the entries it answers, in order. */
  async write(work: (trx: Transaction<Tables>) => Promise<IncidentEvent[]>): Promise<IncidentEvent[]> {
    const events = await this.#db.transaction().execute(work);
    for (const event of events) this.#announce(event);
    return events;
  }

  watch(listener: (event: IncidentEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #announce(event: IncidentEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // A browser that went away must not undo what is already durable.
        this.#onListenerError(error);
      }
    }
  }
}
