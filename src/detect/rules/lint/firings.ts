import type { AlertingRule } from '../rule.ts';

/** The instants at which one element of an alert's expression was there, ascending. */
export interface Presence {
  readonly times: ArrayLike<number>;
}

/** How often an alert would have fired over a time. */
export interface Firings {
  /** How many alerts, by labels, fired at least once. */
  readonly alerts: number;
  readonly firings: number;
  /** The part of the time in which at least one was firing, 0 to 1. */
  readonly share: number;
}

/** Counts firings in the values of a rule's expression, asked at every `stepMs`; a gap ends an alert, unless it is kept firing. */
export function countFirings(
  rule: AlertingRule,
  elements: readonly Presence[],
  span: { readonly stepMs: number; readonly steps: number },
): Firings {
  let firings = 0;
  let alerts = 0;
  const firing = new Set<number>();
  for (const { times } of elements) {
    const before = firings;
    let since = times[0] ?? 0;
    let isFiring = false;
    for (let index = 0; index < times.length; index += 1) {
      const at = times[index] ?? 0;
      const gapMs = index === 0 ? 0 : at - (times[index - 1] ?? 0);
      if (gapMs > span.stepMs && !(isFiring && gapMs <= rule.keepFiringForMs)) [since, isFiring] = [at, false];
      if (at - since < rule.forMs) continue;
      if (!isFiring) firings += 1;
      isFiring = true;
      firing.add(at);
    }
    if (firings > before) alerts += 1;
  }
  return { alerts, firings, share: span.steps === 0 ? 0 : Math.min(1, firing.size / span.steps) };
}
