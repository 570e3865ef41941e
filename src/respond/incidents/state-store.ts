/** A remembered JSON value and how often it was written. */
export interface StoredState {
  /** As `JSON.parse` gave it: check it before use. */
  readonly value: unknown;
  readonly version: number;
  readonly updatedAt: number;
}

/** Small things that must survive a restart, by key: state of rule groups, silences, what a proxy looked like. */
export interface StateStore {
  get(key: string): Promise<StoredState | null>;
  /**
   * Writes when the stored version is `expected` (null: no matter which, 0: only when there is none).
   * Answers the new version, or `conflict` when somebody was faster.
   */
  put(key: string, value: unknown, atMs: number, expected?: number | null): Promise<number | 'conflict'>;
  /** Writes many at once in one transaction, no matter which versions were there. */
  putAll(entries: readonly (readonly [key: string, value: unknown])[], atMs: number): Promise<void>;
  /** Entries whose key starts with the prefix, in order of keys. */
  list(prefix: string): Promise<readonly (StoredState & { readonly key: string })[]>;
  remove(key: string): Promise<void>;
}
