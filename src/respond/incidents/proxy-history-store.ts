import type { HistoryAnswer } from '../diagnosis/questions.ts';

/** One thing that changed at a proxy between two reads of it. */
export type ProxyChange =
  | ({ readonly kind: 'address' } & HistoryAnswer['addressChanges'][number])
  | ({ readonly kind: 'config' } & HistoryAnswer['configChanges'][number])
  | ({ readonly kind: 'reload' } & HistoryAnswer['reloads'][number])
  | { readonly kind: 'removed'; readonly removed: HistoryAnswer['removed'][number] };

/** What changed at the proxies, remembered across restarts. */
export interface ProxyHistoryStore {
  /** Appends changes; the first call for a target (also with none) fixes since when we know it. */
  append(target: string, changes: readonly ProxyChange[], atMs: number): Promise<void>;
  /** The newest 1000 changes, oldest first in each list; null for a target that was never seen. */
  read(target: string): Promise<HistoryAnswer | null>;
  forgetBefore(atMs: number): Promise<number>;
}
