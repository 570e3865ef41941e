import type { Alert } from '../model/alert.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import type { TimelineEntry } from '../model/incident.ts';
import { labelsOf } from '../model/labels.ts';
import type { Plan } from '../model/plan.ts';
import type {
  AlertVerbs,
  ApprovalAnswer,
  IncidentVerbs,
  IncidentView,
  PauseVerbs,
  PauseView,
  PlanVerbs,
  QueryVerbs,
  RuleView,
  RunbookPageView,
  SilenceView,
  Verbs,
} from './verbs.ts';

/** 2026-11-20T10:00:00.000Z: the instant of everything below. */
export const scriptedAt = Date.UTC(2026, 10, 20, 10);

export const scriptedDiagnosis: Diagnosis = {
  alert: { name: 'HaproxyBackendDown', labels: labelsOf([['backend', 'api']]) },
  target: 'edge',
  backend: 'api',
  runbook: 'HaproxyBackendDown',
  verdict: 'cause-found',
  causes: [
    {
      id: 'connection-refused',
      subjects: ['api/s1'],
      confidence: 0.97,
      because: ['e1'],
      mitigations: [{ action: 'process/restart', risk: 'disruptive' }],
    },
  ],
  ruledOut: [{ id: 'dns-failure', because: ['e2'] }],
  evidence: [
    evidence('e1', 'network/tcp-connect', 'supports', 'connection-refused', '127.0.0.1:8081 refuses the connection (ECONNREFUSED, 0.4 ms)'),
    evidence('e2', 'network/dns', 'contradicts', 'dns-failure', 's1 is an address'),
    { ...evidence('e3', 'servers/log', 'unknown', null, 'no log_file is configured'), fix: 'servers[].log_file' },
  ],
  steps: [
    {
      id: 'diagnosis/1',
      section: 'Diagnosis',
      number: '1',
      text: 'Check the dashboard',
      checks: ['proxy/server-states'],
      actions: [],
      outcome: 'finding',
      manual: null,
      evidence: ['e1'],
    },
  ],
  startedAt: '2026-11-20T10:00:00.000Z',
  durationMs: 640,
};

function evidence(id: string, check: string, finding: 'supports' | 'contradicts' | 'unknown', cause: string | null, summary: string) {
  return {
    id,
    check,
    finding,
    cause,
    subject: 'api/s1',
    summary,
    facts: {},
    observedAt: '2026-11-20T10:00:00.000Z',
    durationMs: 1,
    fix: null,
  };
}

export const scriptedIncident: IncidentView = {
  id: 'i1',
  state: 'open',
  title: 'api on edge is down',
  severity: 'critical',
  target: 'edge',
  backend: 'api',
  alerts: [
    {
      fingerprint: '00000000000000aa',
      name: 'HaproxyBackendDown',
      labels: labelsOf([
        ['alertname', 'HaproxyBackendDown'],
        ['backend', 'api'],
      ]),
      annotations: {},
      state: 'firing',
      source: 'rules',
      startsAt: scriptedAt,
      endsAt: null,
    },
  ],
  verdict: 'cause-found',
  diagnosis: scriptedDiagnosis,
  openedAt: scriptedAt,
  resolvedAt: null,
  acknowledgedBy: null,
  ticks: [],
  version: 3,
  headline: [{ label: 'servers that take traffic', value: '0 of 1', unit: '', bad: true }],
  waitingFor: 'approval',
  detectedAfterMs: 900,
};

export const scriptedPlan: Plan = {
  id: 'p1',
  incident: 'i1',
  step: 'mitigation/1',
  runbook: 'HaproxyBackendDown',
  target: 'edge',
  backend: 'api',
  action: 'process/restart',
  summary: 'Restart api/s1',
  cause: 'connection-refused',
  subjects: ['api/s1'],
  risk: 'disruptive',
  commands: [{ kind: 'run', argv: ['systemctl', 'restart', 'api@1'], subject: 'api/s1' }],
  undo: [{ kind: 'haproxy', target: 'edge', line: 'set server api/s1 state ready', subject: 'api/s1' }],
  expected: [],
  effects: [{ subject: 'api/s1', does: 'restart' }],
  preconditions: [],
  configHash: null,
  guards: [{ id: 'min-healthy', allow: true, reason: 'nothing healthy is touched' }],
  hash: 'a'.repeat(64),
  state: 'proposed',
  proposedAt: scriptedAt,
  expiresAt: scriptedAt + 900_000,
  approvedBy: null,
  approvedAt: null,
  approvalReason: null,
  version: 1,
};

export const scriptedEntry: TimelineEntry = { seq: 7, at: scriptedAt, kind: 'opened', summary: 'opened', actor: 'proxymedic', data: {} };

export const scriptedAlert: Alert = {
  fingerprint: '00000000000000aa',
  name: 'HaproxyBackendDown',
  labels: labelsOf([
    ['alertname', 'HaproxyBackendDown'],
    ['backend', 'api'],
  ]),
  annotations: { summary: 'down' },
  state: 'firing',
  value: 1,
  startsAt: scriptedAt,
  endsAt: null,
  source: 'rules',
  generatorUrl: null,
};

