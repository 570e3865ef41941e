/** The slots at which a group with an interval is evaluated. Instants in ms since the epoch. */
export interface Slots {
  /** The last slot at or before now: the instant to evaluate at. */
  readonly slotAt: number;
  readonly nextAt: number;
}

/**
 * The slots around an instant. They depend on file and name of the group, so that groups spread over the interval,
 * and on nothing else, so that a restart changes nothing.
 */
export function slotsAround(group: { readonly file: string; readonly name: string }, intervalMs: number, nowMs: number): Slots {
  const offsetMs = hash(`${group.file};${group.name}`) % intervalMs;
  const slotAt = Math.floor((nowMs - offsetMs) / intervalMs) * intervalMs + offsetMs;
  return { slotAt, nextAt: slotAt + intervalMs };
}

/** How many slots between the last evaluation and this one were missed. */
export function missedSlots(lastSlotAt: number, slotAt: number, intervalMs: number): number {
  return Math.max(0, Math.round((slotAt - lastSlotAt) / intervalMs) - 1);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
