import { xxhash64 } from '../../base/xxhash64.ts';

/** The slots at which a group with an interval is evaluated. Instants in ms since the epoch. */
export interface Slots {
  /** The last slot at or before now: the instant to evaluate at. */
  readonly slotAt: number;
  readonly nextAt: number;
}

/**
 * The slots around an instant. They depend on file and name of the group, so that groups spread over the interval,
 * and on nothing else, so that a restart changes nothing. A Prometheus 3 that reads the group from a file of the same
 * path has the same slots.
 */
export function slotsAround(group: { readonly file: string; readonly name: string }, intervalMs: number, nowMs: number): Slots {
  const offsetMs = Number((hashOf(group) % (BigInt(intervalMs) * nsPerMs)) / nsPerMs);
  const slotAt = Math.floor((nowMs - offsetMs) / intervalMs) * intervalMs + offsetMs;
  return { slotAt, nextAt: slotAt + intervalMs };
}

/** Prometheus counts in nanoseconds. */
const nsPerMs = 1_000_000n;

/** How many slots between the last evaluation and this one were missed. */
export function missedSlots(lastSlotAt: number, slotAt: number, intervalMs: number): number {
  return Math.max(0, Math.round((slotAt - lastSlotAt) / intervalMs) - 1);
}

/** The hash of the labels `file` and `name` as Prometheus keeps labels in memory: each text with its length before it. */
function hashOf({ file, name }: { readonly file: string; readonly name: string }): bigint {
  return xxhash64(Buffer.concat(['file', file, 'name', name].map(withLength)));
}

function withLength(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  const { length } = bytes;
  const size = length < 255 ? [length] : [255, length & 255, (length >> 8) & 255, (length >> 16) & 255];
  return Buffer.concat([Uint8Array.from(size), bytes]);
}
