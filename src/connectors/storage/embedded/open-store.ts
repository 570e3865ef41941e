import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { InboundAlertStore } from '../../../respond/incidents/inbound-alert-store.ts';
import type { IncidentStore } from '../../../respond/incidents/incident-store.ts';
import type { ProxyHistoryStore } from '../../../respond/incidents/proxy-history-store.ts';
import type { StateStore } from '../../../respond/incidents/state-store.ts';
import type { AuditStore } from '../../../respond/mitigation/audit.ts';
import type { JournalStore } from '../../../respond/mitigation/journal.ts';
import type { LedgerStore } from '../../../respond/mitigation/ledger.ts';
import type { PauseStore } from '../../../respond/mitigation/pause-store.ts';
import type { PlanStore } from '../../../respond/mitigation/plan-store.ts';
import { auditStore } from './audit.ts';
import { type DataLock, takeDataLock } from './data-lock.ts';
import { inboundAlertStore } from './inbound-alerts.ts';
import { incidentStore } from './incidents.ts';
import { journalStore } from './journal.ts';
import { ledgerStore } from './ledger.ts';
import { up as makeFirstTables } from './migrations/0001-first-tables.ts';
import { nodeSqliteDialect } from './node-sqlite-dialect.ts';
import { pauseStore } from './pauses.ts';
import { planStore } from './plans.ts';
import { proxyHistoryStore } from './proxy-history.ts';
import { stateStore } from './states.ts';
import { StoreError, storeErrorOf, systemCodeOf } from './store-error.ts';
import type { Tables } from './tables.ts';
import { TimelineFeed } from './timeline-feed.ts';

/** Everything proxymedic remembers, in one directory that one process uses at a time. */
export interface Store {
  readonly incidents: IncidentStore;
  readonly plans: PlanStore;
  readonly journal: JournalStore;
  readonly audit: AuditStore;
  readonly pauses: PauseStore;
  readonly state: StateStore;
  readonly inboundAlerts: InboundAlertStore;
  readonly history: ProxyHistoryStore;
  readonly ledger: LedgerStore;
  /** Where the data lies. */
  readonly directory: string;
  /** Waits for running transactions, then frees the directory for another process. */
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Made with mode 0700 when it does not exist. */
  readonly directory: string;
  /** Called when a listener of the timeline throws; the write itself has succeeded. Default: ignored. */
  readonly onListenerError?: (error: unknown) => void;
}

/** In the order in which they run; a released one is never edited or removed. */
const migrations = { '0001-first-tables': { up: makeFirstTables } };

/**
 * Opens (and when new, creates) the storage. Every write is on the disk when its promise settles: WAL with
 * `synchronous=FULL` loses nothing on kill -9 or power loss. Rejects with {@link StoreError}.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  makeDirectory(options.directory);
  const lock = takeDataLock(options.directory);
  try {
    return await openLocked(options, lock);
  } catch (error) {
    lock.release();
    throw storeErrorOf(error, databasePath(options.directory));
  }
}

function databasePath(directory: string): string {
  return join(directory, 'proxymedic.sqlite');
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (!statSync(directory).isDirectory()) throw new StoreError('unwritable', directory, 'is not a directory');
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === null) throw error;
    const what = code === 'EEXIST' || code === 'ENOTDIR' ? 'a file is in the way' : `cannot be made (${code})`;
    throw new StoreError('unwritable', directory, `${what}; name a directory this user may write to in storage.path`, { cause: error });
  }
}

async function openLocked(options: StoreOptions, lock: DataLock): Promise<Store> {
  const path = databasePath(options.directory);
  const database = new DatabaseSync(path);
  try {
    chmodSync(path, 0o600);
    prepare(database, path);
    const db = new Kysely<Tables>({ dialect: nodeSqliteDialect(database) });
    await migrate(db, path);
    return storeOver(db, options, lock);
  } catch (error) {
    if (database.isOpen) database.close();
    throw error;
  }
}

function prepare(database: DatabaseSync, path: string): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 2000');
  const report = database.prepare('PRAGMA quick_check(1)').get();
  const verdict = report === undefined ? 'no answer' : String(Object.values(report)[0]);
  if (verdict !== 'ok') {
    const message = `the database is damaged (${verdict.slice(0, 200)}); move the directory away and restore a backup, or start with an empty one`;
    throw new StoreError('damaged', path, message);
  }
}

async function migrate(db: Kysely<Tables>, path: string): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && error.message.includes('corrupted migrations')) {
    const message = 'was written by a newer version of proxymedic; run that version, or name another directory in storage.path';
    throw new StoreError('newer-version', path, message, { cause: error });
  }
  throw storeErrorOf(error, path);
}

function storeOver(db: Kysely<Tables>, options: StoreOptions, lock: DataLock): Store {
  const feed = new TimelineFeed(db, options.onListenerError ?? (() => undefined));
  return {
    incidents: incidentStore(db, feed),
    plans: planStore(db, feed),
    journal: journalStore(db),
    audit: auditStore(db),
    pauses: pauseStore(db),
    state: stateStore(db),
    inboundAlerts: inboundAlertStore(db),
    history: proxyHistoryStore(db),
    ledger: ledgerStore(db),
    directory: options.directory,
    close: async () => {
      await db.destroy();
      lock.release();
    },
  };
}
