import { readFile } from 'node:fs/promises';
import type { Config } from '../config/schema.ts';
import { tellAlertmanager } from '../connectors/receivers/alertmanager/alertmanager.ts';
import type { ToldAlert } from '../detect/alerts/told-alert.ts';
import type { RuleAlert } from '../detect/rules/evaluate-group.ts';

type Alertmanager = { readonly name: string; readonly url: { readonly file: string } | { readonly value: string } };

/** As many in one message as Prometheus sends. */
const batchMax = 256;

/** Tells the configured Alertmanagers what the rules found, never holding up the rules. What gets lost is told again with the next message. */
export class AlertTeller {
  readonly #onFailure: (receiver: string, error: unknown) => void;
  readonly #ending = new AbortController();
  #alertmanagers: readonly Alertmanager[] = [];

  constructor(onFailure: (receiver: string, error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  setReceivers(receivers: Config['receivers']): void {
    this.#alertmanagers = receivers.flatMap(({ name, alertmanager }) =>
      alertmanager === null || alertmanager.url === null ? [] : [{ name, url: alertmanager.url }],
    );
  }

  tell(due: readonly RuleAlert[]): void {
    const alerts = due.map(told);
    for (const receiver of this.#alertmanagers)
      for (let from = 0; from < alerts.length; from += batchMax) void this.#send(receiver, alerts.slice(from, from + batchMax));
  }

  stop(): void {
    this.#ending.abort();
  }

  async #send({ name, url }: Alertmanager, alerts: readonly ToldAlert[]): Promise<void> {
    try {
      const base = 'file' in url ? (await readFile(url.file, 'utf8')).trim() : url.value;
      await tellAlertmanager(base, alerts, this.#ending.signal);
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#onFailure(name, error);
    }
  }
}

function told({ alert, active }: RuleAlert): ToldAlert {
  const { labels, annotations, startsAt, endsAt, generatorUrl } = alert;
  return { labels, annotations, startsAt, endsAt: endsAt ?? active.validUntilAt ?? startsAt, generatorUrl };
}