export const scriptedRule: RuleView = {
  id: 'r1',
  kind: 'alert',
  name: 'HaproxyBackendDown',
  group: 'haproxy',
  file: 'catalog/rules/haproxy.yml',
  line: 8,
  expr: 'haproxy_backend_up == 0',
  forMs: 60_000,
  keepFiringForMs: 0,
  labels: { severity: 'critical' },
  annotations: {},
  state: 'firing',
  alerts: [{ ...scriptedAlert, activeAt: scriptedAt - 60_000, keptSinceAt: null }],
  error: null,
  evaluatedAt: scriptedAt,
  durationMs: 1.5,
  intervalMs: null,
  groupLimit: 0,
  groupDurationMs: 2,
};

const page: RunbookPageView = {
  title: 'HaproxyBackendDown',
  path: 'catalog/runbooks/HaproxyBackendDown.md',
  hash: 'b'.repeat(64),
  aliases: [],
  steps: 1,
  unbound: 0,
  rule: null,
  items: [
    {
      id: 'diagnosis/1',
      section: 'Diagnosis',
      number: '1',
      text: 'Look',
      bound: [{ kind: 'check', id: 'proxy/log', when: [], why: null }],
    },
  ],
  findings: [],
};

const approval: ApprovalAnswer = {
  status: 200,
  kind: 'approved',
  reason: null,
  guards: [],
  plan: { ...scriptedPlan, state: 'approved', approvedBy: 'local', approvedAt: scriptedAt, approvalReason: 'known' },
};

/** Verbs that answer otherwise; `own` are those that stand in no part. */
export interface ScriptedChanges {
  readonly incidents?: Partial<IncidentVerbs>;
  readonly plans?: Partial<PlanVerbs>;
  readonly alerts?: Partial<AlertVerbs>;
  readonly queries?: Partial<QueryVerbs>;
  readonly pauses?: Partial<PauseVerbs>;
  readonly own?: Partial<Omit<Verbs, 'incidents' | 'plans' | 'alerts' | 'queries' | 'pauses'>>;
}

/** A call that reached the verbs: its name and what it was given. */
export interface ScriptedCall {
  readonly verb: string;
  readonly given: readonly unknown[];
}

/**
 * `Verbs` for tests of routes and commands: knows one incident `i1`, one plan `p1`, one target, page, rule, pause and silence, and
 * writes down what it was asked. `changes` replaces single verbs.
 */
