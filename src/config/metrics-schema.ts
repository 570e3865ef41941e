import { resolve } from 'node:path';
import { z } from 'zod';
import { httpUrl, interval, path } from './scalars.ts';
import { oneOf, type SecretSource, sourceOf } from './secret-source.ts';

/** A header of every request to the server of the metrics. Its value may be a secret. */
export interface GivenHeader {
  readonly name: string;
  readonly source: SecretSource;
}

/** Those that the connection itself needs. */
const ours = /^(?:accept|connection|content-.*|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade|user-agent)$/i;

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}$/, 'is not the name of a header')
  .regex(/^(?!_file$)/, 'is not the name of a header');

/** A map of names and values; `Name_file` has the value in a file. Mistakes never repeat a value: it may be a secret. */
function headers(directory: string) {
  return z
    .record(headerName, z.string().max(8_192, 'is longer than 8192 characters'))
    .superRefine((given, context) => {
      const complain = (message: string, fix: string) => context.addIssue({ code: 'custom', message, params: { fix } });
      const names = Object.keys(given).map(nameOf);
      for (const name of new Set(names)) {
        if (ours.test(name)) complain(`may not set ${name}, which belongs to the connection`, 'Remove it');
        if (names.filter((other) => other.toLowerCase() === name.toLowerCase()).length > 1)
          complain(`gives ${name} more than once`, 'Keep one of them');
      }
      for (const [key, value] of Object.entries(given))
        if (/[\0\r\n]/.test(value)) complain(`has a line break or a NUL character in ${key}`, 'Remove it');
    })
    .transform((given): readonly GivenHeader[] =>
      Object.entries(given).map(([key, value]) => {
        const source = key.endsWith('_file') ? { file: resolve(directory, value) } : { value };
        return { name: nameOf(key), source };
      }),
    );
}

function nameOf(key: string): string {
  return key.replace(/_file$/, '');
}

/** The server that is asked instead of scraping. */
export function metrics(directory: string) {
  return z
    .strictObject({
      url: httpUrl,
      evaluation_interval: interval.prefault('15s'),
      headers: headers(directory).prefault({}),
      bearer_token: z.string().optional(),
      bearer_token_file: path(directory).optional(),
    })
    .superRefine(oneOf('bearer_token', false))
    .transform((entry, context) => {
      const bearerToken = sourceOf(entry.bearer_token, entry.bearer_token_file);
      if (bearerToken !== null && entry.headers.some(({ name }) => name.toLowerCase() === 'authorization')) {
        const fix = 'Keep one of them';
        context.addIssue({ code: 'custom', path: ['headers'], message: 'gives Authorization beside bearer_token', params: { fix } });
      }
      return { url: entry.url, evaluationIntervalMs: entry.evaluation_interval, headers: entry.headers, bearerToken };
    });
}
