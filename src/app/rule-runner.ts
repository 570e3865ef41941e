import type { Clock } from '../base/clock.ts';
import type { Timer } from '../base/timer.ts';
import type { Config } from '../config/schema.ts';
import type { PrometheusApi } from '../connectors/metrics/prometheus-api/prometheus-api.ts';
import { windowNeeds } from '../detect/promql/window-needs.ts';
import {
  evaluateGroup,
  type GroupOptions,
  type RuleAlert,
  type RuleHealth,
  type RuleQuery,
  type RuleSample,
  ruleAlerts,
} from '../detect/rules/evaluate-group.ts';
import { slotsAround } from '../detect/rules/group-schedule.ts';
import { type GroupState, groupSignature, noState, revivedState, writtenSeries } from '../detect/rules/group-state.ts';
import { queryForRule, queryForTemplate } from '../detect/rules/local-query.ts';
import type { Rule, RuleGroup } from '../detect/rules/rule.ts';
import type { SeriesWindows } from '../detect/series/series-windows.ts';
import type { RuleView } from '../interfaces/verbs.ts';
import type { Alert } from '../model/alert.ts';
import { labelsOf } from '../model/labels.ts';
import type { StateStore } from '../respond/incidents/state-store.ts';
import type { OwnMetrics } from './own-metrics.ts';
import { remoteApi } from './remote-api.ts';
import type { LoadedRules } from './rule-shelf.ts';

export interface RuleRunnerParts {
  readonly clock: Clock;
  readonly timer: Timer;
  readonly windows: SeriesWindows;
  readonly state: StateStore;
  readonly metrics: OwnMetrics;
  /** How people outside reach us, and what our alerts say of where they come from. */
  external(): External;
  /** Whether every target was scraped since the start, with or without success. */
  everyTargetSeen(): boolean;
  /** What an Alertmanager is to be told after the evaluation of a group. */
  onDue(due: readonly RuleAlert[]): void;
  /** All alerts that fire after a round of evaluations. */
  onRound(firing: readonly Alert[]): Promise<void>;
  onBug(error: unknown): void;
}

/** `url` without a slash at its end. */
export interface External {
  readonly url: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Watched {
  readonly group: RuleGroup;
  readonly key: string;
  readonly signature: string;
  state: GroupState;
  /** In the order of the rules; null before the first evaluation. */
  health: readonly RuleHealth[] | null;
  evaluatedAt: number | null;
  durationMs: number | null;
  /** What is stored, to write only what changed. */
  stored: string;
}

/** Windows are at least so long, whatever the rules ask: diagnosis and plots look back, too. */
const retentionMinMs = 15 * 60_000;
const remoteTimeoutMs = 10_000;

/** Evaluates the rules when scrapes commit, or at their own slots; remembers every alert across a restart. */
export class RuleRunner {
  readonly #parts: RuleRunnerParts;
  #watched: Watched[] = [];
  #remote: { readonly api: PrometheusApi; readonly intervalMs: number } | null = null;
  #cancels: (() => void)[] = [];
  /** Evaluations run one after the other; a commit that comes meanwhile waits, the newest replaces an older one. */
  #running: Promise<void> = Promise.resolve();
  #waitingAt: number | null = null;
  /** Instant of the newest evaluation on a commit. */
  #latestAt = Number.NEGATIVE_INFINITY;
  #rounds = 0;
  #ended = false;
  /** Whether every target was scraped since the start. */
  #allSeen = false;

  constructor(parts: RuleRunnerParts) {
    this.#parts = parts;
  }