export function scriptedVerbs(changes: ScriptedChanges = {}): { readonly verbs: Verbs; readonly calls: ScriptedCall[] } {
  const calls: ScriptedCall[] = [];
  const note = (verb: string, ...given: readonly unknown[]) => void calls.push({ verb, given });
  const pauses: PauseView[] = [];
  const silences: SilenceView[] = [];
  const mine = <T>(id: string, value: T): T | null => (id === 'i1' || id === 'p1' ? value : null);
  const verbs: Verbs = {
    incidents: {
      list: async (query) => {
        note('incidents.list', query);
        return { incidents: [scriptedIncident], next: null, total: 1, counts: { open: 1 } };
      },
      get: async (id) => mine(id, scriptedIncident),
      timeline: async () => [scriptedEntry],
      plans: async (id) => mine(id, [scriptedPlan]),
      report: async (id) => mine(id, '# api on edge is down\n'),
      steps: async (id) =>
        mine(id, {
          runbook: { title: page.title, hash: page.hash },
          steps: scriptedDiagnosis.steps.map((step) => ({ ...step, tick: null })),
        }),
      tick: async (id, tick, actor) => {
        note('incidents.tick', id, tick, actor);
        return tick.step === 'diagnosis/1' ? mine(id, scriptedIncident) : 'unknown-step';
      },
      acknowledge: async (id, actor, text) => {
        note('incidents.acknowledge', id, actor, text);
        return mine(id, { ...scriptedIncident, acknowledgedBy: actor });
      },
      note: async (id, actor, text) => {
        note('incidents.note', id, actor, text);
        return id === 'i1';
      },
      lookAgain: async (id) => mine(id, scriptedIncident),
      resolve: async (id, actor, reason, evenIfFiring) => {
        note('incidents.resolve', id, actor, reason, evenIfFiring);
        return evenIfFiring ? mine(id, { ...scriptedIncident, state: 'resolved' as const }) : mine(id, 'still-firing' as const);
      },
      series: async (id, evidenceId) =>
        evidenceId === 'e1'
          ? mine(id, {
              unit: 'requests',
              startAt: scriptedAt,
              stepMs: 5_000,
              threshold: null,
              query: 'up',
              series: [{ name: 'api', role: 'subject', values: [1, null] }],
              marks: [],
            })
          : null,
      lastSeq: async () => 7,
      since: async () => [],
      watch: () => () => {},
      ...changes.incidents,
    },
    plans: {
      get: async (id) => mine(id, scriptedPlan),
      approve: async (id, request, actor) => {
        note('plans.approve', id, request, actor);
        return id === 'p1' ? approval : { ...approval, status: 404, kind: 'unknown', reason: `there is no plan ${id}`, plan: null };
      },
      reject: async (id, actor, reason) => {
        note('plans.reject', id, actor, reason);
        return mine(id, { ...scriptedPlan, state: 'refused' as const });
      },
      undo: async (id, actor, reason) => {
        note('plans.undo', id, actor, reason);
        return id === 'p1'
          ? { kind: 'undone', reason: 'taken back', plan: { ...scriptedPlan, state: 'undone' } }
          : { kind: 'unknown-plan', reason: '', plan: null };
      },
      check: async (id) => mine(id, scriptedPlan.guards),
      effect: async (id) => mine(id, { verdict: 'waiting', until: scriptedAt, indicators: [] }),
      ...changes.plans,
    },
    alerts: {
      list: async () => [scriptedAlert, { ...scriptedAlert, state: 'resolved', endsAt: scriptedAt }],
      receive: async (alerts) => note('alerts.receive', alerts),
      silences: async () => silences,
      addSilence: async (silence) => {
        silences.push({ ...silence, id: silence.id ?? 's1', updatedAt: scriptedAt });
        return silence.id ?? 's1';
      },
      expireSilence: async (id) => id === 's1',
      ...changes.alerts,
    },
    queries: {
      instant: async (query, atMs) => {
        note('queries.instant', query, atMs);
        if (query === '(')
          return { ok: false, errorType: 'bad_data', error: 'invalid parameter "query": 1:2: parse error: unclosed left parenthesis' };
        if (query === 'slow') return { ok: false, errorType: 'timeout', error: 'query timed out' };
        if (query === 'many') return { ok: false, errorType: 'execution', error: 'many-to-many matching not allowed' };
        const result = [{ metric: { __name__: 'up', job: 'haproxy' }, value: [(atMs ?? scriptedAt) / 1000, '1'] }];
        return { ok: true, resultType: 'vector', result, warnings: query === 'odd' ? ['odd'] : [], infos: [] };
      },
      range: async (query, startMs, endMs, stepMs) => {
        note('queries.range', query, startMs, endMs, stepMs);
        return { ok: true, resultType: 'matrix', result: [], warnings: [], infos: [] };
      },
      series: async (matchers) =>
        matchers.includes('(')
          ? { errorType: 'bad_data', error: 'invalid parameter "match[]": 1:2: parse error' }
          : { values: [labelsOf([['__name__', 'up']])], warnings: [] },
      labelNames: async () => ({ values: ['__name__', 'job'], warnings: [] }),
      format: (query) =>
        query === '(' ? { errorType: 'bad_data', error: 'invalid parameter "query": 1:2: parse error: unclosed left parenthesis' } : query,
      labelValues: async (name) => ({ values: name === 'job' ? ['haproxy'] : [], warnings: [] }),
      metadata: async () => new Map([['up', [{ type: 'gauge', help: 'whether it answers', unit: '' }]]]),
      ...changes.queries,
    },
    pauses: {
      active: async () => pauses,
      add: async (pause, actor) => {
        const made = { ...pause, id: `w${pauses.length + 1}`, actor, at: scriptedAt };
        pauses.push(made);
        return made;
      },
      end: async (id, actor, reason) => {
        note('pauses.end', id, actor, reason);
        const at = pauses.findIndex((pause) => pause.id === id);
        if (at < 0) return 'unknown';
        pauses.splice(at, 1);
        return 'ended';
      },
      ...changes.pauses,
    },
    diagnose: async ({ name }) =>
      name === 'HaproxyBackendDown' ? scriptedDiagnosis : name === 'TraefikDown' ? 'no-target' : 'unknown-alert',
    targets: () => [
      {
        name: 'edge',
        proxy: 'haproxy',
        url: 'http://127.0.0.1:8404/metrics',
        health: 'up',
        lastScrapeAt: scriptedAt,
        lastError: null,
        labels: labelsOf([['job', 'haproxy']]),
        intervalMs: 5_000,
        lastDurationMs: 2,
      },
    ],
    topology: async (target) => (target === 'edge' ? 'unread' : null),
    runbooks: () => [page],
    runbook: (title) => (title === page.title ? page : null),
    rules: () => [scriptedRule],
    audit: async (query) => {
      note('audit', query);
      const entry = {
        seq: 1,
        at: scriptedAt,
        actor: 'local',
        kind: 'pause',
        incident: null,
        plan: null,
        summary: 'paused',
        hash: 'h',
        previousHash: '',
      };
      return { entries: [entry], total: 1, chain: { ok: true, through: 1 } };
    },
    status: async () => ({
      version: '0.1.0',
      now: scriptedAt,
      seq: 7,
      mode: 'approve',
      pauses,
      counts: { open: 1 },
      config: { ok: true, path: 'proxymedic.yml', loadedAt: scriptedAt, error: null },
      notices: [],
    }),
    reload: async () => ({ ok: true }),
    metrics: async () => 'proxymedic_up 1\n',
    ready: () => true,
    ...changes.own,
  };
  return { verbs, calls };
}
