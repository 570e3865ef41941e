import type { Incident } from '../model/incident.ts';
import type { Plan } from '../model/plan.ts';
import type { RequestRecord } from '../model/proxy.ts';
import { countsQuestion, metricsQuestion, requestsQuestion, stateQuestion } from './diagnosis/ask.ts';
import { sameBackend } from './diagnosis/situation.ts';
import type { Look } from './look.ts';
import type { HealthSnapshot } from './mitigation/guard.ts';
import type { TrafficShare, VerificationFacts } from './mitigation/verification.ts';

export interface RecoveryLook {
  readonly plan: Plan;
  readonly incident: Incident;
  /** A look at the world whose traffic began after the change. */
  readonly look: Look;
  readonly nowMs: number;
  readonly doneAtMs: number;
  readonly deadlineMs: number;
  readonly baseline: unknown;
  readonly errorShareMax: number;
}

/** Turns one fresh look into what the verification judges. What could not be seen stays null. */
export function verificationFacts(input: RecoveryLook): VerificationFacts {
  const { plan, incident, look } = input;
  const { answers, situation, diagnosis } = look;
  const metrics = answers.value(metricsQuestion(situation));
  const trafficSince = trafficOf(look, incident);
  const firing = incident.alerts.some((alert) => alert.state === 'firing');
  const stillThere = diagnosis.causes.some(
    (cause) => cause.id === plan.cause && cause.subjects.some((subject) => plan.subjects.includes(subject)),
  );
  const clean = trafficSince === null || trafficSince.errorShare <= input.errorShareMax;
  return {
    plan,
    nowMs: input.nowMs,
    doneAtMs: input.doneAtMs,
    deadlineMs: input.deadlineMs,
    before: snapshotOf(input.baseline),
    state: answers.value(stateQuestion(situation)),
    scrapedUp: metrics === null ? null : metrics.outcome === 'ok',
    trafficBefore: null,
    trafficSince,
    errorShareMax: input.errorShareMax,
    probe: stillThere ? 'failed' : diagnosis.verdict === 'no-fault-found' || answersWell(look) ? 'ok' : 'none',
    alert: !firing ? 'cleared' : isRate(incident) && clean && !stillThere ? 'draining' : 'firing',
  };
}

/** Whether a server that the cause names still counts as up at a proxy that checks it: its next check will say otherwise. */
export function isSettling(look: Look): boolean {
  const subjects = new Set(look.diagnosis.causes.filter((cause) => noticedByChecks.has(cause.id)).flatMap((cause) => cause.subjects));
  const servers = look.answers.value(stateQuestion(look.situation))?.backends?.flatMap((backend) => backend.servers) ?? [];
  return servers.some(
    (server) => subjects.has(server.subject) && server.healthCheck !== null && (server.state === 'up' || server.state === 'starting'),
  );
}

/** Causes that every health check runs into. */
const noticedByChecks: ReadonlySet<string> = new Set(['connection-refused', 'connection-timeout', 'wrong-server-address', 'dns-failure']);

/** Our own requests, sent to the servers as the proxy sends its own, are answered well. */
function answersWell(look: Look): boolean {
  const probes = look.diagnosis.evidence.filter((item) => item.check === 'network/http-get' && typeof item.facts['status'] === 'number');
  return probes.length > 0 && probes.every((item) => Number(item.facts['status']) < 500);
}

/** A rate alert goes on firing until its window has forgotten the errors from before. */
function isRate(incident: Incident): boolean {
  return incident.alerts
    .filter((alert) => alert.state === 'firing')
    .every((alert) => /[45]xx|Rate|Errors|NoServer|NoRoute/i.test(alert.name));
}

/** What the alert counts as an error: 4xx for a 4xx alert, 5xx for all others. */
function trafficOf(look: Look, incident: Incident): TrafficShare | null {
  const from = incident.alerts.some((alert) => /4xx/i.test(alert.name)) ? 400 : 500;
  const { answers, situation } = look;
  const backend = situation.backend;
  const log = answers.value(requestsQuestion(situation));
  if (log !== null && log.length > 0) {
    const mine = log.filter((record) => backend === null || (record.backend !== null && sameBackend(record.backend, backend)));
    return share(mine.length, mine.filter((record) => isError(record, from)).length);
  }
  const counts = answers.value(countsQuestion(situation));
  const row =
    backend === null ? undefined : counts?.rows.find((candidate) => candidate.scope === 'backend' && sameBackend(candidate.name, backend));
  if (row === undefined) return null;
  return share(row.total, from === 400 ? row.byClass['4xx'] + row.byClass['5xx'] : row.byClass['5xx']);
}

function share(requests: number, errors: number): TrafficShare | null {
  return requests === 0 ? null : { requests, errorShare: errors / requests };
}

function isError(record: RequestRecord, from: number): boolean {
  return record.status !== null && record.status >= from && record.status !== 499;
}

/** The executor wrote it as JSON; anything else is no baseline. */
function snapshotOf(value: unknown): HealthSnapshot | null {
  if (typeof value !== 'object' || value === null || !('atMs' in value) || !('serving' in value)) return null;
  return value as HealthSnapshot;
}
