import type { Alert } from '../../model/alert.ts';
import { type Labels, labelsKey, labelsOf, withLabels } from '../../model/labels.ts';
import type { Sample } from '../../model/sample.ts';
import { fingerprintOf } from '../alerts/fingerprint.ts';
import type { Expr } from '../promql/ast.ts';
import { type ActiveAlert, type FoundAlert, stepAlert } from './alert-step.ts';
import { type GroupState, type RuleState, ruleKeys } from './group-state.ts';
import type { AlertingRule, RecordingRule, Rule, RuleGroup } from './rule.ts';
import type { TemplateWorld } from './template/prometheus-functions.ts';
import { type CompiledTemplate, expandForAlert } from './template/template.ts';

/** One element of what a rule's expression gave. */
export interface RuleSample {
  readonly labels: Labels;
  readonly value: number;
}

/** Evaluates a rule's expression. A scalar is one element without labels. Throws an Error when there is no answer. */
export type RuleQuery = (expr: Expr, text: string, atMs: number) => readonly RuleSample[] | Promise<readonly RuleSample[]>;

/** Where the series that rules write go. `SeriesWindows` is one. */
export interface RuleSink {
  append(samples: readonly Sample[]): unknown;
  /** Ends series at an instant: a staleness marker. */
  appendStale(ended: readonly Labels[], atMs: number): void;
}

export interface GroupOptions {
  readonly externalLabels?: Readonly<Record<string, string>>;
  /** Where people reach the user interface; part of links. */
  readonly externalUrl?: string;
  /** `query` within templates, at the rule's instant. Without it, templates that query say so. */
  readonly templateQuery?: (text: string, atMs: number) => readonly RuleSample[];
  /** Used by groups that give no `query_offset`. */
  readonly queryOffsetMs?: number;
}

export interface RuleHealth {
  readonly rule: string;
  readonly ok: boolean;
  readonly error: string | null;
  /** How many elements the expression gave; null when it gave none of use. */
  readonly samples: number | null;
}

export interface GroupOutcome {
  readonly state: GroupState;
  /** All pending and firing alerts, and those that resolved in this evaluation. */
  readonly alerts: readonly { readonly rule: AlertingRule; readonly alert: Alert }[];
  /** In the order of the rules. */
  readonly health: readonly RuleHealth[];
}

/**
 * Evaluates the rules of a group at one instant, in order, so that a rule sees what those before it wrote.
 * An error stays with its rule: its alerts neither fire nor resolve, its series neither go on nor end. Never rejects for a rule's error.
 */
export async function evaluateGroup(
  group: RuleGroup,
  before: GroupState,
  atMs: number,
  query: RuleQuery,
  sink: RuleSink,
  options: GroupOptions = {},
): Promise<GroupOutcome> {
  const sampleAtMs = atMs - (group.queryOffsetMs ?? options.queryOffsetMs ?? 0);
  const known = new Map(before.rules.map((state) => [state.key, state]));
  const keys = ruleKeys(group.rules);
  const rules: RuleState[] = [];
  const health: RuleHealth[] = [];
  for (const [index, rule] of group.rules.entries()) {
    const key = keys[index] ?? rule.name;
    const state = known.get(key) ?? { key, alerts: [], series: [] };
    const result = await evaluateRule({ group, rule, state, atMs, sampleAtMs, query, options });
    if (result.written !== null) write(sink, result.written, state.series, sampleAtMs);
    rules.push(result.state);
    health.push({ rule: rule.name, ok: result.error === null, error: result.error, samples: result.samples });
  }
  const gone = before.rules.filter(({ key }) => !keys.includes(key)).flatMap(({ series }) => series);
  if (gone.length > 0) sink.appendStale(gone, sampleAtMs);
  return { state: { rules }, alerts: alertsOf(group, rules, atMs, options), health };
}

interface RuleRun {
  readonly group: RuleGroup;
  readonly rule: Rule;
  readonly state: RuleState;
  readonly atMs: number;
  readonly sampleAtMs: number;
  readonly query: RuleQuery;
  readonly options: GroupOptions;
}

interface RuleResult {
  readonly state: RuleState;
  /** What the rule writes now; null: nothing, and nothing ends either. */
  readonly written: readonly RuleSample[] | null;
  readonly error: string | null;
  readonly samples: number | null;
}

async function evaluateRule(run: RuleRun): Promise<RuleResult> {
  const { rule, state, sampleAtMs, query } = run;
  try {
    const vector = await query(rule.expr, rule.exprText, sampleAtMs);
    return rule.kind === 'recording' ? record(run, rule, vector) : watch(run, rule, vector);
  } catch (error) {
    return { state, written: null, error: error instanceof Error ? error.message : String(error), samples: null };
  }
}

