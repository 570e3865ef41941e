import type { Alert } from '../../model/alert.ts';
import { type Labels, labelsKey, labelsOf, withLabels } from '../../model/labels.ts';
import type { Sample } from '../../model/sample.ts';
import { fingerprintOf } from '../alerts/fingerprint.ts';
import type { Expr } from '../promql/ast.ts';
import { printExpr } from '../promql/print.ts';
import type { NativeHistogram } from '../series/native-histogram.ts';
import { type ActiveAlert, type FoundAlert, stepAlert, tellAlert } from './alert-step.ts';
import { type GroupState, type RuleState, ruleKeys } from './group-state.ts';
import type { AlertingRule, RecordingRule, Rule, RuleGroup } from './rule.ts';
import { type TemplateWorld, tableLink } from './template/prometheus-functions.ts';
import { type CompiledTemplate, expandForAlert } from './template/template.ts';
import { TemplateQueries } from './template-queries.ts';

/** One element of what a rule's expression gave. */
export interface RuleSample {
  readonly labels: Labels;
  /** NaN for a native histogram. */
  readonly value: number;
  readonly histogram?: NativeHistogram;
}

/** Evaluates a rule's expression. A scalar is one element without labels. Throws an Error when there is no answer. */
export type RuleQuery = (expr: Expr, text: string, atMs: number) => readonly RuleSample[] | Promise<readonly RuleSample[]>;

/** Where the series that rules write go. `SeriesWindows` is one. */
export interface RuleSink {
  append(samples: readonly (Sample & Pick<RuleSample, 'histogram'>)[]): unknown;
  /** Ends series at an instant: a staleness marker. */
  appendStale(ended: readonly Labels[], atMs: number): void;
}

export interface GroupOptions {
  readonly externalLabels?: Readonly<Record<string, string>>;
  /** Where people reach the user interface; part of links. */
  readonly externalUrl?: string;
  /** `query` within templates, at the rule's instant. Without it, templates that query say so. */
  readonly templateQuery?: (text: string, atMs: number) => readonly RuleSample[] | Promise<readonly RuleSample[]>;
  /** Used by groups that give no `query_offset`. */
  readonly queryOffsetMs?: number;
  /** How often a group without an interval of its own is evaluated; a minute unless told otherwise. */
  readonly intervalMs?: number;
  /** After how long a message to an Alertmanager is repeated; a minute unless told otherwise. */
  readonly resendDelayMs?: number;
  /**
   * Whether all targets can have been seen. While they cannot, just after a start, an alert that is not found keeps its state.
   * Without it they always can.
   */
  readonly canSee?: () => boolean;
  /** A running time in ms, to measure how long rules take. */
  readonly stopwatch?: () => number;
}

export interface RuleHealth {
  readonly rule: string;
  readonly ok: boolean;
  readonly error: string | null;
  /** How many elements the expression gave; null when it gave none of use. */
  readonly samples: number | null;
  readonly durationMs: number;
}

/** An alert of a rule, as the world outside knows it and as the rule does. */
export interface RuleAlert {
  readonly rule: AlertingRule;
  readonly alert: Alert;
  readonly active: ActiveAlert;
}

export interface GroupOutcome {
  readonly state: GroupState;
  /** All pending and firing alerts, and those that resolved in this evaluation. */
  readonly alerts: readonly RuleAlert[];
  /** Those that an Alertmanager is to be told now: what began, what ended, and again what goes on. None of a rule in error. */
  readonly due: readonly RuleAlert[];
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
  const due: RuleAlert[] = [];
  for (const [index, rule] of group.rules.entries()) {
    const key = keys[index] ?? rule.name;
    const state = known.get(key) ?? { key, alerts: [], series: [] };
    const startedAt = options.stopwatch?.() ?? 0;
    const result = await evaluateRule({ group, rule, state, atMs, sampleAtMs, query, options });
    const told = rule.kind === 'alerting' && result.error === null ? tell(rule, result.state, group, atMs, options) : null;
    if (result.written !== null) write(sink, result.written, state.series, sampleAtMs);
    rules.push(told?.state ?? result.state);
    due.push(...(told?.due ?? []));
    const durationMs = (options.stopwatch?.() ?? 0) - startedAt;
    health.push({ rule: rule.name, ok: result.error === null, error: result.error, samples: result.samples, durationMs });
  }
  const gone = before.rules.filter(({ key }) => !keys.includes(key)).flatMap(({ series }) => series);
  if (gone.length > 0) sink.appendStale(gone, sampleAtMs);
  const state = { rules };
  return { state, alerts: ruleAlerts(group, state, options, atMs), due, health };
}

const minuteMs = 60_000;

/** Which alerts of a rule are due, and the state that remembers that they were told. */
function tell(rule: AlertingRule, state: RuleState, group: RuleGroup, atMs: number, options: GroupOptions) {
  const intervalMs = group.intervalMs ?? options.intervalMs ?? minuteMs;
  const telling = { intervalMs, resendDelayMs: options.resendDelayMs ?? minuteMs };
  const due: RuleAlert[] = [];
  const alerts = state.alerts.map((alert) => {
    const told = tellAlert(alert, telling, atMs);
    if (told !== null) due.push({ rule, alert: asAlert(rule, told, options.externalUrl ?? ''), active: told });
    return told ?? alert;
  });
  return { state: { ...state, alerts }, due };
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
    return rule.kind === 'recording' ? record(run, rule, vector) : await watch(run, rule, vector);
  } catch (error) {
    return { state, written: null, error: error instanceof Error ? error.message : String(error), samples: null };
  }
}

