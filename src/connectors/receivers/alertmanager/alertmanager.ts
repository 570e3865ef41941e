import type { ToldAlert } from '../../../detect/alerts/told-alert.ts';

const timeoutMs = 10_000;

/**
 * Tells an Alertmanager of alerts, as Prometheus does: `POST /api/v2/alerts` below its base URL. Rejects when it does not take them; nobody
 * tries again, because what goes on is told again anyway.
 */
export async function tellAlertmanager(url: string, alerts: readonly ToldAlert[], signal: AbortSignal): Promise<void> {
  const response = await fetch(`${url.replace(/\/$/, '')}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'proxymedic' },
    body: JSON.stringify(alerts.map(alertJson)),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the Alertmanager answered ${response.status}`);
}

function alertJson({ labels, annotations, startsAt, endsAt, generatorUrl }: ToldAlert): Readonly<Record<string, unknown>> {
  return {
    labels,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
    ...(generatorUrl === null ? {} : { generatorURL: generatorUrl }),
  };
}