  /** Replaces the rules. Unchanged rules keep their alerts; what a removed group had written ends. */
  async setRules(rules: LoadedRules, remote: Config['metrics']): Promise<void> {
    for (const cancel of this.#cancels.splice(0)) cancel();
    await this.#running;
    const before = new Map(this.#watched.map((watched) => [watched.key, watched]));
    this.#remote = remote === null ? null : { api: remoteApi(remote), intervalMs: remote.evaluationIntervalMs };
    this.#watched = await Promise.all(distinct(rules.groups).map((group) => this.#watch(group, before)));
    const kept = new Set(this.#watched.map((watched) => watched.key));
    for (const [key, watched] of before) {
      if (kept.has(key)) continue;
      this.#parts.windows.appendStale(writtenSeries(watched.state), this.#parts.clock.now());
      await this.#parts.state.remove(key);
    }
    for (const watched of this.#watched) this.#schedule(watched);
  }

  /**
   * Scrapes were committed: the moment for every group without an interval of its own. The instant of a slow scrape is when it
   * began; rules never go back to it, for there the newer samples of the other targets do not exist yet.
   */
  onCommit(atMs: number): void {
    if (this.#remote !== null || this.#ended) return;
    this.#allSeen ||= this.#parts.everyTargetSeen();
    const already = this.#waitingAt !== null;
    this.#waitingAt = Math.max(this.#waitingAt ?? atMs, atMs);
    if (already) return;
    this.#enqueue(async () => {
      const dueAt = Math.max(this.#waitingAt ?? atMs, this.#latestAt + 1);
      this.#waitingAt = null;
      this.#latestAt = dueAt;
      await this.#evaluate(
        this.#watched.filter(({ group }) => group.intervalMs === null),
        dueAt,
      );
    });
  }

  ready(): boolean {
    return this.#rounds > 0 || this.#watched.length === 0;
  }

  views(): RuleView[] {
    const { url } = this.#parts.external();
    return this.#watched.flatMap((watched) => viewsOf(watched, url));
  }

  async stop(): Promise<void> {
    this.#ended = true;
    for (const cancel of this.#cancels.splice(0)) cancel();
    await this.#running;
  }

  async #watch(group: RuleGroup, before: ReadonlyMap<string, Watched>): Promise<Watched> {
    const key = keyOf(group);
    const signature = groupSignature(group);
    const known = before.get(key);
    // Its rules may stand on other lines now.
    if (known?.signature === signature) return { ...known, group };
    const state = known?.state ?? (await this.#restored(key));
    return { group, key, signature, state, health: null, evaluatedAt: null, durationMs: null, stored: JSON.stringify(state) };
  }

  async #restored(key: string): Promise<GroupState> {
    const value = (await this.#parts.state.get(key))?.value;
    // Written by us under this key; anything else is as good as nothing.
    const isState = typeof value === 'object' && value !== null && 'rules' in value && Array.isArray(value.rules);
    return isState ? revivedState(value as GroupState) : noState;
  }

  #schedule(watched: Watched): void {
    const intervalMs = watched.group.intervalMs ?? this.#remote?.intervalMs ?? null;
    if (intervalMs === null) return;
    const next = (afterMs: number): void => {
      const { nextAt } = slotsAround(watched.group, intervalMs, Math.max(afterMs, this.#parts.clock.now()));
      const cancel = this.#parts.timer.after(nextAt - this.#parts.clock.now(), () => {
        this.#enqueue(() => this.#evaluate([watched], nextAt));
        next(nextAt);
      });
      this.#cancels.push(cancel);
    };
    next(0);
  }

  #enqueue(work: () => Promise<void>): void {
    this.#running = this.#running.then(work).catch((error: unknown) => this.#parts.onBug(error));
  }

  async #evaluate(due: readonly Watched[], atMs: number): Promise<void> {
    if (this.#ended) return;
    for (const watched of due) {
      const startedAt = performance.now();
      const outcome = await evaluateGroup(watched.group, watched.state, atMs, this.#query(), this.#parts.windows, this.#options());
      watched.state = outcome.state;
      watched.health = outcome.health;
      watched.evaluatedAt = atMs;
      watched.durationMs = performance.now() - startedAt;
      this.#count(outcome.health);
      if (outcome.due.length > 0) this.#parts.onDue(outcome.due);
    }
    await this.#store(due, atMs);
    this.#rounds += 1;
    await this.#parts.onRound(this.#firing());
  }

  #options(): GroupOptions {
    const remote = this.#remote;
    const local: NonNullable<GroupOptions['templateQuery']> = (text, atMs) =>
      queryForTemplate(text, atMs, { queryable: this.#parts.windows });
    const { url, labels } = this.#parts.external();
    return {
      externalUrl: url,
      externalLabels: labels,
      templateQuery: remote === null ? local : (text, atMs) => remoteQuery(remote.api, text, atMs),
      stopwatch: () => performance.now(),
      ...(remote === null ? {} : { intervalMs: remote.intervalMs }),
      // What has not been scraped yet since the start is no reason to think that all is well.
      canSee: () => remote !== null || this.#allSeen,
    };
  }

  #query(): RuleQuery {
    const remote = this.#remote;
    if (remote === null) return (expr, _text, atMs) => queryForRule(expr, atMs, { queryable: this.#parts.windows });
    return (_expr, text, atMs) => remoteQuery(remote.api, text, atMs);
  }

  #count(health: readonly RuleHealth[]): void {
    for (const { ok } of health)
      this.#parts.metrics.count('proxymedic_rule_evaluations_total', 'Evaluations of rules by outcome.', { outcome: ok ? 'ok' : 'error' });
  }

  /** Only what changed since it was last written; values move with every scrape and are not worth a write. */
  async #store(due: readonly Watched[], atMs: number): Promise<void> {
    const changed = due.flatMap((watched) => {
      const stored = JSON.stringify(watched.state, (key, value: unknown) => (key === 'value' || key === 'annotations' ? undefined : value));
      if (stored === watched.stored) return [];
      watched.stored = stored;
      return [[watched.key, watched.state] as const];
    });
    if (changed.length > 0) await this.#parts.state.putAll(changed, atMs);
  }

  /** Of every group, those included that were not evaluated since the start or the last reload: what fired before still does. */
  #firing(): Alert[] {
    const { url } = this.#parts.external();
    const alerts = this.#watched.flatMap(({ group, state }) => ruleAlerts(group, state, { externalUrl: url }));
    return alerts.flatMap(({ alert }) => (alert.state === 'firing' ? [alert] : []));
  }
}

/** How far back the windows must reach for these rules, in ms. */
export function retentionFor(groups: readonly RuleGroup[]): number {
  const needs = groups.flatMap(({ rules }) => rules.flatMap((rule) => windowNeeds(rule.expr).map((need) => need.rangeMs)));
  return Math.max(retentionMinMs, ...needs.map((rangeMs) => rangeMs + 60_000));
}

/** A file that two sources name is read twice: the last one counts, as in Prometheus. */
function distinct(groups: readonly RuleGroup[]): RuleGroup[] {
  return [...new Map(groups.map((group) => [keyOf(group), group])).values()];
}

function keyOf({ file, name }: RuleGroup): string {
  return `rules/${file};${name}`;
}

async function remoteQuery(api: PrometheusApi, text: string, atMs: number): Promise<readonly RuleSample[]> {
  const { value } = await api.instant(text, atMs, AbortSignal.timeout(remoteTimeoutMs));
  if (value.type === 'vector') return value.samples;
  if (value.type === 'scalar') return [{ labels: labelsOf([]), value: value.value }];
  throw new Error('rule result is not a vector or scalar');
}

function viewsOf(watched: Watched, externalUrl: string): RuleView[] {
  const alerts = ruleAlerts(watched.group, watched.state, { externalUrl });
  return watched.group.rules.map((rule, index) =>
    viewOf(
      watched,
      rule,
      index,
      alerts.filter((one) => one.rule === rule),
    ),
  );
}

function viewOf(watched: Watched, rule: Rule, index: number, active: readonly RuleAlert[]): RuleView {
  const { group } = watched;
  const health = watched.health?.[index] ?? null;
  const alerts = active.map(({ alert, active: { activeAt, absentSince } }) => ({ ...alert, activeAt, keptSinceAt: absentSince }));
  const labels = Object.fromEntries([...rule.labels].map(([name, value]) => [name, typeof value === 'string' ? value : value.source]));
  return {
    id: `${group.file};${group.name};${index}`,
    kind: rule.kind === 'alerting' ? 'alert' : 'record',
    name: rule.name,
    group: group.name,
    file: group.file,
    line: rule.place.line,
    expr: rule.exprText,
    forMs: rule.kind === 'alerting' ? rule.forMs : 0,
    keepFiringForMs: rule.kind === 'alerting' ? rule.keepFiringForMs : 0,
    labels,
    annotations: rule.kind === 'alerting' ? Object.fromEntries([...rule.annotations].map(([name, value]) => [name, value.source])) : {},
    state: stateOf(health, alerts),
    alerts,
    error: health?.error ?? null,
    evaluatedAt: watched.evaluatedAt,
    durationMs: health?.durationMs ?? null,
    intervalMs: group.intervalMs,
    groupLimit: group.limit,
    groupDurationMs: watched.durationMs,
  };
}

function stateOf(health: { readonly ok: boolean } | null, alerts: readonly Alert[]): RuleView['state'] {
  if (health === null) return 'unknown';
  if (!health.ok) return 'error';
  if (alerts.some((alert) => alert.state === 'firing')) return 'firing';
  return alerts.some((alert) => alert.state === 'pending') ? 'pending' : 'inactive';
}
