import type { Incident } from '../../model/incident.ts';
import type { AlertFamily } from '../diagnosis/situation.ts';
import { sameBackend } from '../diagnosis/situation.ts';

/** Where an alert belongs. One problem is one incident: one open incident per target and backend. */
export type Placement = { readonly kind: 'join'; readonly incident: Incident } | { readonly kind: 'open'; readonly backend: string | null };

export interface PlacedAlert {
  readonly target: string;
  /** null: about the proxy as a whole. */
  readonly backend: string | null;
  readonly family: AlertFamily;
}

/** Causes of the proxy as a whole that explain whatever its backends complain of. */
const explainsEverything: ReadonlySet<string> = new Set([
  'proxy-down',
  'proxy-hung',
  'proxy-connection-limit',
  'file-descriptor-exhaustion',
  'frontend-disabled',
]);

/**
 * Requests that found no server are counted at the entry point as well, and those that wait for a slow one hold its connections: the same
 * problem, seen from the door.
 */
const echoes: ReadonlySet<AlertFamily> = new Set<AlertFamily>(['unrouted', 'proxy-load']);

/** How recent a backend's incident must be for what the entry point shows to be its echo. */
const echoMs = 10 * 60_000;

/** Joins an alert to the open incident it belongs to, or says that a new one is needed. Pure. */
export function placeAlert(alert: PlacedAlert, open: readonly Incident[], nowMs: number): Placement {
  const here = open.filter((incident) => incident.target === alert.target && incident.state !== 'resolved');
  const same = here.find((incident) =>
    incident.backend === null ? alert.backend === null : alert.backend !== null && sameBackend(incident.backend, alert.backend),
  );
  if (same !== undefined) return { kind: 'join', incident: same };
  const ofTarget = here.find((incident) => incident.backend === null);
  if (ofTarget !== undefined && explainsBackends(ofTarget)) return { kind: 'join', incident: ofTarget };
  if (echoes.has(alert.family) && alert.backend === null) {
    const echo = here.find((incident) => incident.backend !== null && incident.openedAt >= nowMs - echoMs);
    if (echo !== undefined) return { kind: 'join', incident: echo };
  }
  return { kind: 'open', backend: alert.backend };
}

/** Whether the cause of a target's incident explains what its backends complain of. */
export function explainsBackends(incident: Incident): boolean {
  return incident.backend === null && (incident.diagnosis?.causes ?? []).some((cause) => explainsEverything.has(cause.id));
}
