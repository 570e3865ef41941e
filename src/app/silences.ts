import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { labelMatcher } from '../detect/promql/matcher.ts';
import type { SilenceView } from '../interfaces/verbs.ts';
import type { Incident } from '../model/incident.ts';
import type { Labels } from '../model/labels.ts';
import type { StateStore } from '../respond/incidents/state-store.ts';

const prefix = 'silence/';

/** Silences as Alertmanager has them. While one covers an alert of an incident, automation keeps its hands off. */
export class Silences {
  readonly #state: StateStore;
  readonly #clock: Clock;

  constructor(state: StateStore, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  async all(): Promise<readonly SilenceView[]> {
    // Written by us and checked at the door.
    return (await this.#state.list(prefix)).map(({ value }) => value as SilenceView);
  }

  async put(silence: Omit<SilenceView, 'id' | 'updatedAt'> & { readonly id?: string }): Promise<string> {
    const id = silence.id ?? randomUUID();
    const now = this.#clock.now();
    await this.#state.put(`${prefix}${id}`, { ...silence, id, updatedAt: now }, now);
    return id;
  }

  async expire(id: string): Promise<boolean> {
    const now = this.#clock.now();
    const found = (await this.all()).find((silence) => silence.id === id && silence.endsAt > now);
    if (found === undefined) return false;
    await this.#state.put(`${prefix}${id}`, { ...found, endsAt: now, updatedAt: now }, now);
    return true;
  }

  /** Why automation must stand back from a plan: one sentence per silence that covers an alert of its incident. */
  async coveringPlan(_plan: unknown, incident: Incident | null): Promise<readonly string[]> {
    const now = this.#clock.now();
    const active = (await this.all()).filter((silence) => silence.startsAt <= now && silence.endsAt > now);
    return active
      .filter((silence) => incident?.alerts.some((alert) => covers(silence, alert.labels)))
      .map(
        (silence) =>
          `silence ${silence.id} by ${silence.createdBy || 'somebody'} covers it until ${new Date(silence.endsAt).toISOString()}: ${silence.comment}`,
      );
  }
}

function covers(silence: SilenceView, labels: Labels): boolean {
  return silence.matchers.every(({ name, value, isRegex, isEqual }) => {
    const op = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
    try {
      return labelMatcher(name, op, value).matches(labels[name] ?? '');
    } catch {
      // A pattern that does not compile covers nothing; it was accepted by an older version.
      return false;
    }
  });
}
