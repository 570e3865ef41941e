/** Where time comes from. The core never reads the system clock itself, so that a test can move it. */
export interface Clock {
  /** Now, in milliseconds since the Unix epoch. */
  now(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** An instant as people and JSON read it: `2026-11-20T10:00:00.000Z`. */
export function isoInstant(atMs: number): string {
  return new Date(atMs).toISOString();
}
