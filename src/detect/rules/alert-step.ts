import type { Labels } from '../../model/labels.ts';

/**
 * One alert of a rule between evaluations. Plain data: it is stored as JSON. Instants in ms since the epoch.
 * A firing alert has a `firedAt`, a resolved one a `resolvedAt`; `absentSince` is set while `keep_firing_for` holds it.
 */
export interface ActiveAlert {
  readonly state: 'pending' | 'firing' | 'resolved';
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: number;
  readonly activeAt: number;
  readonly firedAt: number | null;
  readonly resolvedAt: number | null;
  readonly absentSince: number | null;
  /** When it was last told to an Alertmanager, and until when that is good; null: never. */
  readonly lastSentAt: number | null;
  readonly validUntilAt: number | null;
}

/** What the rule says of how long an alert must last. */
export interface Holding {
  readonly forMs: number;
  readonly keepFiringForMs: number;
}

/** What an evaluation found for one label set. */
export interface FoundAlert {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: number;
}

/** How long a resolved alert is remembered. */
export const resolvedRetentionMs = 15 * 60_000;

/**
 * One step of an alert. `before` is null when it is new, `found` null when the expression no longer gives it, and `unseen` when it does
 * not give it because the samples that it would read are not there yet. null: the alert is forgotten.
 */
export function stepAlert(
  before: ActiveAlert | null,
  found: FoundAlert | 'unseen' | null,
  holding: Holding,
  atMs: number,
): ActiveAlert | null {
  if (found === 'unseen' && before?.state !== 'resolved') return before;
  if (found === 'unseen' || found === null) return before === null ? null : withoutResult(before, holding, atMs);
  // A resolved alert that comes back is a new one.
  const alert: ActiveAlert =
    before === null || before.state === 'resolved'
      ? { ...found, ...untold, state: 'pending', activeAt: atMs, firedAt: null, resolvedAt: null, absentSince: null }
      : { ...before, annotations: found.annotations, value: found.value, absentSince: null };
  return heldLongEnough(alert, holding, atMs);
}

function withoutResult(before: ActiveAlert, { keepFiringForMs, forMs }: Holding, atMs: number): ActiveAlert | null {
  switch (before.state) {
    case 'pending':
      return null;
    case 'resolved':
      return atMs - (before.resolvedAt ?? atMs) > resolvedRetentionMs ? null : before;
    case 'firing': {
      const absentSince = before.absentSince ?? atMs;
      if (keepFiringForMs > 0 && atMs - absentSince < keepFiringForMs) {
        return heldLongEnough({ ...before, absentSince }, { keepFiringForMs, forMs }, atMs);
      }
      return { ...before, state: 'resolved', resolvedAt: atMs, absentSince };
    }
  }
}

function heldLongEnough(alert: ActiveAlert, { forMs }: Holding, atMs: number): ActiveAlert {
  const held = atMs - alert.activeAt >= forMs;
  if (alert.state === 'pending' && held) return { ...alert, state: 'firing', firedAt: atMs };
  // `for` was raised since: the alert has to prove itself again.
  if (alert.state === 'firing' && !held) return { ...alert, state: 'pending', firedAt: null, absentSince: null, lastSentAt: null };
  return alert;
}

const untold = { lastSentAt: null, validUntilAt: null };

/** How often an alert that goes on is told again, and how often its rule is evaluated. */
export interface Telling {
  readonly resendDelayMs: number;
  readonly intervalMs: number;
}

/**
 * Whether an Alertmanager must hear of an alert after an evaluation: it began or ended to fire, or it was last told longer ago than the
 * delay. The alert then says so, and until when the message is good: two that get lost do not end the alert.
 */
export function tellAlert(alert: ActiveAlert, { resendDelayMs, intervalMs }: Telling, atMs: number): ActiveAlert | null {
  if (alert.state === 'pending') return null;
  const ended = alert.resolvedAt !== null && (alert.lastSentAt === null || alert.resolvedAt > alert.lastSentAt);
  // Longer, not as long: the next evaluation may come a moment early.
  const due = alert.lastSentAt === null || alert.lastSentAt + resendDelayMs < atMs;
  return ended || due ? { ...alert, lastSentAt: atMs, validUntilAt: atMs + 4 * Math.max(intervalMs, resendDelayMs) } : null;
}
