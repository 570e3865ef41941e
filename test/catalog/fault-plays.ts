import { expect } from 'vitest';
import type { FaultOptions } from '../../lab/faults/fault-book.ts';
import type { Lab } from '../../lab/lab.ts';
import type { CatalogWatch, Fires, Reporter } from './catalog-watch.ts';

/** Names of the alerts that a reporter raises. */
export type Alerts = Partial<Readonly<Record<Reporter, readonly string[]>>>;

/** A fault in a backend of its own, and every alert it raises. A reporter that is not named raises none. */
export interface Play {
  readonly fault: string;
  readonly options?: Omit<FaultOptions, 'backend'>;
  /** About this backend. */
  readonly raises: Alerts;
  /** About the whole proxy. Only for plays that run alone. */
  readonly raisesForProxy?: Alerts;
  /** May come or not, with timing; say why where it is used. */
  readonly mayRaise?: Alerts;
}

/** How long all is well at first, and how long the faults last; the latter is longer than nearly every `for` with its window. */
export interface Pace {
  readonly calmMinutes: number;
  readonly faultMinutes: number;
}

const usualPace: Pace = { calmMinutes: 3, faultMinutes: 16 };
/** The longest window that has to forget the fault is half an hour. */
const recoveryMinutes = 40;

/**
 * Plays faults side by side, each in its own backend, and holds: nothing fires before; while they last, exactly what each play names
 * and nothing else; all of it resolves after.
 */
export async function playFaults(
  lab: Lab,
  watch: CatalogWatch,
  plays: Readonly<Record<string, Play>>,
  pace: Partial<Pace> = {},
): Promise<void> {
  const { calmMinutes, faultMinutes } = { ...usualPace, ...pace };
  expect(names(await watch.minutes(calmMinutes)), 'before any fault').toEqual([]);
  const places = Object.entries(plays);
  for (const [backend, { fault, options }] of places) await lab.inject(fault, { ...options, backend });
  const fired = await watch.minutes(faultMinutes);
  await lab.heal();
  const quiet = await watch.until((firing) => firing.length === 0, recoveryMinutes);
  for (const [backend, play] of places) {
    const own = fired.filter((one) => one.backend === backend);
    expect(names(without(own, play.mayRaise)), `${play.fault} in ${backend}`).toEqual(expected(play.raises));
  }
  const others = fired.filter((one) => one.backend === null || !Object.hasOwn(plays, one.backend));
  const forProxy = places.flatMap(([, play]) => expected(play.raisesForProxy ?? {}));
  expect(names(others), 'about the whole proxy, or a backend without a fault').toEqual(forProxy.sort());
  expect(quiet ? [] : names(watch.firing), `still firing ${recoveryMinutes} minutes after healing`).toEqual([]);
}

/**
 * The scenes to play: without `variants`, faults that look to the metrics like others that are played, or that take hours of fast motion, unless
 * `CATALOG_FAULTS=all`. They cost minutes, and what they hold changes only with the rules.
 */
export function played<T>(scenes: Readonly<Record<string, T>>, variants: readonly string[]): [title: string, scene: T][] {
  const all = Object.entries(scenes);
  if (process.env['CATALOG_FAULTS'] === 'all') return all;
  console.log(`not played: ${variants.join(', ')}; CATALOG_FAULTS=all plays them, too`);
  return all.filter(([title]) => !variants.includes(title));
}

function names(fires: readonly Fires[]): string[] {
  return [...new Set(fires.map(({ reporter, alert }) => `${reporter} ${alert}`))].sort();
}

function expected(alerts: Alerts): string[] {
  return Object.entries(alerts)
    .flatMap(([reporter, list]) => list.map((alert) => `${reporter} ${alert}`))
    .sort();
}

function without(fires: readonly Fires[], tolerated: Alerts = {}): Fires[] {
  return fires.filter(({ reporter, alert }) => tolerated[reporter]?.includes(alert) !== true);
}
