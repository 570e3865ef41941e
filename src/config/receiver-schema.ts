import { z } from 'zod';
import { address, httpUrl, path } from './scalars.ts';
import { oneOf, sourceOf } from './secret-source.ts';

const kinds = ['webhook', 'slack', 'pagerduty', 'email', 'alertmanager'] as const;

function urlReceiver(directory: string) {
  return z.strictObject({ url: httpUrl.optional(), url_file: path(directory).optional() }).superRefine(oneOf('url', true));
}

function webhook(directory: string) {
  return z
    .strictObject({
      url: httpUrl.optional(),
      url_file: path(directory).optional(),
      secret: z.string().optional(),
      secret_file: path(directory).optional(),
    })
    .superRefine(oneOf('url', true))
    .superRefine(oneOf('secret', false))
    .transform((entry) => ({ url: sourceOf(entry.url, entry.url_file), secret: sourceOf(entry.secret, entry.secret_file) }));
}

function pagerduty(directory: string) {
  return z
    .strictObject({
      url: httpUrl.prefault('https://events.pagerduty.com/v2/enqueue'),
      routing_key: z.string().optional(),
      routing_key_file: path(directory).optional(),
    })
    .superRefine(oneOf('routing_key', true))
    .transform((entry) => ({ url: entry.url, routingKey: sourceOf(entry.routing_key, entry.routing_key_file) }));
}

const mailbox = z
  .string()
  .max(320, 'is longer than 320 characters')
  .regex(/^[^\s@<>",;]{1,64}@[^\s@<>",;]{1,255}$/, 'is not a mail address');

function email(directory: string) {
  return z
    .strictObject({
      to: z.union([mailbox, z.array(mailbox).min(1, 'is an empty list').max(100)]),
      from: mailbox,
      smtp: address,
      tls: z.enum(['none', 'starttls', 'tls']).default('starttls'),
      username: z.string().optional(),
      password: z.string().optional(),
      password_file: path(directory).optional(),
    })
    .superRefine(oneOf('password', false))
    .transform((entry) => ({
      to: [entry.to].flat(),
      from: entry.from,
      smtp: entry.smtp,
      tls: entry.tls,
      username: entry.username ?? null,
      password: sourceOf(entry.password, entry.password_file),
    }));
}

/** Where messages go: a name and exactly one kind with its settings; the other kinds are null. */
export function receiver(directory: string) {
  return z
    .strictObject({
      name: z.string().min(1, 'is empty').max(200, 'is longer than 200 characters').optional(),
      webhook: webhook(directory).optional(),
      slack: urlReceiver(directory)
        .transform((entry) => ({ url: sourceOf(entry.url, entry.url_file) }))
        .optional(),
      pagerduty: pagerduty(directory).optional(),
      email: email(directory).optional(),
      alertmanager: urlReceiver(directory)
        .transform((entry) => ({ url: sourceOf(entry.url, entry.url_file) }))
        .optional(),
    })
    .superRefine((entry, context) => {
      const given = kinds.filter((kind) => entry[kind] !== undefined);
      if (given.length === 1) return;
      const message = given.length === 0 ? 'does not say how to reach it' : `has several kinds (${given.join(', ')})`;
      context.addIssue({ code: 'custom', message, params: { fix: `Give exactly one of ${kinds.join(', ')}` } });
    })
    .transform((entry) => ({
      name: entry.name ?? kinds.find((kind) => entry[kind] !== undefined) ?? '',
      webhook: entry.webhook ?? null,
      slack: entry.slack ?? null,
      pagerduty: entry.pagerduty ?? null,
      email: entry.email ?? null,
      alertmanager: entry.alertmanager ?? null,
    }));
}
