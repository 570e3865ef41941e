import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Store } from '../connectors/storage/embedded/open-store.ts';
import type { ScrapeLoop, TargetHealth } from '../detect/scrape/scrape-loop.ts';
import type { SeriesWindows } from '../detect/series/series-windows.ts';
import { targetLabels } from '../detect/series/target-labels.ts';
import type { PauseVerbs, PlanVerbs, RuleView, RunbookPageView, Verbs } from '../interfaces/verbs.ts';
import type { Incident } from '../model/incident.ts';
import type { Plan } from '../model/plan.ts';
import type { Ask } from '../respond/diagnosis/gather.ts';
import { countTraffic } from '../respond/diagnosis/traffic-counts.ts';
import type { IncidentDesk } from '../respond/incidents/incident-desk.ts';
import type { Mitigation } from '../respond/mitigation/mitigation.ts';
import type { Response } from '../respond/response.ts';
import type { AlertFeed } from './alert-feed.ts';
import { evidenceSeries, plottedEvidence } from './evidence-series.ts';
import { findSubject, instanceOf } from './find-subject.ts';
import { type Generation, knowsAlert } from './generation.ts';
import type { InboundAlerts } from './inbound-alerts.ts';
import { countsByFilter, createIncidentVerbs, waitingIncidents } from './incident-verbs.ts';
import { lookAt } from './looking.ts';
import type { OwnMetrics } from './own-metrics.ts';
import { planEffect } from './plan-effect.ts';
import { planView } from './plan-view.ts';
import type { ProxyMemory } from './proxy-memory.ts';
import { createQueries } from './queries.ts';
import { remoteApi } from './remote-api.ts';
import { createRemoteQueries } from './remote-queries.ts';
import type { RuleRunner } from './rule-runner.ts';
import { runbookPageView, runbookView } from './runbook-view.ts';
import type { Silences } from './silences.ts';
import { topologyView } from './topology-view.ts';

export interface VerbParts {
  readonly store: Store;
  readonly desk: IncidentDesk;
  readonly response: Response;
  readonly mitigation: Mitigation;
  readonly windows: SeriesWindows;
  readonly memory: ProxyMemory;
  readonly rules: RuleRunner;
  readonly loop: ScrapeLoop;
  readonly inbound: InboundAlerts;
  readonly silences: Silences;
  readonly feed: AlertFeed;
  readonly metrics: OwnMetrics;
  readonly ask: Ask;
  readonly clock: Clock;
  readonly version: string;
  current(): Generation;
  reload(): ReturnType<Verbs['reload']>;
  /** Why the file that is on the disk is not in force; null: it is. */
  configError(): string | null;
}

/** Hands interfaces their verbs. Each is one call of a part; nothing is decided here. */
export function createVerbs(parts: VerbParts): Verbs {
  const { store, rules, loop, clock } = parts;
  const own = createQueries(parts.windows, clock);
  registerGauges(parts);
  return {
    incidents: createIncidentVerbs({
      store,
      desk: parts.desk,
      response: parts.response,
      clock,
      runbooks: () => parts.current().runbooks,
      seriesOf: async (incident, id) => {
        const evidence = incident.diagnosis?.evidence.find((item) => item.id === id);
        const plots = plotParts(parts, incident);
        if (evidence === undefined || plots === null) return null;
        return evidenceSeries(incident, evidence, { ...plots, plans: await store.plans.ofIncident(incident.id) });
      },
      plottedOf: (incident) => {
        const plots = plotParts(parts, incident);
        return plots === null ? [] : plottedEvidence(incident, plots);
      },
    }),
    plans: planVerbs(parts),
    alerts: {
      list: async () => await listAlerts(parts),
      receive: (alerts) => parts.inbound.receive(alerts),
      silences: () => parts.silences.all(),
      addSilence: (silence) => parts.silences.put(silence),
      expireSilence: (id) => parts.silences.expire(id),
    },
    get queries() {
      const { metrics } = parts.current().config;
      return metrics === null ? own : createRemoteQueries(remoteApi(metrics));
    },
    pauses: pauseVerbs(parts),
    diagnose: (alert) => diagnoseNow(parts, alert),
    targets: () => targetViews(parts),
    topology: (name) => topologyOf(parts, name),
    runbooks: () => parts.current().runbooks.pages.map(runbookView),
    runbook: (title) => runbookPage(parts, title),
    rules: () => rules.views(),
    audit: async (query) => {
      const [{ entries, total }, chain] = await Promise.all([store.audit.list(query), store.audit.verify()]);
      return { entries, total, chain: { ok: chain.ok, through: chain.through } };
    },
    status: () => statusOf(parts),
    reload: parts.reload,
    metrics: () => parts.metrics.render(),
    ready: () => rules.ready() && loop.health().every((target) => target.health !== 'unknown'),
  };
}

