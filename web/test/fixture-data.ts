import type { Diagnosis, Evidence } from '../../src/model/diagnosis.ts';
import type { TimelineKind } from '../../src/model/incident.ts';
import type { GuardVerdict, Plan } from '../../src/model/plan.ts';

/** The answers of one server that has one bad server behind it: shapes as the API promises them, made from the model's types. */

const second = 1_000;
const minute = 60 * second;

export interface TimelineFixture {
  readonly seq: number;
  readonly at: number;
  readonly kind: TimelineKind;
  readonly summary: string;
  readonly actor: string;
  readonly data: Record<string, unknown>;
}

export interface PlanFixture extends Plan {
  seenAt?: number;
  liftsAt?: number | null;
  approvals?: { actor: string; at: number; reason: string }[];
  progress?: { command: string; state: string; observed: string | null }[];
  supersededBy?: string | null;
}

export interface IncidentFixture {
  id: string;
  state: string;
  title: string;
  severity: string;
  target: string;
  backend: string | null;
  alerts: { name: string; labels: Record<string, string>; state: string; startsAt: number }[];
  verdict: string | null;
  causes: Diagnosis['causes'];
  openedAt: number;
  resolvedAt: number | null;
  waitingFor: string | null;
  ackBy: string | null;
  headline: { label: string; value: number | string | null; unit: string; bad: boolean }[];
  detectedAfterMs: number | null;
  version: number;
  diagnosis: (Omit<Diagnosis, 'evidence'> & { readonly evidence: readonly (Evidence & { hasSeries: boolean })[] }) | null;
  plans: PlanFixture[];
  timeline: TimelineFixture[];
}

type EvidenceBrief = Pick<Evidence, 'id' | 'check' | 'finding' | 'cause' | 'subject' | 'summary'> &
  Partial<Evidence> & { hasSeries?: boolean };

function evidence(nowMs: number, brief: EvidenceBrief): Evidence & { hasSeries: boolean } {
  const observedAt = new Date(nowMs - 100 * second).toISOString();
  return { facts: {}, observedAt, durationMs: 12, fix: null, hasSeries: false, ...brief };
}

export function badServerEvidence(nowMs: number): (Evidence & { hasSeries: boolean })[] {
  const cause = 'bad-server';
  return [
    evidence(nowMs, {
      id: 'e1',
      check: 'haproxy/server-errors',
      finding: 'supports',
      cause,
      subject: 'api/s3',
      summary: 's3 answers 96.4 % with 5xx; its peers 0.1 and 0.2 %',
      hasSeries: true,
    }),
    evidence(nowMs, {
      id: 'e2',
      check: 'haproxy/backend-errors',
      finding: 'supports',
      cause,
      subject: 'api',
      summary: '5xx ratio of api went from 0.1 % to 32.1 % at 03:10:59',
      hasSeries: true,
    }),
    evidence(nowMs, {
      id: 'e3',
      check: 'network/http-get',
      finding: 'supports',
      cause,
      subject: 'api/s3',
      summary: 'GET / and /orders answer 500 in 9 ms, 5 of 5 tries; s1 answers 200',
      facts: {
        tries: [
          { target: '10.0.4.13:8080', path: '/', status: 500, ms: 9.1 },
          { target: '10.0.4.13:8080', path: '/orders', status: 500, ms: 8.8 },
          { target: '10.0.4.11:8080', path: '/orders', status: 200, ms: 12.4 },
        ],
      },
    }),
    evidence(nowMs, {
      id: 'e4',
      check: 'network/tcp-connect',
      finding: 'contradicts',
      cause: 'connection-refused',
      subject: 'api/s3',
      summary: '10.0.4.13:8080 accepts in 0.3 ms',
      facts: { elapsedMs: 0.3, address: '10.0.4.13:8080' },
    }),
    evidence(nowMs, {
      id: 'e5',
      check: 'haproxy/response-time',
      finding: 'contradicts',
      cause: 'backend-slow',
      subject: 'api',
      summary: 'median 12 ms, same as the hour before: not slow',
      hasSeries: true,
    }),
    evidence(nowMs, {
      id: 'e6',
      check: 'haproxy/own-changes',
      finding: 'contradicts',
      cause: 'leftover-mitigation',
      subject: 'edge',
      summary: 'none of our changes is in force on edge',
      facts: { changesInForce: 0 },
    }),
    evidence(nowMs, {
      id: 'e7',
      check: 'server/log',
      finding: 'unknown',
      cause: 'disk-full',
      subject: 'api/s3',
      summary: 'no log_file and no host access for api/s3',
      fix: 'add servers[api/s3].log_file to proxymedic.yml',
    }),
  ];
}

