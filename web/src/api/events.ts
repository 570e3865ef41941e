import { readTimelineEntry, type TimelineView } from './incident.ts';
import { fieldsOf, instantOrNull, numberOrNull, textOf } from './reading.ts';

/** What the server pushes, see `GET /events`. */
export type LiveEvent =
  | { readonly kind: 'timeline'; readonly incident: string; readonly entry: TimelineView }
  | { readonly kind: 'change'; readonly type: string; readonly id: string }
  | { readonly kind: 'heartbeat'; readonly nowMs: number | null; readonly seq: number | null }
  | { readonly kind: 'reset'; readonly reason: string };

export const eventNames = ['timeline', 'change', 'heartbeat', 'reset'] as const;

/** Reads one message; null for what is not an event we know. Never throws. */
export function readEvent(name: string, data: string): LiveEvent | null {
  const it = fieldsOf(parsedOrNull(data));
  switch (name) {
    case 'timeline':
      return { kind: 'timeline', incident: textOf(it['incident']), entry: readTimelineEntry(it['entry'] ?? it) };
    case 'change':
      return { kind: 'change', type: textOf(it['type']), id: textOf(it['id']) };
    case 'heartbeat':
      return { kind: 'heartbeat', nowMs: instantOrNull(it['now']), seq: numberOrNull(it['seq']) };
    case 'reset':
      return { kind: 'reset', reason: textOf(it['reason']) };
    default:
      return null;
  }
}

function parsedOrNull(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}
