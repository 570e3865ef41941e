import type { Clock } from '../base/clock.ts';
import type { Config, Target } from '../config/schema.ts';
import type { CauseId, Diagnosis, MitigationOffer } from '../model/diagnosis.ts';
import type { Labels } from '../model/labels.ts';
import type { ProxyKind, ProxyState } from '../model/proxy.ts';
import { allChecks } from '../respond/diagnosis/all-checks.ts';
import { diagnose } from '../respond/diagnosis/diagnose.ts';
import type { Ask } from '../respond/diagnosis/gather.ts';
import type { KnownServer, Situation } from '../respond/diagnosis/situation.ts';
import type { Look } from '../respond/look.ts';
import { actionsFor } from '../respond/mitigation/mitigations.ts';
import { matchPage } from '../respond/runbooks/match-page.ts';
import type { Page } from '../respond/runbooks/page.ts';
import { reportSteps } from '../respond/runbooks/step-reports.ts';
import type { Subject } from './find-subject.ts';

/** How long a diagnosis may take: what has not answered by then is unknown. */
export const diagnosisDeadlineMs = 10_000;
/** How far back traffic is looked at when nobody says otherwise: the window of the published rate rules. */
const trafficWindowMs = 180_000;
/** After a change at least so much traffic is looked at, or a single request would decide. */
const trafficWindowMinMs = 5_000;

export interface LookRequest {
  readonly alert: { readonly name: string; readonly labels: Labels; readonly annotations: Readonly<Record<string, string>> };
  readonly subject: Subject;
  readonly activeSinceMs: number | null;
  /** Only traffic after this instant counts; null: the usual window. */
  readonly sinceAt: number | null;
}

export interface LookParts {
  readonly config: Config;
  readonly ask: Ask;
  readonly clock: Clock;
  readonly pages: readonly Page[];
  /** An end that comes before the usual one. */
  readonly deadline?: AbortSignal;
}

/** Runs the runbook of an alert: all checks under one deadline, weighed, with what came of each step of its page. */
export async function lookAt(request: LookRequest, parts: LookParts): Promise<Look> {
  const { subject, alert } = request;
  const situation = situationOf(request, parts);
  const { diagnosis, answers } = await diagnose(situation, {
    checks: allChecks,
    ask: parts.ask,
    clock: parts.clock,
    deadline: AbortSignal.any([AbortSignal.timeout(diagnosisDeadlineMs), ...(parts.deadline === undefined ? [] : [parts.deadline])]),
    offers: (cause) => offersFor(cause, subject.target.proxy),
  });
  const page = matchPage(alert, parts.pages);
  const whole: Diagnosis = page === null ? diagnosis : { ...diagnosis, runbook: page.title, steps: reportSteps(page, diagnosis) };
  return { situation, diagnosis: whole, answers, page };
}

function situationOf(request: LookRequest, parts: LookParts): Situation {
  const { subject, alert, sinceAt, activeSinceMs } = request;
  const nowMs = parts.clock.now();
  return {
    alert: { name: alert.name, labels: alert.labels },
    family: subject.family,
    target: { name: subject.target.name, proxy: subject.target.proxy, entryAddresses: [] },
    backend: subject.backend,
    knownServers: knownServers(parts.config, subject.target),
    nowMs,
    activeSinceMs,
    windowMs: sinceAt === null ? trafficWindowMs : Math.max(trafficWindowMinMs, nowMs - sinceAt),
  };
}

/** Entries of `servers:` that may belong to a target: those that name it, or none. */
function knownServers(config: Config, target: Target): KnownServer[] {
  return config.servers
    .filter((entry) => entry.target === null || entry.target === target.name)
    .map((entry) => ({
      backend: entry.backend,
      server: entry.server,
      host: entry.address?.host ?? null,
      port: entry.address?.port ?? null,
      logFile: entry.logFile,
    }));
}

function offersFor(cause: CauseId, proxy: ProxyKind): MitigationOffer[] {
  return actionsFor(cause, proxy).map((action) => ({ action: action.id, risk: action.risk }));
}

/** Addresses where clients come in, for what is remembered of a proxy that is down. */
export function entryAddressesOf(state: ProxyState | null): readonly string[] {
  return state?.entries?.flatMap((entry) => entry.binds) ?? [];
}
