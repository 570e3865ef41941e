/** What a list shows and what waits to be let in. */
export interface Held<T> {
  readonly rows: readonly T[];
  readonly waiting: number;
}

/**
 * Keeps rows where the reader sees them: while `isHeld`, rows stay in the order of `shownIds` (their content is fresh), rows
 * that left stay away, and new ones wait.
 */
export function holdOrder<T extends { readonly id: string }>(shownIds: readonly string[], latest: readonly T[], isHeld: boolean): Held<T> {
  if (!isHeld) return { rows: latest, waiting: 0 };
  const byId = new Map(latest.map((row) => [row.id, row]));
  const rows = shownIds.flatMap((id) => byId.get(id) ?? []);
  return { rows, waiting: latest.length - rows.length };
}