function record({ group, state }: RuleRun, rule: RecordingRule, vector: readonly RuleSample[]): RuleResult {
  const changes = Object.fromEntries([['__name__', rule.name], ...rule.labels]);
  const written = vector.map((sample) => ({ ...sample, labels: withLabels(sample.labels, changes) }));
  if (hasDuplicates(written)) throw new Error('vector contains metrics with the same labelset after applying rule labels');
  if (group.limit > 0 && written.length > group.limit) throw new Error(`exceeded limit of ${group.limit} with ${written.length} series`);
  return { state: { ...state, series: written.map(({ labels }) => labels) }, written, error: null, samples: vector.length };
}

function hasDuplicates(samples: readonly RuleSample[]): boolean {
  return new Set(samples.map(({ labels }) => labelsKey(labels))).size < samples.length;
}

async function watch(run: RuleRun, rule: AlertingRule, vector: readonly RuleSample[]): Promise<RuleResult> {
  const { group, state, atMs, options } = run;
  const found = await foundAlerts(run, rule, vector);
  const absent = options.canSee?.() === false ? 'unseen' : null;
  const before = new Map(state.alerts.map((alert) => [labelsKey(alert.labels), alert]));
  const alerts: ActiveAlert[] = [];
  for (const key of new Set([...before.keys(), ...found.keys()])) {
    const alert = stepAlert(before.get(key) ?? null, found.get(key) ?? absent, rule, atMs);
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

/**
 * The alerts that the expression gives now, by the identity of their labels. Throws when two have the same labels. Templates are filled
 * again when answers arrived that they had asked for: they cannot wait themselves.
 */
async function foundAlerts(run: RuleRun, rule: AlertingRule, vector: readonly RuleSample[]): Promise<Map<string, FoundAlert>> {
  const asked = new TemplateQueries((text) => run.options.templateQuery?.(text, run.atMs));
  for (let round = 0; ; round++) {
    const filled = attempt(() => filledAlerts(run, rule, vector, asked));
    if (round < templateRoundsMax && (await asked.answered())) continue;
    if (filled instanceof Error) throw filled;
    return filled;
  }
}

/** Queries of templates that depend on the answers of others. */
const templateRoundsMax = 10;

/** Labels that still lack an answer may look alike: such an error counts only when all answers are there. */
function attempt<T>(fill: () => T): T | Error {
  try {
    return fill();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function filledAlerts(
  { options, atMs }: RuleRun,
  rule: AlertingRule,
  vector: readonly RuleSample[],
  asked: TemplateQueries,
): Map<string, FoundAlert> {
  const world: TemplateWorld = { atMs, externalUrl: options.externalUrl ?? '', query: (text) => asked.answer(text) };
  const found = new Map<string, FoundAlert>();
  for (const { labels, value: float, histogram } of vector) {
    // As in Prometheus, the value of an alert about a histogram is 0; its templates see the histogram.
    const value = histogram === undefined ? float : 0;
    const data = { labels, externalLabels: options.externalLabels ?? {}, value, ...(histogram === undefined ? {} : { histogram }) };
    const expanded = (templates: ReadonlyMap<string, CompiledTemplate>): [string, string][] =>
      [...templates].map(([name, template]) => [name, expandForAlert(template, data, world)]);
    const alertLabels = labelsOf([...Object.entries(labels), ['__name__', ''], ...expanded(rule.labels), ['alertname', rule.name]]);
    const key = labelsKey(alertLabels);
    if (found.has(key)) throw new Error('vector contains metrics with the same labelset after applying alert labels');
    found.set(key, { labels: alertLabels, annotations: Object.fromEntries(expanded(rule.annotations)), value });
  }
  return found;
}

/** `ALERTS` and `ALERTS_FOR_STATE` of an alert. As in Prometheus, a label whose template came out empty appears there as it is written. */
function alertSeries(rule: AlertingRule, { labels, state, activeAt }: ActiveAlert): RuleSample[] {
  const written = [...rule.labels].map(([name, { source }]) => [name, source] as const);
  const series = (name: string, more: readonly (readonly [string, string])[], value: number): RuleSample => ({
    labels: labelsOf([...written, ...Object.entries(labels), ['__name__', name], ['alertname', rule.name], ...more]),
    value,
  });
  return [series('ALERTS', [['alertstate', state]], 1), series('ALERTS_FOR_STATE', [], Math.floor(activeAt / 1_000))];
}

function write(sink: RuleSink, written: readonly RuleSample[], before: readonly Labels[], atMs: number): void {
  if (written.length > 0) sink.append(written.map((sample) => ({ ...sample, atMs })));
  if (before.length === 0) return;
  const now = new Set(written.map(({ labels }) => labelsKey(labels)));
  const ended = before.filter((labels) => !now.has(labelsKey(labels)));
  if (ended.length > 0) sink.appendStale(ended, atMs);
}

/** The pending and firing alerts in a group's state, and those that resolved at the given instant. */
export function ruleAlerts(
  group: RuleGroup,
  state: GroupState,
  { externalUrl = '' }: Pick<GroupOptions, 'externalUrl'> = {},
  resolvedAt: number | null = null,
): RuleAlert[] {
  const known = new Map(state.rules.map(({ key, alerts }) => [key, alerts]));
  const keys = ruleKeys(group.rules);
  return group.rules.flatMap((rule, index) => {
    if (rule.kind !== 'alerting') return [];
    const alerts = known.get(keys[index] ?? '') ?? [];
    const current = alerts.filter((alert) => alert.state !== 'resolved' || alert.resolvedAt === resolvedAt);
    return current.map((active) => ({ rule, alert: asAlert(rule, active, externalUrl), active }));
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
    generatorUrl: externalUrl === '' ? null : `${externalUrl}${tableLink(printExpr(rule.expr))}`,
  };
}
