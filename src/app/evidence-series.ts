import { evaluateRange } from '../detect/promql/evaluate.ts';
import { parseExpr } from '../detect/promql/parser.ts';
import type { LabelMatcher, Queryable } from '../detect/series/queryable.ts';
import type { SeriesView } from '../interfaces/verbs.ts';
import type { Evidence } from '../model/diagnosis.ts';
import type { Incident } from '../model/incident.ts';
import type { Plan } from '../model/plan.ts';
import type { ProxyKind } from '../model/proxy.ts';

/** What plots of an incident are drawn from. */
export interface PlotParts {
  readonly proxy: ProxyKind;
  readonly instance: string;
  readonly store: Queryable;
  readonly nowMs: number;
  /** Expressions of the incident's alerts: their thresholds belong into the plots of the same kind. */
  readonly exprs: readonly string[];
  readonly plans?: readonly Plan[];
}

const plottedMs = 10 * 60_000;
const stepsMax = 120;
const linesMax = 40;
const afterResolvedMs = 60_000;
const marksApartMs = 30_000;

type Line = { readonly name: string; readonly role: SeriesView['series'][number]['role'] };

interface Plot {
  readonly unit: 'up' | '%' | '/s';
  readonly query: string;
  /** What must be in the store for the query to have an answer. */
  readonly metrics: readonly string[];
  readonly lineOf: (labels: Readonly<Record<string, string>>) => Line;
}

/** Ids of the evidence whose plot would show something. */
export function plottedEvidence(incident: Incident, parts: PlotParts): readonly string[] {
  const { startMs, endMs } = spanOf(incident, parts);
  const known = new Map<string, boolean>();
  const has = (metric: string) => {
    const found =
      known.get(metric) ?? parts.store.select([is('__name__', metric), is('instance', parts.instance)], startMs, endMs).length > 0;
    known.set(metric, found);
    return found;
  };
  return (incident.diagnosis?.evidence ?? []).filter((item) => plotOf(item, incident, parts)?.metrics.some(has)).map((item) => item.id);
}