export const allowingGuards: readonly GuardVerdict[] = [
  { id: 'min-healthy', allow: true, reason: '2 of 3 servers stay ready; 2 needed' },
  { id: 'capacity', allow: true, reason: 's1, s2 reach 61 % of their limit (80 % allowed)' },
  { id: 'fresh-state', allow: true, reason: 'read 1.2 s ago, 10 s allowed' },
  { id: 'lease', allow: true, reason: 'edge/api is free' },
  { id: 'hands-off', allow: true, reason: 'no silence, window or foreign change' },
  { id: 'storm', allow: true, reason: '1 incident in 10 m, 5 allowed' },
  { id: 'breaker', allow: true, reason: 'closed; 0 of 3 runs failed' },
];

export function drainPlan(nowMs: number): PlanFixture {
  return {
    id: '7f3a',
    incident: '1042',
    step: 'mitigation/1',
    runbook: 'HaproxyHighHttp5xxErrorRateBackend',
    target: 'edge',
    backend: 'api',
    action: 'haproxy/drain-server',
    summary: 'Drain api/s3',
    cause: 'bad-server',
    subjects: ['api/s3'],
    risk: 'reversible',
    commands: [{ kind: 'haproxy', target: 'edge', line: 'set server api/s3 state drain', subject: 'api/s3' }],
    undo: [{ kind: 'haproxy', target: 'edge', line: 'set server api/s3 state ready', subject: 'api/s3' }],
    expected: [{ subject: 'api/s3', field: 'administrative', was: 'ready', becomes: 'drain' }],
    effects: [{ subject: 'api/s3', does: 'take-out' }],
    preconditions: [{ subject: 'api/s3', administrative: 'ready', up: true, weight: 100, address: '10.0.4.13:8080' }],
    configHash: 'c0ffee',
    guards: allowingGuards,
    hash: '9f2c71abd0e4477a9f2c71abd0e4477a9f2c71abd0e4477a9f2c71abd0e4477a',
    state: 'proposed',
    proposedAt: nowMs - 102 * second,
    expiresAt: nowMs + 13 * minute + 18 * second,
    approvedBy: null,
    approvedAt: null,
    approvalReason: null,
    version: 1,
    seenAt: nowMs - second,
    liftsAt: nowMs + 60 * minute,
    approvals: [],
    progress: [{ command: 'set server api/s3 state drain', state: 'waiting', observed: null }],
    supersededBy: null,
  };
}

/** The same intent after s3 was moved to another address: other commands, other hash. */
export function driftedPlan(nowMs: number): PlanFixture {
  return {
    ...drainPlan(nowMs),
    id: '7f3c',
    summary: 'Drain api/s3 and api/s2',
    subjects: ['api/s3', 'api/s2'],
    commands: [
      { kind: 'haproxy', target: 'edge', line: 'set server api/s3 state drain', subject: 'api/s3' },
      { kind: 'haproxy', target: 'edge', line: 'set server api/s2 state drain', subject: 'api/s2' },
    ],
    hash: '41d077beafe0112241d077beafe0112241d077beafe0112241d077beafe01122',
    version: 1,
  };
}

