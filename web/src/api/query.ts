import { readPrometheus } from './client.ts';
import { fieldsOf, labelsOf, listOf, textOf, textsOf } from './reading.ts';

/** What an expression is worth now, as a table. */
export interface QueryValue {
  readonly rows: readonly QueryRow[];
  readonly notes: readonly string[];
}

export interface QueryRow {
  /** As PromQL writes it: `up{job="haproxy"}`; empty for a number or text. */
  readonly series: string;
  /** In the digits of the server. */
  readonly value: string;
}

/** A rule whose expression it is. */
export interface AskingRule {
  readonly name: string;
  readonly group: string;
  readonly file: string;
  readonly state: string;
  readonly alerts: readonly { readonly state: string; readonly series: string }[];
}

export async function fetchValue(expr: string, signal?: AbortSignal): Promise<QueryValue> {
  const answer = fieldsOf(await readPrometheus(`/query?${new URLSearchParams({ query: expr })}`, signal));
  const { resultType, result } = fieldsOf(answer['data']);
  const isSingle = resultType === 'scalar' || resultType === 'string';
  return {
    rows: isSingle ? [{ series: '', value: pointText(result) }] : listOf(result, readRow),
    notes: [...textsOf(answer['warnings']), ...textsOf(answer['infos'])],
  };
}

export async function fetchRulesOf(expr: string, signal?: AbortSignal): Promise<readonly AskingRule[]> {
  const answer = fieldsOf(await readPrometheus('/rules?type=alert', signal));
  const groups = listOf(fieldsOf(answer['data'])['groups'], fieldsOf);
  return groups.flatMap((group) =>
    listOf(group['rules'], fieldsOf).flatMap((rule) =>
      textOf(rule['query']) !== expr
        ? []
        : [
            {
              name: textOf(rule['name']),
              group: textOf(group['name']),
              file: textOf(group['file']),
              state: textOf(rule['state'], 'unknown'),
              alerts: listOf(rule['alerts'], (alert) => {
                const it = fieldsOf(alert);
                return { state: textOf(it['state']), series: seriesText(labelsOf(it['labels'])) };
              }),
            },
          ],
    ),
  );
}

function readRow(value: unknown): QueryRow {
  const it = fieldsOf(value);
  const points = listOf(it['values'], pointText);
  const histogram = it['histogram'] ?? it['histograms'];
  const single = histogram === undefined ? pointText(it['value']) : 'a native histogram';
  return { series: seriesText(labelsOf(it['metric'])), value: points.length > 0 ? points.join(' ') : single };
}

function pointText(value: unknown): string {
  return Array.isArray(value) ? textOf(value[1], 'unknown') : 'unknown';
}

function seriesText({ __name__: name = '', ...labels }: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? name || '{}' : `${name}{${pairs.join(', ')}}`;
}