function plotParts({ current, windows, rules, clock }: VerbParts, incident: Incident) {
  const target = current().config.targets.find((candidate) => candidate.name === incident.target);
  if (target === undefined) return null;
  const alerts = new Set(incident.alerts.map((alert) => alert.name));
  const exprs = rules.views().flatMap((rule) => (alerts.has(rule.name) ? [rule.expr] : []));
  return { proxy: target.proxy, instance: instanceOf(target), store: windows, nowMs: clock.now(), exprs };
}

/** Traffic on the map is that of so many scrapes, but never of less than {@link mapWindowMinMs}. */
const mapScrapes = 6;
const mapWindowMinMs = 10_000;

async function topologyOf({ current, memory, store, windows, clock }: VerbParts, name: string): ReturnType<Verbs['topology']> {
  const { config, readers } = current();
  const target = readers.get(name)?.target;
  if (target === undefined) return null;
  const state = memory.lastState(name);
  if (state === null) return 'unread';
  const windowMs = Math.max(mapWindowMinMs, mapScrapes * target.scrapeIntervalMs);
  const [open, done, history] = await Promise.all([
    store.incidents.list({ states: ['open', 'mitigating', 'verifying'], target: name, limit: 500 }),
    store.plans.inStates(['done']),
    memory.history(name),
  ]);
  return topologyView({
    state,
    counts: countTraffic(windows, { proxy: target.proxy, instance: instanceOf(target) }, clock.now(), windowMs),
    history,
    minHealthy: config.mitigation.minHealthy,
    staleAfterMs: Math.max(15_000, 3 * target.scrapeIntervalMs),
    incidents: open.incidents,
    changes: done.filter((plan) => plan.target === name),
  });
}

function registerGauges({ metrics, windows, rules, loop, store }: VerbParts): void {
  metrics.gauge('proxymedic_series', 'Series in memory.', () => windows.seriesCount);
  metrics.gauge('proxymedic_rules', 'Rules that are evaluated.', () => rules.views().length);
  metrics.gauge(
    'proxymedic_rules_failing',
    'Rules whose last evaluation failed.',
    () => rules.views().filter((rule) => rule.error !== null).length,
  );
  metrics.gauge(
    'proxymedic_targets_up',
    'Targets whose last scrape succeeded.',
    () => loop.health().filter((target) => target.health === 'up').length,
  );
  metrics.gauge(
    'proxymedic_incidents_open',
    'Incidents that are not resolved.',
    async () => (await store.incidents.list({ states: ['open', 'mitigating', 'verifying'], limit: 1 })).total,
  );
  metrics.gauge('proxymedic_resident_memory_bytes', 'Memory of this process.', () => process.memoryUsage.rss());
}

function planVerbs({ store, mitigation, response }: VerbParts): PlanVerbs {
  const view = async (plan: Plan) => planView(plan, await store.journal.ofPlan(plan.id), await store.plans.ofIncident(plan.incident));
  return {
    async get(id) {
      const plan = await store.plans.get(id);
      return plan === null ? null : await view(plan);
    },
    async approve(id, request, actor) {
      const result = await response.approve(id, request, { name: actor, mayApprove: true });
      return {
        status: result.status,
        kind: result.kind,
        reason: 'reason' in result ? result.reason : null,
        guards: 'guards' in result ? result.guards : [],
        plan: result.plan === null ? null : await view(result.plan),
      };
    },
    async reject(id, actor, reason) {
      const rejected = await mitigation.reject(id, actor, reason);
      return rejected === null || rejected === 'conflict' ? rejected : await view(rejected);
    },
    async undo(id, actor, reason) {
      const result = await mitigation.undo(id, actor, reason);
      return { kind: result.kind, reason: result.reason, plan: 'plan' in result ? await view(result.plan) : null };
    },
    check: (id) => mitigation.check(id),
    async effect(id) {
      const plan = await store.plans.get(id);
      if (plan === null) return null;
      return planEffect(id, response.effectOf(id), await store.incidents.timeline(plan.incident));
    },
  };
}

function pauseVerbs({ store, clock }: VerbParts): PauseVerbs {
  return {
    active: () => store.pauses.active(clock.now()),
    async add({ scope, reason, until }, actor) {
      const pause = { id: randomUUID().slice(0, 8), scope, reason, actor, at: clock.now(), until };
      await store.pauses.add(pause, {
        at: pause.at,
        actor,
        kind: 'paused',
        incident: null,
        plan: null,
        summary: `paused ${scope}: ${reason}`,
      });
      return pause;
    },
    end: (id, actor, reason) =>
      store.pauses.end(id, clock.now(), {
        at: clock.now(),
        actor,
        kind: 'resumed',
        incident: null,
        plan: null,
        summary: `resumed ${id}: ${reason}`,
      }),
  };
}