function record({ group, state }: RuleRun, rule: RecordingRule, vector: readonly RuleSample[]): RuleResult {
  const changes = Object.fromEntries([['__name__', rule.name], ...rule.labels]);
  const written = vector.map(({ labels, value }) => ({ labels: withLabels(labels, changes), value }));
  if (hasDuplicates(written)) throw new Error('vector contains metrics with the same labelset after applying rule labels');
  if (group.limit > 0 && written.length > group.limit) throw new Error(`exceeded limit of ${group.limit} with ${written.length} series`);
  return { state: { ...state, series: written.map(({ labels }) => labels) }, written, error: null, samples: vector.length };
}

function hasDuplicates(samples: readonly RuleSample[]): boolean {
  return new Set(samples.map(({ labels }) => labelsKey(labels))).size < samples.length;
}

function watch(run: RuleRun, rule: AlertingRule, vector: readonly RuleSample[]): RuleResult {
  const { group, state, atMs } = run;
  const found = foundAlerts(run, rule, vector);
  const before = new Map(state.alerts.map((alert) => [labelsKey(alert.labels), alert]));
  const alerts: ActiveAlert[] = [];
  for (const key of new Set([...before.keys(), ...found.keys()])) {
    const alert = stepAlert(before.get(key) ?? null, found.get(key) ?? null, rule, atMs);
    if (alert !== null) alerts.push(alert);
  }
  const active = alerts.filter((alert) => alert.state !== 'resolved');
  if (group.limit > 0 && active.length > group.limit) {
    const error = `exceeded limit of ${group.limit} with ${active.length} alerts`;
    return { state: { ...state, alerts: [] }, written: null, error, samples: null };
  }
  const written = active.flatMap((alert) => alertSeries(rule, alert));
  const series = written.map(({ labels }) => labels);
  return { state: { ...state, alerts, series }, written, error: null, samples: vector.length };
}

/** The alerts that the expression gives now, by the identity of their labels. Throws when two have the same labels. */
function foundAlerts(run: RuleRun, rule: AlertingRule, vector: readonly RuleSample[]): Map<string, FoundAlert> {
  const world = worldOf(run);
  const found = new Map<string, FoundAlert>();
  for (const { labels, value } of vector) {
    const data = { labels, externalLabels: run.options.externalLabels ?? {}, value };
    const expanded = (templates: ReadonlyMap<string, CompiledTemplate>): [string, string][] =>
      [...templates].map(([name, template]) => [name, expandForAlert(template, data, world)]);
    const alertLabels = labelsOf([...Object.entries(labels), ['__name__', ''], ...expanded(rule.labels), ['alertname', rule.name]]);
    const key = labelsKey(alertLabels);
    if (found.has(key)) throw new Error('vector contains metrics with the same labelset after applying alert labels');
    found.set(key, { labels: alertLabels, annotations: Object.fromEntries(expanded(rule.annotations)), value });
  }
  return found;
}

function worldOf({ atMs, sampleAtMs, options }: RuleRun): TemplateWorld {
  const { templateQuery, externalUrl } = options;
  return {
    atMs,
    externalUrl: externalUrl ?? '',
    query: (text) => {
      if (templateQuery === undefined) throw new Error('query is not available in templates here');
      return templateQuery(text, sampleAtMs);
    },
  };
}

/** `ALERTS` and `ALERTS_FOR_STATE` of an alert. */
function alertSeries(rule: AlertingRule, { labels, state, activeAt }: ActiveAlert): RuleSample[] {
  return [
    { labels: withLabels(labels, { __name__: 'ALERTS', alertname: rule.name, alertstate: state }), value: 1 },
    { labels: withLabels(labels, { __name__: 'ALERTS_FOR_STATE', alertname: rule.name }), value: Math.floor(activeAt / 1_000) },
  ];
}

function write(sink: RuleSink, written: readonly RuleSample[], before: readonly Labels[], atMs: number): void {
  if (written.length > 0) sink.append(written.map(({ labels, value }) => ({ labels, value, atMs })));
  if (before.length === 0) return;
  const now = new Set(written.map(({ labels }) => labelsKey(labels)));
  const ended = before.filter((labels) => !now.has(labelsKey(labels)));
  if (ended.length > 0) sink.appendStale(ended, atMs);
}

function alertsOf(group: RuleGroup, states: readonly RuleState[], atMs: number, options: GroupOptions): GroupOutcome['alerts'] {
  return group.rules.flatMap((rule, index) => {
    if (rule.kind !== 'alerting') return [];
    const current = (states[index]?.alerts ?? []).filter((alert) => alert.state !== 'resolved' || alert.resolvedAt === atMs);
    return current.map((alert) => ({ rule, alert: asAlert(rule, alert, options.externalUrl ?? '') }));
  });
}

function asAlert(rule: AlertingRule, active: ActiveAlert, externalUrl: string): Alert {
  return {
    fingerprint: fingerprintOf(active.labels),
    name: rule.name,
    labels: active.labels,
    annotations: active.annotations,
    state: active.state,
    value: active.value,
    startsAt: active.firedAt ?? active.activeAt,
    endsAt: active.resolvedAt,
    source: 'rules',
    generatorUrl: externalUrl === '' ? null : `${externalUrl}/graph?g0.expr=${encodeURIComponent(rule.exprText)}&g0.tab=1`,
  };
}