export function timeline(nowMs: number): TimelineFixture[] {
  const rows: readonly (readonly [number, TimelineKind, string, string])[] = [
    [105, 'alert', 'first 500 from api/s3 (access log)', 'proxymedic'],
    [102, 'alert', 'alert fires: 5xx ratio 5.8 % > 5 %', 'proxymedic'],
    [102, 'opened', 'incident #1042 opened, runbook started', 'proxymedic'],
    [101, 'diagnosis', 'cause found: bad-server api/s3 (0.96), 640 ms', 'proxymedic'],
    [101, 'plan', 'plan 7f3a proposed: drain api/s3', 'proxymedic'],
    [100, 'note', 'sent to slack #edge and pagerduty', 'proxymedic'],
    [40, 'note', 'acknowledged', 'mia'],
    [13, 'plan', 'guards checked again: 7 of 7 allow', 'proxymedic'],
  ];
  return rows.map(([ago, kind, summary, actor], index) => ({ seq: index + 1, at: nowMs - ago * second, kind, summary, actor, data: {} }));
}

export function badServerIncident(nowMs: number): IncidentFixture {
  const causes = [
    {
      id: 'bad-server',
      subjects: ['api/s3'],
      confidence: 0.96,
      because: ['e1', 'e2', 'e3'],
      mitigations: [{ action: 'haproxy/drain-server', risk: 'reversible' as const }],
    },
  ];
  const labels = { alertname: 'HaproxyHighHttp5xxErrorRateBackend', instance: 'edge:8404', proxy: 'api', severity: 'critical' };
  return {
    id: '1042',
    state: 'open',
    title: 'api on edge: 32 % of requests answer 5xx, all from server s3',
    severity: 'critical',
    target: 'edge',
    backend: 'api',
    alerts: [{ name: labels.alertname, labels, state: 'firing', startsAt: nowMs - 102 * second }],
    verdict: 'cause-found',
    causes,
    openedAt: nowMs - 102 * second,
    resolvedAt: null,
    waitingFor: 'approval',
    ackBy: 'mia',
    headline: [
      { label: '5xx of s3 (s1 0.1 %, s2 0.2 %)', value: 0.964, unit: 'ratio', bad: true },
      { label: 'failing requests of 412/s on api', value: 132, unit: '/s', bad: false },
      { label: 'servers healthy, 2 needed (50 %)', value: '2 of 3', unit: '', bad: false },
      { label: 'first 500', value: nowMs - 105 * second, unit: 'instant', bad: false },
    ],
    detectedAfterMs: 3_100,
    version: 7,
    diagnosis: {
      alert: { name: labels.alertname, labels },
      target: 'edge',
      backend: 'api',
      runbook: labels.alertname,
      verdict: 'cause-found',
      causes,
      ruledOut: [
        { id: 'application-errors', because: ['e3'] },
        { id: 'connection-refused', because: ['e4'] },
        { id: 'backend-slow', because: ['e5'] },
        { id: 'leftover-mitigation', because: ['e6'] },
      ],
      evidence: badServerEvidence(nowMs),
      steps: [],
      startedAt: new Date(nowMs - 102 * second).toISOString(),
      durationMs: 640,
    },
    plans: [drainPlan(nowMs)],
    timeline: timeline(nowMs),
  };
}

export function otherIncidents(nowMs: number): IncidentFixture[] {
  const base = badServerIncident(nowMs);
  const quiet = { ...base, plans: [], waitingFor: null, headline: [], ackBy: null };
  return [
    {
      ...quiet,
      id: '1041',
      severity: 'warning',
      title: 'web on front: the certificate of shop expires in 6 d',
      verdict: 'undetermined',
      causes: [],
      waitingFor: 'person',
      openedAt: nowMs - 14 * minute,
      target: 'front',
      backend: 'shop',
    },
    {
      ...quiet,
      id: '1040',
      state: 'verifying',
      title: 'cart@file on front: no server is up',
      causes: [{ id: 'process-stopped', subjects: ['cart@file/10.0.4.21:8080'], confidence: 0.98, because: ['e1'], mitigations: [] }],
      waitingFor: 'verification',
      openedAt: nowMs - 4 * minute,
      target: 'front',
      backend: 'cart@file',
      ackBy: 'jon',
    },
  ];
}

