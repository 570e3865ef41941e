import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError, storeErrorOf } from './store-error.ts';

/** Held by at most one process per data directory; the kernel frees it when that process dies, however it dies. */
export interface DataLock {
  release(): void;
}

/**
 * Takes the lock of a data directory. The lock is SQLite's own (`BEGIN EXCLUSIVE` on a file that holds nothing else),
 * so that it works wherever SQLite itself works and needs no stale-file guessing.
 * Throws {@link StoreError} `locked` with the id of the process that has it.
 */
export function takeDataLock(directory: string): DataLock {
  const path = join(directory, 'lock.sqlite');
  const ownerPath = join(directory, 'owner.pid');
  const lock = openLock(path);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw lockError(error, directory, ownerPath);
  }
  writeFileSync(ownerPath, `${process.pid}\n`, { mode: 0o600 });
  return { release: () => lock.close() };
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw storeErrorOf(error, path);
  }
}

function lockError(error: unknown, directory: string, ownerPath: string): StoreError {
  const busy = error instanceof Error && 'errcode' in error && error.errcode === 5;
  if (!busy) return storeErrorOf(error, join(directory, 'lock.sqlite'));
  const message = `another proxymedic${ownerOf(ownerPath)} already uses this directory; stop it, or give each its own storage.path`;
  return new StoreError('locked', directory, message, { cause: error });
}

function ownerOf(ownerPath: string): string {
  try {
    const pid = Number.parseInt(readFileSync(ownerPath, 'utf8').slice(0, 20), 10);
    return Number.isInteger(pid) ? ` (process ${pid})` : '';
  } catch {
    return '';
  }
}
