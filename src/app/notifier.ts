import type { Config } from '../config/schema.ts';
import { createSlack } from '../connectors/receivers/slack/slack.ts';
import { createWebhook } from '../connectors/receivers/webhook/webhook.ts';
import type { IncidentEvent, IncidentStore } from '../respond/incidents/incident-store.ts';
import { type Message, messageFor, type Receiver } from '../respond/incidents/message.ts';
import { sleep } from './mitigation-ports.ts';
import { readSecret } from './read-secret.ts';

export interface NotifierParts {
  readonly incidents: IncidentStore;
  urlOf(incident: string): string;
  /** A message was given up. */
  onFailure(receiver: string, error: unknown): void;
}

/** Pauses before a message is tried again. After the last it is given up: the page still has everything. */
const retryAfterMs = [1_000, 5_000, 20_000];
const waitingMax = 200;

/** Tells receivers what happens to incidents: in order, each receiver at its own pace, never holding up the incident. */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #ending = new AbortController();
  #lines: { readonly receiver: Receiver; waiting: number; tail: Promise<void> }[] = [];

  constructor(parts: NotifierParts) {
    this.#parts = parts;
  }

  setReceivers(receivers: Config['receivers']): void {
    this.#lines = receivers.flatMap((entry) => receiverOf(entry)).map((receiver) => ({ receiver, waiting: 0, tail: Promise.resolve() }));
  }

  async tell({ incident, entry }: IncidentEvent): Promise<void> {
    if (this.#lines.length === 0) return;
    const found = await this.#parts.incidents.get(incident);
    const message = found === null ? null : messageFor(found, entry, this.#parts.urlOf(incident));
    if (message === null) return;
    for (const line of this.#lines) {
      if (line.waiting >= waitingMax) {
        this.#parts.onFailure(line.receiver.name, new Error(`${waitingMax} messages wait already`));
        continue;
      }
      line.waiting += 1;
      line.tail = line.tail.then(() => this.#deliver(line.receiver, message)).finally(() => (line.waiting -= 1));
    }
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(this.#lines.map((line) => line.tail));
  }

  async #deliver(receiver: Receiver, message: Message): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await receiver.send(message, this.#ending.signal);
      } catch (error) {
        const pauseMs = retryAfterMs[attempt];
        if (pauseMs === undefined || this.#ending.signal.aborted) return this.#parts.onFailure(receiver.name, error);
        await sleep(pauseMs, this.#ending.signal);
      }
    }
  }
}

function receiverOf(entry: Config['receivers'][number]): Receiver[] {
  const { name, webhook, slack } = entry;
  if (webhook !== null)
    return [createWebhook({ name, url: async () => (await readSecret(webhook.url)) ?? '', secret: () => readSecret(webhook.secret) })];
  if (slack !== null) return [createSlack({ name, url: async () => (await readSecret(slack.url)) ?? '' })];
  // The configuration has said already that the other kinds are not there yet.
  return [];
}