export function resolvedIncident(nowMs: number): IncidentFixture {
  const base = badServerIncident(nowMs);
  return {
    ...base,
    id: '1039',
    state: 'resolved',
    waitingFor: null,
    title: 'search on edge: both servers refuse the connection',
    causes: [{ id: 'connection-refused', subjects: ['search'], confidence: 0.97, because: ['e4'], mitigations: [] }],
    openedAt: nowMs - 190 * minute,
    resolvedAt: nowMs - 184 * minute,
    plans: [],
  };
}

/** An incident whose every text tries to be more than text. */
export function hostileIncident(nowMs: number): IncidentFixture {
  const evil = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';
  const base = badServerIncident(nowMs);
  const cause = { ...base.causes[0]!, id: `bad-server${evil}`, subjects: [evil, 'javascript:window.pwned=1', 'a'.repeat(400)] };
  return {
    ...base,
    id: '666',
    title: `${evil} {{constructor.constructor('window.pwned=1')()}} \u202Egnp.exe`,
    severity: evil,
    alerts: [{ name: evil, labels: { __proto__x: evil, constructor: evil, backend: 'b'.repeat(600) }, state: 'firing', startsAt: nowMs }],
    causes: [cause],
    headline: [{ label: evil, value: evil, unit: evil, bad: true }],
    diagnosis: {
      ...base.diagnosis!,
      causes: [cause],
      evidence: base.diagnosis!.evidence.map((item) => ({
        ...item,
        summary: `${item.summary} ${evil}`,
        check: evil,
        facts: { [evil]: evil, rows: [{ [evil]: evil, status: evil }] },
        fix: item.fix && evil,
      })),
    },
    plans: [{ ...drainPlan(nowMs), id: 'evil', summary: evil, guards: [{ id: evil, allow: true, reason: evil }] }],
    timeline: base.timeline.map((entry) => ({ ...entry, summary: evil, actor: evil })),
  };
}

export function series(id: string, nowMs: number): object {
  const count = 280;
  const stepMs = 1_000;
  const startAt = nowMs - count * stepMs;
  const marks = [{ at: nowMs - 102 * second, kind: 'alert', text: 'alert' }];
  const broken = (index: number) => index >= count - 107;
  const ripple = (index: number, size: number) => size * (Math.sin(index / 7) + Math.sin(index / 3.1)) * 0.5;
  const line = (of: (index: number) => number | null) => Array.from({ length: count }, (_, index) => of(index));
  const shared = { startAt, stepMs, marks, query: 'sum by (server) (rate(haproxy_server_http_responses_total{code="5xx"}[1m]))' };
  if (id === 'e1') {
    return {
      ...shared,
      unit: 'ratio',
      threshold: null,
      series: [
        { name: 's3', role: 'subject', values: line((index) => (broken(index) ? 0.96 + ripple(index, 0.015) : 0.002)) },
        { name: 's1', role: 'peer', values: line((index) => 0.004 + Math.abs(ripple(index, 0.003))) },
        { name: 's2', role: 'peer', values: line((index) => 0.002 + Math.abs(ripple(index, 0.002))) },
      ],
    };
  }
  if (id === 'e2') {
    const climbing = (index: number) => Math.min(1, (index - (count - 107)) / 14);
    return {
      ...shared,
      unit: 'ratio',
      threshold: { op: '>', value: 0.05 },
      series: [
        {
          name: 'api',
          role: 'subject',
          values: line((index) => (broken(index) ? 0.321 * climbing(index) + ripple(index, 0.006) * climbing(index) : 0.001)),
        },
      ],
    };
  }
  return {
    ...shared,
    unit: 'ms',
    threshold: { op: '>', value: 40 },
    series: [{ name: 'api', role: 'subject', values: line((index) => (index > 60 && index < 72 ? null : 12 + ripple(index, 1.4))) }],
  };
}

