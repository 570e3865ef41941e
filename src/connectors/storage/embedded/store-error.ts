export type StoreErrorCode = 'locked' | 'not-a-database' | 'damaged' | 'newer-version' | 'unwritable' | 'full' | 'other';

/** Why the storage cannot be used. The message says what to do; the original failure is in `cause`. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  /** File or directory it is about. */
  readonly path: string;

  constructor(code: StoreErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(`storage ${path}: ${message}`, options);
    this.code = code;
    this.path = path;
  }
}

/** SQLite's primary result codes that have an answer of their own (https://sqlite.org/rescode.html). */
const byResultCode: ReadonlyMap<number, readonly [StoreErrorCode, string]> = new Map([
  [8, ['unwritable', 'the file cannot be written; check its owner, its mode and whether the disk is mounted read-only']],
  [11, ['damaged', 'the database is damaged; move the directory away and restore a backup, or start with an empty one']],
  [13, ['full', 'the disk is full; free space on it']],
  [14, ['unwritable', 'the file cannot be opened; check that the directory exists and belongs to this user']],
  [26, ['not-a-database', 'the file is no database; storage.path must name a directory that only proxymedic writes to']],
]);

/** Turns what `node:sqlite` or the file system threw into a {@link StoreError}. */
export function storeErrorOf(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const known = byResultCode.get(resultCodeOf(error) & 0xff);
  if (known !== undefined) return new StoreError(known[0], path, known[1], { cause: error });
  const said = error instanceof Error ? error.message : String(error);
  return new StoreError(systemCodeOf(error) === 'ENOSPC' ? 'full' : 'other', path, said, { cause: error });
}

function resultCodeOf(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0;
}

/** `EACCES`, `ENOSPC` … of a failed system call; null for other errors. */
export function systemCodeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