/** Our alerts and inbound ones, each once, with what the diagnosis found as annotations. */
async function listAlerts({ inbound, rules, store }: VerbParts) {
  const own = rules.views().flatMap((rule) => rule.alerts.filter((alert) => alert.state === 'firing'));
  const byFingerprint = new Map([...(await inbound.all()), ...own].map((alert) => [alert.fingerprint, alert]));
  const open = await store.incidents.list({ states: ['open', 'mitigating', 'verifying'], limit: 500 });
  const findings = new Map(
    open.incidents.flatMap((incident) => incident.alerts.map((alert) => [alert.fingerprint, alert.annotations] as const)),
  );
  return [...byFingerprint.values()].map((alert) => ({
    ...alert,
    annotations: { ...alert.annotations, ...findings.get(alert.fingerprint) },
  }));
}

async function diagnoseNow(parts: VerbParts, alert: Parameters<Verbs['diagnose']>[0]): ReturnType<Verbs['diagnose']> {
  const current = parts.current();
  if (!knowsAlert(current, alert.name)) return 'unknown-alert';
  const subject = await findSubject(
    alert,
    current.config.targets,
    async (target) => (await current.readers.get(target.name)?.readState(AbortSignal.timeout(3_000))) ?? null,
  );
  if (subject === null) return 'no-target';
  const look = await lookAt(
    { alert: { ...alert, annotations: {} }, subject, activeSinceMs: null, sinceAt: null },
    { config: current.config, ask: parts.ask, clock: parts.clock, pages: current.runbooks.pages },
  );
  return look.diagnosis;
}

function targetViews({ current, loop }: VerbParts) {
  const health = new Map(loop.health().map((target) => [target.name, target]));
  return current().config.targets.map((target) => {
    const seen = health.get(target.name);
    return {
      name: target.name,
      proxy: target.proxy,
      url: target.metricsUrl,
      health: seen?.health ?? ('unknown' as const),
      lastScrapeAt: seen?.lastScrapeAt ?? null,
      lastError: seen?.lastError ?? null,
      lastDurationMs: seen?.lastDurationMs ?? null,
      labels: targetLabels(target),
      intervalMs: target.scrapeIntervalMs,
    };
  });
}

function runbookPage({ current }: VerbParts, title: string): RunbookPageView | null {
  const { pages, findings } = current().runbooks;
  const page = pages.find((candidate) => candidate.title === title);
  return page === undefined ? null : runbookPageView(page, findings);
}

async function statusOf({ store, current, clock, version, loop, rules, configError }: VerbParts) {
  const generation = current();
  const error = configError();
  const [page, waiting, pauses, seq] = await Promise.all([
    store.incidents.list({ limit: 1 }),
    waitingIncidents(store),
    store.pauses.active(clock.now()),
    store.incidents.lastSeq(),
  ]);
  return {
    version,
    now: clock.now(),
    seq,
    mode: generation.config.mitigation.mode,
    pauses,
    counts: { ...countsByFilter(page.counts, waiting.length), targets: generation.config.targets.length, rules: rules.views().length },
    config: { ok: error === null, path: generation.configPath, loadedAt: generation.loadedAt, error },
    notices: noticesOf(generation, error, loop.health(), rules.views()),
  };
}

/** What a person should know before trusting the page, the worst first. */
function noticesOf(
  { rules, warnings }: Generation,
  configError: string | null,
  targets: readonly TargetHealth[],
  views: readonly RuleView[],
) {
  const down = targets.filter((target) => target.health === 'down');
  const empty = targets.filter((target) => target.health === 'up' && target.lastSamples === 0);
  const failing = views.filter((rule) => rule.error !== null);
  return [
    ...(configError === null ? [] : [{ code: 'config-refused', severity: 'error', text: `the old configuration stays: ${configError}` }]),
    ...rules.errors.map((text) => ({ code: 'rules-refused', severity: 'error', text: `${text} (its rules are not evaluated)` })),
    ...warnings.map((text) => ({ code: 'config-warning', severity: 'warning', text })),
    ...down.map(({ name, lastError }) => ({
      code: 'target-down',
      severity: 'warning',
      text: `${name} cannot be scraped: ${lastError ?? 'unknown'}`,
    })),
    ...empty.map(({ name, url }) => ({
      code: 'target-empty',
      severity: 'warning',
      text: `${name} answers without a single sample: no rule can see it. Is ${url} the right page?`,
    })),
    ...failing.slice(0, 20).map((rule) => ({ code: 'rule-failing', severity: 'warning', text: `${rule.name} fails: ${rule.error}` })),
  ];
}
