import type { StatRow } from './stats-answers.ts';

const bytesMax = 32 * 1024 * 1024;
const rowsMax = 200_000;
const line = /^haproxy_(frontend|backend|server)_([a-z0-9_]{1,80})\{([^}]{0,2000})\} ([^ ]{1,40})(?: \d{1,20})?$/;
const label = /([a-z_]{1,40})="((?:[^"\\]|\\.){0,500})"/g;

/** Plain numbers: metric without `haproxy_<scope>_`, and the column of `show stat` that holds the same. */
const columns: ReadonlyMap<string, string> = new Map([
  ['weight', 'uweight'],
  ['current_sessions', 'scur'],
  ['limit_sessions', 'slim'],
  ['current_queue', 'qcur'],
  ['connection_errors_total', 'econ'],
  ['response_errors_total', 'eresp'],
  ['retry_warnings_total', 'wretr'],
  ['redispatch_warnings_total', 'wredis'],
  ['sessions_total', 'stot'],
  ['http_requests_total', 'req_tot'],
  ['check_code', 'check_code'],
]);

const types = { frontend: '0', backend: '1', server: '2' } as const;

/** Mark of a row that came from metrics: those tell no addresses. */
export const fromMetrics = 'from_metrics';

/**
 * The rows of `show stat`, as far as the metrics of the embedded or of the standalone exporter tell them: for a HAProxy whose
 * socket we may not ask. Lines that are something else are passed over.
 */
export function statFromMetrics(text: string): readonly StatRow[] {
  const rows = new Map<string, Map<string, string>>();
  for (const found of text.split('\n', 2_000_000).flatMap((one) => (one.startsWith('haproxy_') ? [line.exec(one)] : []))) {
    if (found === null) continue;
    const [, scope = '', metric = '', labelText = '', value = ''] = found;
    const labels = new Map([...labelText.matchAll(label)].map((match) => [match[1] ?? '', match[2] ?? '']));
    const proxy = labels.get('proxy') ?? labels.get(scope === 'frontend' ? 'frontend' : 'backend');
    if (proxy === undefined || rows.size > rowsMax) continue;
    const server = scope === 'server' ? labels.get('server') : scope.toUpperCase();
    if (server === undefined) continue;
    const key = `${scope} ${proxy} ${server}`;
    const row =
      rows.get(key) ??
      new Map([
        ['pxname', proxy],
        ['svname', server],
        ['type', types[scope as keyof typeof types]],
        [fromMetrics, '1'],
      ]);
    rows.set(key, row);
    addValue(row, scope, metric, labels, value);
  }
  return [...rows.values()].filter((row) => row.has('status'));
}

function addValue(row: Map<string, string>, scope: string, metric: string, labels: ReadonlyMap<string, string>, value: string): void {
  const column = columns.get(metric);
  const number = Number(value);
  if (column !== undefined && Number.isFinite(number)) row.set(column, String(Math.round(number)));
  const state = labels.get('state');
  if (metric === 'status' && state !== undefined && number === 1)
    row.set('status', scope === 'frontend' && state === 'UP' ? 'OPEN' : state);
  if (metric === 'check_status' && state !== undefined && number === 1) row.set('check_status', state);
  const code = labels.get('code');
  if (metric === 'http_responses_total' && code !== undefined && Number.isFinite(number))
    row.set(`hrsp_${code}`, String(Math.round(number)));
  // The standalone exporter tells up or down, and nothing of checks.
  if (metric !== 'up') return;
  row.set('status', number === 1 ? 'UP' : 'DOWN');
  if (scope === 'server') row.set('check_status', 'INI');
}

/** GETs the metrics of a HAProxy. @throws Error with the reason when there are none. */
export async function fetchMetricsText(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal, redirect: 'follow' });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response.body ?? []) {
    sizeBytes += part.byteLength;
    if (sizeBytes > bytesMax) throw new Error(`${url} is longer than ${bytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