/** The samples behind a piece of evidence over the last minutes of the incident; null when no metric shows it. */
export function evidenceSeries(incident: Incident, evidence: Evidence, parts: PlotParts): SeriesView | null {
  const plot = plotOf(evidence, incident, parts);
  if (plot === null) return null;
  const { startMs, endMs, stepMs } = spanOf(incident, parts);
  const { value } = evaluateRange(parseExpr(plot.query), { queryable: parts.store, startMs, endMs, stepMs });
  if (value.type !== 'matrix' || value.series.length === 0) return null;
  const found = value.series.slice(0, linesMax);
  const steps = Math.max(0, Math.floor((endMs - startMs) / stepMs)) + 1;
  const series = found.map((one) => {
    const values: (number | null)[] = Array.from({ length: steps }, () => null);
    one.times.forEach((time, index) => {
      const point = one.values[index] ?? Number.NaN;
      values[Math.round((time - startMs) / stepMs)] = Number.isFinite(point) ? point : null;
    });
    return { ...plot.lineOf(one.labels), values };
  });
  const threshold = plot.unit === '%' ? thresholdOf(parts.exprs) : null;
  return { unit: plot.unit, startAt: startMs, stepMs, threshold, query: plot.query, series, marks: marksOf(incident, parts.plans ?? []) };
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** The last ten minutes of the incident, or less where we have not watched for so long: an empty stretch only makes the rest small. */
function spanOf(incident: Incident, { nowMs, store, instance }: PlotParts): Span {
  const endMs = incident.resolvedAt === null ? nowMs : Math.min(nowMs, incident.resolvedAt + afterResolvedMs);
  const [scrapes] = store.select([is('__name__', 'up'), is('instance', instance)], endMs - plottedMs, endMs);
  const firstMs = scrapes?.times[scrapes.start] ?? endMs - plottedMs;
  const stepMs = Math.max(1_000, Math.ceil((endMs - firstMs) / stepsMax / 1_000) * 1_000);
  // Always at the same instants, so that a plot that is drawn again does not wobble.
  return { startMs: Math.ceil(firstMs / stepMs) * stepMs, endMs: Math.floor(endMs / stepMs) * stepMs, stepMs };
}

const comparison = /(>=?|<=?)\s*(\d{1,6}(?:\.\d{1,6})?)\s*$/;

/** `… * 100 > 5`: what a rate rule fires at, in percent. Other rules have no threshold that fits a plot of percents. */
function thresholdOf(exprs: readonly string[]): SeriesView['threshold'] {
  for (const expr of exprs) {
    const [, op, value] = comparison.exec(expr.slice(-40)) ?? [];
    if (op !== undefined && value !== undefined && expr.includes('* 100')) return { op, value: Number(value) };
  }
  return null;
}

/** Alerts that follow each other closely are one mark, that of the first; our changes stand beside them. */
function marksOf(incident: Incident, plans: readonly Plan[]): SeriesView['marks'] {
  const alerts: Incident['alerts'][number][] = [];
  for (const alert of incident.alerts.toSorted((a, b) => a.startsAt - b.startsAt)) {
    if (alert.startsAt - (alerts.at(-1)?.startsAt ?? Number.NEGATIVE_INFINITY) > marksApartMs) alerts.push(alert);
  }
  return [
    ...alerts.map((alert) => ({ at: alert.startsAt, kind: 'alert' as const, text: `${alert.name} fires` })),
    ...plans.flatMap((plan) =>
      plan.approvedAt === null ? [] : [{ at: plan.approvedAt, kind: 'change' as const, text: `plan ${plan.id}` }],
    ),
  ];
}

const serverChecks = ['proxy/server-states', 'network/tcp-connect'];
const proxyChecks = ['proxy/metrics', 'proxy/process', 'proxy/front-door'];

/** Which metric shows what a check saw, per proxy. */
function plotOf(evidence: Evidence, incident: Incident, parts: PlotParts): Plot | null {
  if (proxyChecks.includes(evidence.check)) return upPlot(evidence, parts);
  const { backend } = incident;
  if (backend === null) return null;
  if (serverChecks.includes(evidence.check)) return serverStatesPlot(evidence, backend, parts);
  // Why a request to one server failed stands in the log alone: no counter of the server shows it.
  const isCounted = evidence.check.startsWith('traffic/') || (evidence.check === 'proxy/access-log' && evidence.subject === backend);
  return isCounted ? sharesPlot(evidence, backend, parts) : null;
}

function upPlot({ subject }: Evidence, { instance }: PlotParts): Plot {
  return {
    unit: 'up',
    metrics: ['up'],
    query: `up{instance=${quoted(instance)}}`,
    lineOf: () => ({ name: subject, role: 'subject' }),
  };
}

function serverStatesPlot(evidence: Evidence, backend: string, { proxy, instance }: PlotParts): Plot {
  const at = `instance=${quoted(instance)}`;
  if (proxy === 'traefik') {
    return {
      unit: 'up',
      metrics: ['traefik_service_server_up', 'traefik_backend_server_up'],
      query: `traefik_service_server_up{service=${quoted(backend)},${at}} or traefik_backend_server_up{backend=${quoted(backend)},${at}}`,
      lineOf: (labels) => serverLine((labels['url'] ?? '').replace(/^[a-z]{1,10}:\/\//, ''), evidence),
    };
  }
  return {
    unit: 'up',
    metrics: ['haproxy_server_status', 'haproxy_server_up'],
    query: `haproxy_server_status{proxy=${quoted(backend)},state="UP",${at}} or haproxy_server_up{backend=${quoted(backend)},${at}}`,
    lineOf: (labels) => serverLine(labels['server'] ?? '', evidence),
  };
}

function serverLine(name: string, { subject }: Evidence): Line {
  const isSubject = subject.endsWith(`/${name}`) || !subject.includes('/');
  return { name, role: isSubject ? 'subject' : 'peer' };
}

/** Over so much time a rate is formed: short enough to see a fault begin, long enough for a slow scrape. */
const rateWindow = '30s';

/** Share of answers with 5xx: per server where the proxy counts it, else of the whole backend. */
function sharesPlot(evidence: Evidence, backend: string, { proxy, instance }: PlotParts): Plot {
  const at = `instance=${quoted(instance)}`;
  if (proxy === 'traefik') {
    const metrics = ['traefik_service_requests_total', 'traefik_backend_requests_total'];
    const [v2, v1] = [`service=${quoted(backend)},${at}`, `backend=${quoted(backend)},${at}`];
    const query = `${sharePerBackend(metrics[0] ?? '', v2, '5..')} or ${sharePerBackend(metrics[1] ?? '', v1, '5..')}`;
    return { unit: '%', metrics, query, lineOf: () => ({ name: backend, role: 'subject' }) };
  }
  // A backend whose servers are all down answers by itself: only its own counter knows.
  if (!evidence.subject.includes('/')) {
    const metric = 'haproxy_backend_http_responses_total';
    const [v2, v1] = [`proxy=${quoted(backend)},${at}`, `backend=${quoted(backend)},${at}`];
    const query = `${sharePerBackend(metric, v2, '5xx')} or ${sharePerBackend(metric, v1, '5xx')}`;
    return { unit: '%', metrics: [metric], query, lineOf: () => ({ name: backend, role: 'subject' }) };
  }
  const metric = 'haproxy_server_http_responses_total';
  const [v2, v1] = [`proxy=${quoted(backend)},${at}`, `backend=${quoted(backend)},${at}`];
  const query = `${sharePerServer(metric, v2)} or ${sharePerServer(metric, v1)}`;
  return { unit: '%', metrics: [metric], query, lineOf: (labels) => serverLine(labels['server'] ?? '', evidence) };
}

function sharePerBackend(metric: string, where: string, errors: string): string {
  const rate = (more: string) => `sum(rate(${metric}{${where}${more}}[${rateWindow}]))`;
  return `100 * (${rate(`,code=~"${errors}"`)} or ${rate('')} * 0) / (${rate('')} > 0)`;
}

function sharePerServer(metric: string, where: string): string {
  const rate = (more: string) => `sum by (server) (rate(${metric}{${where}${more}}[${rateWindow}]))`;
  return `100 * ${rate(',code="5xx"')} / (${rate('')} > 0)`;
}

/** Labels are quoted as PromQL strings: foreign text never becomes syntax. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

function is(name: string, value: string): LabelMatcher {
  return { name, op: '=', value, matches: (candidate) => candidate === value };
}
