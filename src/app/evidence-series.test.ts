import { expect, test } from 'vitest';
import { ExpositionParser } from '../detect/scrape/exposition-parser.ts';
import { SeriesWindows } from '../detect/series/series-windows.ts';
import type { Evidence } from '../model/diagnosis.ts';
import type { Incident, IncidentAlert } from '../model/incident.ts';
import { labelsOf } from '../model/labels.ts';
import type { Plan } from '../model/plan.ts';
import { evidenceSeries, type PlotParts, plottedEvidence } from './evidence-series.ts';

const instance = 'h:1';
const startS = 1_000;

/** A minute of scrapes every five seconds; from second 30 on `s1` is down and answers nothing but errors. */
function scraped(text: (second: number, bad: boolean) => string): SeriesWindows {
  const windows = new SeriesWindows();
  windows.setTarget('edge', labelsOf([['instance', instance]]));
  const parser = new ExpositionParser();
  for (let second = 0; second <= 60; second += 5) {
    const exposition = parser.parse(new TextEncoder().encode(text(second, second >= 30)));
    windows.commitScrape({ target: 'edge', atMs: (startS + second) * 1_000, durationMs: 1, exposition });
  }
  return windows;
}

const haproxy = scraped((second, bad) =>
  [
    `haproxy_server_status{proxy="api",server="s1",state="UP"} ${bad ? 0 : 1}`,
    'haproxy_server_status{proxy="api",server="s2",state="UP"} 1',
    `haproxy_server_http_responses_total{proxy="api",server="s1",code="2xx"} ${10 * Math.min(second, 30)}`,
    `haproxy_server_http_responses_total{proxy="api",server="s1",code="5xx"} ${10 * Math.max(0, second - 30)}`,
    `haproxy_server_http_responses_total{proxy="api",server="s2",code="2xx"} ${10 * second}`,
    'haproxy_server_http_responses_total{proxy="api",server="s2",code="5xx"} 0',
    `haproxy_backend_http_responses_total{proxy="api",code="2xx"} ${20 * second}`,
    `haproxy_backend_http_responses_total{proxy="api",code="5xx"} ${5 * second}`,
    '',
  ].join('\n'),
);

const traefik = scraped((second, bad) =>
  [
    `traefik_service_server_up{service="api@file",url="http://127.0.0.1:8081"} ${bad ? 0 : 1}`,
    'traefik_service_server_up{service="api@file",url="http://127.0.0.1:8082"} 1',
    `traefik_service_requests_total{service="api@file",code="200"} ${30 * second}`,
    '',
  ].join('\n'),
);

function evidence(check: string, subject: string, id = 'e1'): Evidence {
  const base = { finding: 'supports', cause: null, summary: '', facts: {}, durationMs: 1, fix: null } as const;
  return { ...base, id, check, subject, observedAt: '2026-11-20T10:00:00.000Z' };
}

function alertAt(second: number, name = 'HaproxyBackendDown'): IncidentAlert {
  const base = { name, labels: labelsOf([]), annotations: {}, state: 'firing', source: 'rules', endsAt: null } as const;
  return { ...base, fingerprint: `${name}${second}`, startsAt: (startS + second) * 1_000 };
}

function incident(backend: string | null, change: Partial<Incident> = {}): Incident {
  const base = { id: 'i1', state: 'open', title: '', severity: 'critical', target: 'edge', verdict: null, diagnosis: null } as const;
  const rest = { openedAt: 0, resolvedAt: null, acknowledgedBy: null, ticks: [], version: 1 };
  return { ...base, ...rest, backend, alerts: [alertAt(31), alertAt(33, 'HaproxyServerDown')], ...change };
}

function parts(change: Partial<PlotParts> = {}): PlotParts {
  return { proxy: 'haproxy', instance, store: haproxy, nowMs: (startS + 60) * 1_000, exprs: [], ...change };
}

/** Second since the first scrape and value, for one line of a plot. */
function points(plot: ReturnType<typeof evidenceSeries>, name: string): string[] {
  const line = plot?.series.find((one) => one.name === name);
  return (line?.values ?? []).flatMap((value, index) =>
    value === null || plot === null ? [] : [`${(plot.startAt + index * plot.stepMs) / 1_000 - startS}:${Number(value.toFixed(2))}`],
  );
}

