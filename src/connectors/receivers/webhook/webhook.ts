import { createHmac } from 'node:crypto';
import type { Message, Receiver } from '../../../respond/incidents/message.ts';

export interface WebhookOptions {
  readonly name: string;
  /** Read anew for every message: it may be rotated. */
  url(): Promise<string>;
  /** Key of the signature; null: unsigned. */
  secret(): Promise<string | null>;
}

const timeoutMs = 5_000;

/**
 * Posts the message as JSON. With a secret, `x-proxymedic-signature: sha256=<hex>` is the HMAC of the body, so that the
 * other side can tell that it is from us. Anything but 2xx is a failure; redirects are not followed.
 */
export function createWebhook(options: WebhookOptions): Receiver {
  return {
    name: options.name,
    async send(message: Message, signal) {
      const body = JSON.stringify(message);
      const secret = await options.secret();
      const signature =
        secret === null ? {} : { 'x-proxymedic-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
      const response = await fetch(await options.url(), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signature },
        body,
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the webhook ${options.name} answered ${response.status}`);
    },
  };
}
