import { evaluateRange } from '../detect/promql/evaluate.ts';
import { parseExpr } from '../detect/promql/parser.ts';
import type { Queryable } from '../detect/series/queryable.ts';
import type { SeriesView } from '../interfaces/verbs.ts';
import type { Evidence } from '../model/diagnosis.ts';
import type { Incident } from '../model/incident.ts';
import type { ProxyKind } from '../model/proxy.ts';

export interface EvidenceTarget {
  readonly proxy: ProxyKind;
  readonly instance: string;
}

const plottedMs = 10 * 60_000;
const stepsMax = 120;

interface Plot {
  readonly unit: string;
  readonly query: string;
  readonly nameOf: (labels: Readonly<Record<string, string>>) => string;
}

/** The samples behind a piece of evidence over the ten minutes around the alert; null when no metric shows it. */
export function evidenceSeries(
  incident: Incident,
  evidence: Evidence,
  target: EvidenceTarget,
  store: Queryable,
  nowMs: number,
): SeriesView | null {
  const plot = plotOf(evidence, incident, target);
  if (plot === null) return null;
  const endMs = incident.resolvedAt === null ? nowMs : Math.min(nowMs, incident.resolvedAt + 60_000);
  const stepMs = Math.max(1_000, Math.ceil(plottedMs / stepsMax / 1_000) * 1_000);
  const startMs = Math.floor((endMs - plottedMs) / stepMs) * stepMs;
  const { value } = evaluateRange(parseExpr(plot.query), { queryable: store, startMs, endMs, stepMs });
  if (value.type !== 'matrix' || value.series.length === 0) return null;
  const steps = Math.floor((endMs - startMs) / stepMs) + 1;
  const series = value.series.slice(0, 40).map((one) => {
    const values: (number | null)[] = Array.from({ length: steps }, () => null);
    one.times.forEach((time, index) => {
      const point = one.values[index] ?? Number.NaN;
      values[Math.round((time - startMs) / stepMs)] = Number.isFinite(point) ? point : null;
    });
    const name = plot.nameOf(one.labels);
    return { name, role: isSubject(name, evidence) ? ('subject' as const) : ('peer' as const), values };
  });
  const marks = incident.alerts.map((alert) => ({ at: alert.startsAt, kind: 'alert' as const, text: `${alert.name} fires` }));
  return { unit: plot.unit, startAt: startMs, stepMs, threshold: null, query: plot.query, series, marks };
}

function isSubject(name: string, evidence: Evidence): boolean {
  return evidence.subject === name || evidence.subject.endsWith(`/${name}`);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Which metric shows what a check saw, per proxy. Labels are quoted as PromQL strings: foreign text never becomes syntax. */
function plotOf(evidence: Evidence, incident: Incident, { proxy, instance }: EvidenceTarget): Plot | null {
  const backend = incident.backend;
  if (backend === null)
    return evidence.check === 'proxy/metrics'
      ? { unit: 'up', query: `up{instance=${quoted(instance)}}`, nameOf: () => evidence.subject }
      : null;
  const at = `instance=${quoted(instance)}`;
  const servers = evidence.check === 'proxy/server-states' || evidence.check === 'network/tcp-connect';
  const shares = evidence.check.startsWith('traffic/') || evidence.check === 'proxy/access-log';
  if (proxy === 'traefik') {
    const service = `service=${quoted(backend)},${at}`;
    if (servers)
      return {
        unit: 'up',
        query: `traefik_service_server_up{${service}}`,
        nameOf: (labels) => (labels['url'] ?? '').replace(/^https?:\/\//, ''),
      };
    if (shares)
      return {
        unit: 'requests/s',
        query: `sum by (code) (rate(traefik_service_requests_total{${service}}[30s]))`,
        nameOf: (labels) => labels['code'] ?? 'total',
      };
    return null;
  }
  if (servers)
    return {
      unit: 'up',
      query: `haproxy_server_status{proxy=${quoted(backend)},state="UP",${at}} or haproxy_server_up{backend=${quoted(backend)},${at}}`,
      nameOf: (labels) => labels['server'] ?? '',
    };
  if (shares) {
    const rate = (label: string) => `sum by (code) (rate(haproxy_backend_http_responses_total{${label}=${quoted(backend)},${at}}[30s]))`;
    return { unit: 'requests/s', query: `${rate('proxy')} or ${rate('backend')}`, nameOf: (labels) => labels['code'] ?? 'total' };
  }
  return null;
}