test('the states of the servers: the subject among its peers, up until it was down', () => {
  const plot = evidenceSeries(incident('api'), evidence('proxy/server-states', 'api/s1'), parts());
  expect(plot).toMatchObject({ unit: 'up', threshold: null });
  expect(plot?.series.map(({ name, role }) => `${name} ${role}`)).toEqual(['s1 subject', 's2 peer']);
  expect(points(plot, 's1')).toEqual(expect.arrayContaining(['0:1', '29:1', '30:0', '60:0']));
  expect(new Set(points(plot, 's2').map((point) => point.split(':')[1]))).toEqual(new Set(['1']));
});

test('error shares are per server where the proxy counts them, with the threshold of the rule that fired', () => {
  const exprs = ['sum(up) > 3', '(sum(rate(a[1m])) * 100) / sum(rate(b[1m])) > 5'];
  const plot = evidenceSeries(incident('api'), evidence('traffic/error-shares', 'api/s1'), parts({ exprs }));
  expect(plot).toMatchObject({ unit: '%', threshold: { op: '>', value: 5 } });
  expect(points(plot, 's1').at(-1)).toBe('60:100');
  expect(points(plot, 's2').at(-1)).toBe('60:0');
});

test('what is about the whole backend is drawn from its own counters', () => {
  const plot = evidenceSeries(incident('api'), evidence('traffic/volume', 'api'), parts());
  expect(points(plot, 'api').at(-1)).toBe('60:20');
});

test('no errors are a share of zero, not an empty plot', () => {
  const plot = evidenceSeries(incident('api@file'), evidence('traffic/volume', 'api@file'), parts({ proxy: 'traefik', store: traefik }));
  expect(points(plot, 'api@file').at(-1)).toBe('60:0');
});

test('servers of Traefik are called by their address', () => {
  const about = evidence('network/tcp-connect', 'api@file/127.0.0.1:8081');
  const plot = evidenceSeries(incident('api@file'), about, parts({ proxy: 'traefik', store: traefik }));
  expect(plot?.series.map(({ name, role }) => `${name} ${role}`)).toEqual(['127.0.0.1:8081 subject', '127.0.0.1:8082 peer']);
});

test('alerts close to each other are one mark, a change of ours is another', () => {
  const plans = [{ id: 'p1', approvedAt: (startS + 40) * 1_000 } as Plan, { id: 'p2', approvedAt: null } as Plan];
  const plot = evidenceSeries(incident('api'), evidence('proxy/metrics', 'edge'), parts({ plans }));
  expect(plot?.marks.map(({ kind, text }) => `${kind} ${text}`)).toEqual(['alert HaproxyBackendDown fires', 'change plan p1']);
});

test('what no metric shows has no plot, and only evidence with samples says that it has one', () => {
  const list = [
    evidence('proxy/metrics', 'edge', 'e1'),
    evidence('proxy/config', 'edge', 'e2'),
    evidence('proxy/server-states', 'x', 'e3'),
  ];
  const about = incident('api', { diagnosis: { evidence: list } as unknown as Incident['diagnosis'] });
  expect(plottedEvidence(about, parts())).toEqual(['e1', 'e3']);
  expect(plottedEvidence(about, parts({ store: new SeriesWindows() }))).toEqual([]);
  expect(evidenceSeries(about, evidence('proxy/config', 'edge'), parts())).toBeNull();
  expect(evidenceSeries(incident(null), evidence('proxy/server-states', 'api/s1'), parts())).toBeNull();
});

test('a hostile name of a backend is text, not syntax', () => {
  const hostile = 'api"} or vector(1) or x{a="\\ \n';
  for (const check of ['proxy/server-states', 'traffic/volume', 'proxy/metrics'])
    expect(() => evidenceSeries(incident(hostile), evidence(check, hostile), parts())).not.toThrow();
  expect(evidenceSeries(incident(hostile), evidence('traffic/volume', hostile), parts())).toBeNull();
});

test('a resolved incident keeps the time it was about', () => {
  const resolvedAt = (startS - 300) * 1_000;
  expect(evidenceSeries(incident('api', { resolvedAt }), evidence('proxy/metrics', 'edge'), parts())).toBeNull();
});
