import type { Config } from '../config/schema.ts';
import type { SecretSource } from '../config/secret-source.ts';
import { tellAlertmanager } from '../connectors/receivers/alertmanager/alertmanager.ts';
import type { ToldAlert } from '../detect/alerts/told-alert.ts';
import type { RuleAlert } from '../detect/rules/evaluate-group.ts';
import { labelsOf } from '../model/labels.ts';
import { readSecret } from './read-secret.ts';

type Alertmanager = { readonly name: string; readonly url: SecretSource };

/** As many in one message as Prometheus sends. */
const batchMax = 256;

/** Tells the configured Alertmanagers what the rules found, never holding up the rules. What gets lost is told again with the next message. */
export class AlertTeller {
  readonly #onFailure: (receiver: string, error: unknown) => void;
  readonly #ending = new AbortController();
  #alertmanagers: readonly Alertmanager[] = [];
  #externalLabels: Config['externalLabels'] = {};

  constructor(onFailure: (receiver: string, error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  configure({ receivers, externalLabels }: Pick<Config, 'receivers' | 'externalLabels'>): void {
    this.#externalLabels = externalLabels;
    this.#alertmanagers = receivers.flatMap(({ name, alertmanager }) =>
      alertmanager === null || alertmanager.url === null ? [] : [{ name, url: alertmanager.url }],
    );
  }

  tell(due: readonly RuleAlert[]): void {
    const alerts = due.map((alert) => told(alert, this.#externalLabels));
    for (const receiver of this.#alertmanagers)
      for (let from = 0; from < alerts.length; from += batchMax) void this.#send(receiver, alerts.slice(from, from + batchMax));
  }

  stop(): void {
    this.#ending.abort();
  }

  async #send({ name, url }: Alertmanager, alerts: readonly ToldAlert[]): Promise<void> {
    try {
      await tellAlertmanager(await readSecret(url), alerts, this.#ending.signal);
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#onFailure(name, error);
    }
  }
}

/** As Prometheus, the labels of the alert win over the external ones. */
function told({ alert, active }: RuleAlert, external: Config['externalLabels']): ToldAlert {
  const { annotations, startsAt, endsAt, generatorUrl } = alert;
  const labels = labelsOf([...Object.entries(external), ...Object.entries(alert.labels)]);
  return { labels, annotations, startsAt, endsAt: endsAt ?? active.validUntilAt ?? startsAt, generatorUrl };
}
