import type { Message, Receiver } from '../../../respond/incidents/message.ts';

export interface SlackOptions {
  readonly name: string;
  /** The incoming webhook's URL, a secret; read anew for every message. */
  url(): Promise<string>;
}

const timeoutMs = 5_000;

/** Posts to a Slack incoming webhook: what happened, why, and the link under which a plan is approved. */
export function createSlack(options: SlackOptions): Receiver {
  return {
    name: options.name,
    async send(message, signal) {
      const response = await fetch(await options.url(), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text: textOf(message), unfurl_links: false }),
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`Slack (${options.name}) answered ${response.status}`);
    },
  };
}

/** Slack's own markup must not come from labels and logs: `&`, `<` and `>` are all it needs escaped. */
export function textOf({ incident, event, url }: Message): string {
  const safe = (text: string) =>
    text
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/[\r\n]+/g, ' ');
  return `*${safe(incident.title)}* (${safe(incident.severity)}, ${incident.state})\n${safe(event.kind)}: ${safe(event.summary)}\n<${safe(url)}|incident ${safe(incident.id)}>`;
}
