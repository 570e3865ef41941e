import type { LabelMatcher, Queryable, SeriesView } from '../../detect/series/queryable.ts';
import type { ProxyKind } from '../../model/proxy.ts';
import type { CountRow, CountsAnswer } from './questions.ts';

/** Where a proxy counts its requests: metric, the labels that name the thing, and what kind of thing it is. */
interface Counter {
  readonly metric: string;
  readonly scope: CountRow['scope'];
  readonly nameLabels: readonly string[];
  readonly serverLabel: string | null;
}

/** Sources: HAProxy's embedded exporter (`proxy`) and the standalone one (`backend`, `frontend`); Traefik v1, v2 and v3. */
const counters: Readonly<Record<ProxyKind, readonly Counter[]>> = {
  haproxy: [
    { metric: 'haproxy_frontend_http_responses_total', scope: 'entry', nameLabels: ['proxy', 'frontend'], serverLabel: null },
    { metric: 'haproxy_backend_http_responses_total', scope: 'backend', nameLabels: ['proxy', 'backend'], serverLabel: null },
    { metric: 'haproxy_server_http_responses_total', scope: 'server', nameLabels: ['proxy', 'backend'], serverLabel: 'server' },
  ],
  traefik: [
    { metric: 'traefik_entrypoint_requests_total', scope: 'entry', nameLabels: ['entrypoint'], serverLabel: null },
    { metric: 'traefik_router_requests_total', scope: 'route', nameLabels: ['router'], serverLabel: null },
    { metric: 'traefik_service_requests_total', scope: 'backend', nameLabels: ['service'], serverLabel: null },
    { metric: 'traefik_backend_requests_total', scope: 'backend', nameLabels: ['backend'], serverLabel: null },
  ],
};

/**
 * Requests over the last `windowMs` from scraped counters, with resets made good. A series that was born within the
 * window started from zero, so its first value counts: the first errors of an outage are births.
 *
 * @returns null when the target was not scraped at least twice in the window.
 */
export function countTraffic(
  store: Queryable,
  target: { readonly proxy: ProxyKind; readonly instance: string },
  nowMs: number,
  windowMs: number,
): CountsAnswer | null {
  const scrapes = store.select([equals('__name__', 'up'), equals('instance', target.instance)], nowMs - windowMs, nowMs)[0];
  const first = scrapes?.times[scrapes.start];
  if (scrapes === undefined || first === undefined || scrapes.end - scrapes.start < 2) return null;
  const rows = new Map<string, { row: Omit<CountRow, 'total' | 'byClass' | 'byCode'>; byCode: Map<string, number> }>();
  for (const counter of counters[target.proxy]) {
    for (const view of store.select([equals('__name__', counter.metric), equals('instance', target.instance)], nowMs - windowMs, nowMs)) {
      const name = counter.nameLabels.map((label) => view.labels[label]).find((value) => value !== undefined);
      if (name === undefined) continue;
      const server = counter.serverLabel === null ? null : (view.labels[counter.serverLabel] ?? null);
      const key = `${counter.scope} ${name} ${server ?? ''}`;
      const entry = rows.get(key) ?? { row: { scope: counter.scope, name, server }, byCode: new Map<string, number>() };
      const code = view.labels['code'] ?? 'other';
      entry.byCode.set(code, (entry.byCode.get(code) ?? 0) + increase(view, first));
      rows.set(key, entry);
    }
  }
  return { coveredMs: nowMs - first, rows: [...rows.values()].map(({ row, byCode }) => ({ ...row, ...summarize(byCode) })) };
}

function equals(name: string, value: string): LabelMatcher {
  return { name, op: '=', value, matches: (candidate) => candidate === value };
}

function increase(view: SeriesView, firstScrapeAt: number): number {
  let grown = 0;
  let previous: number | null = null;
  for (let index = view.start; index < view.end; index += 1) {
    if (view.stale?.[index] === 1) continue;
    const value = view.values[index] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    if (previous === null) grown += (view.times[index] ?? 0) > firstScrapeAt ? value : 0;
    else grown += value < previous ? value : value - previous;
    previous = value;
  }
  return grown;
}

function summarize(byCode: ReadonlyMap<string, number>): Pick<CountRow, 'total' | 'byClass' | 'byCode'> {
  const byClass = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 };
  const codes: Record<string, number> = {};
  let total = 0;
  for (const [code, count] of byCode) {
    const statusClass = `${code[0]}xx` as keyof typeof byClass;
    total += count;
    if (statusClass in byClass) byClass[statusClass] += count;
    if (/^\d{3}$/.test(code)) codes[code] = count;
  }
  return { total, byClass, byCode: codes };
}