export function topology(nowMs: number): object {
  const server = (id: string, address: string, errorShare: number, more: object = {}) => ({
    id,
    address,
    state: 'up',
    failing: false,
    reason: null,
    check: { status: 'L7OK', at: nowMs },
    weight: 100,
    rps: 137,
    errorShare,
    p95Ms: 41,
    connections: 4,
    limit: 100,
    queue: 0,
    backup: false,
    change: null,
    foreign: null,
    ...more,
  });
  return {
    proxy: 'haproxy',
    version: '2.6.12',
    at: nowMs - 1_200,
    staleAfterMs: 10_000,
    entries: [{ id: 'web', bind: ':443', state: 'open', rps: 418, errorShare: 0.316, connections: 20, limit: 2000 }],
    routes: [{ entry: 'web', backend: 'api', rule: 'default_backend', middlewares: [], state: 'enabled', rps: 412, errorShare: 0.321 }],
    backends: [
      {
        id: 'api',
        state: 'up',
        ready: 3,
        needed: 2,
        rps: 412,
        errorShare: 0.321,
        queue: 0,
        incident: '1042',
        servers: [
          server('s1', '10.0.4.11:8080', 0.001, { rps: 138 }),
          server('s2', '10.0.4.12:8080', 0.002),
          server('s3', '10.0.4.13:8080', 0.964, { failing: true, reason: '96.4 % 5xx' }),
        ],
      },
    ],
  };
}

export function steps(): { id: string; [key: string]: unknown }[] {
  const step = (id: string, text: string, state: string, more: object = {}) => ({
    id,
    section: id.startsWith('diagnosis') ? 'Diagnosis' : 'Mitigation',
    number: id.slice(id.indexOf('/') + 1),
    text,
    bound: [],
    state,
    evidence: [],
    plans: [],
    tick: null,
    version: 1,
    ...more,
  });
  return [
    step('diagnosis/1', 'Find the servers that answer the errors.', 'finding', { evidence: ['e1', 'e2'] }),
    step('diagnosis/2', 'Request the backend with curl, as the proxy would.', 'finding', { evidence: ['e3'] }),
    step('diagnosis/3', 'Read the log of the failing server.', 'unknown', {
      evidence: ['e7'],
      bound: [{ kind: 'check', id: 'server/log', why: 'no log_file' }],
    }),
    step('diagnosis/4', "Look for recent changes of the proxy's configuration.", 'clear', { evidence: ['e6'] }),
    step('mitigation/1', 'Take the failing server out of the rotation.', 'proposed', { plans: ['7f3a'] }),
    step('mitigation/2', "Restart the server's process.", 'waiting'),
    step('mitigation/3', 'Roll back the last release.', 'manual', {
      bound: [{ kind: 'manual', id: '', why: 'releases are outside our reach' }],
    }),
    step('mitigation/4', 'Add capacity if the load stays above 80 %.', 'manual', {
      bound: [{ kind: 'manual', id: '', why: 'a purchase decision' }],
    }),
  ];
}

export function effect(): { verdict: string; until: number | null; indicators: object[] } {
  const row = (id: string, label: string, unit: string, before: number | string, op: string, value: number | string) => ({
    id,
    label,
    unit,
    scope: 'subject',
    before,
    now: null,
    goal: { op, value },
    ok: null,
  });
  return {
    verdict: 'waiting',
    until: null,
    indicators: [
      row('errors', '5xx share, api', 'ratio', 0.321, '<', 0.05),
      row('traffic', 'requests/s, api', '/s', 412, '>=', 330),
      row('latency', 'p95, s1 and s2', 'ms', 41, '<=', 82),
      row('neighbours', 'neighbours (3 backends)', 'ratio', 0.001, '<=', 0.001),
      row('front-door', 'probe, front door', '', '2 of 3', '==', '3 of 3'),
    ],
  };
}

export const report = `# Incident 1042: api on edge

| | |
|---|---|
| cause | bad-server api/s3 (0.96) |
| plan | 7f3a, drain api/s3 |

<script>window.pwned = 1</script> is text here.
`;
