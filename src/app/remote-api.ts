import type { Config } from '../config/schema.ts';
import { createPrometheusApi, type PrometheusApi } from '../connectors/metrics/prometheus-api/prometheus-api.ts';
import { readSecret } from './read-secret.ts';

/** The server that `metrics:` names, asked with the headers given there. */
export function remoteApi({ url, headers, bearerToken }: NonNullable<Config['metrics']>): PrometheusApi {
  return createPrometheusApi({
    url,
    headers: async () => {
      const given = await Promise.all(headers.map(async ({ name, source }) => [name, await readSecret(source)] as const));
      const token = await readSecret(bearerToken);
      return Object.fromEntries([...given, ...(token === null ? [] : [['authorization', `Bearer ${token}`]])]);
    },
  });
}
