import { fingerprintOf } from '../../../detect/alerts/fingerprint.ts';
import { formatExponent } from '../../../detect/promql/go-float.ts';
import type { LabelMatcher } from '../../../detect/series/queryable.ts';
import { labelsOf } from '../../../model/labels.ts';
import type { RuleAlertView, RuleView } from '../../verbs.ts';
import { instant } from '../json.ts';

/** Which rules a question is about. Empty lists mean all. */
export interface RuleChoice {
  readonly type: 'alert' | 'record' | null;
  readonly names: readonly string[];
  readonly groups: readonly string[];
  readonly files: readonly string[];
  readonly selectors: readonly (readonly LabelMatcher[])[];
  readonly withAlerts: boolean;
  /** Groups on one page; 0: all. */
  readonly groupLimit: number;
  /** Where the page begins; empty: at the first group. */
  readonly token: string;
}

/** Go's zero time. */
const never = '0001-01-01T00:00:00Z';

/** An alert in the shape of `/api/v1/alerts`. */
export function alertJson(alert: RuleAlertView): Readonly<Record<string, unknown>> {
  return {
    labels: alert.labels,
    annotations: alert.annotations,
    state: alert.state,
    activeAt: instant(alert.activeAt),
    ...(alert.keptSinceAt === null ? {} : { keepFiringSince: instant(alert.keptSinceAt) }),
    value: alert.value === null ? '' : formatExponent(alert.value),
  };
}

/** The chosen rules in their groups, in the shape of `/api/v1/rules`; null when the token is none of ours. */
export function groupsJson(rules: readonly RuleView[], choice: RuleChoice, defaultIntervalMs: number) {
  const groups = groupsOf(rules);
  const from = choice.groupLimit > 0 && choice.token !== '' ? groups.findIndex((group) => tokenOf(group) === choice.token) : 0;
  if (from === -1) return null;
  const chosen = groups.slice(from).flatMap((group) => {
    const members = group.filter((rule) => isChosen(rule, choice));
    return members.length === 0 ? [] : [{ group, members }];
  });
  const page = choice.groupLimit > 0 ? chosen.slice(0, choice.groupLimit) : chosen;
  const next = chosen[page.length];
  return {
    groups: page.map(({ members }) => groupJson(members, choice, defaultIntervalMs)),
    ...(next === undefined ? {} : { groupNextToken: tokenOf(next.group) }),
  };
}

type Group = readonly RuleView[];

/** Groups in the order of files and names, as upstream tells them. */
function groupsOf(rules: readonly RuleView[]): Group[] {
  const groups = new Map<string, RuleView[]>();
  for (const rule of rules) {
    const key = JSON.stringify([rule.file, rule.group]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [rule]);
    else known.push(rule);
  }
  const order = ([rule]: Group) => (rule === undefined ? '' : `${rule.file}\0${rule.group}`);
  return [...groups.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function tokenOf([rule]: Group): string {
  return fingerprintOf(
    labelsOf([
      ['file', rule?.file ?? ''],
      ['group', rule?.group ?? ''],
    ]),
  );
}

function isChosen(rule: RuleView, { type, names, groups, files, selectors }: RuleChoice): boolean {
  return (
    (type === null || type === rule.kind) &&
    (names.length === 0 || names.includes(rule.name)) &&
    (groups.length === 0 || groups.includes(rule.group)) &&
    (files.length === 0 || files.includes(rule.file)) &&
    (selectors.length === 0 || selectors.some((matchers) => matchers.every((one) => one.matches(rule.labels[one.name] ?? ''))))
  );
}

function groupJson(members: Group, choice: RuleChoice, defaultIntervalMs: number): Readonly<Record<string, unknown>> {
  const [first] = members;
  return {
    name: first?.group,
    file: first?.file,
    rules: members.map((rule) => ruleJson(rule, choice.withAlerts)),
    interval: (first?.intervalMs ?? defaultIntervalMs) / 1000,
    limit: first?.groupLimit ?? 0,
    evaluationTime: (first?.groupDurationMs ?? 0) / 1000,
    lastEvaluation: evaluation(first?.evaluatedAt ?? null),
  };
}

function evaluation(at: number | null): string {
  return at === null ? never : instant(at);
}

function ruleJson(rule: RuleView, withAlerts: boolean): Readonly<Record<string, unknown>> {
  const health = rule.error !== null ? 'err' : rule.evaluatedAt === null ? 'unknown' : 'ok';
  const base = {
    name: rule.name,
    query: rule.expr,
    labels: rule.labels,
    health,
    ...(rule.error === null ? {} : { lastError: rule.error }),
    evaluationTime: (rule.durationMs ?? 0) / 1000,
    lastEvaluation: evaluation(rule.evaluatedAt),
  };
  if (rule.kind === 'record') return { ...base, type: 'recording' };
  return {
    ...base,
    type: 'alerting',
    state: alertingState(rule),
    duration: rule.forMs / 1000,
    keepFiringFor: rule.keepFiringForMs / 1000,
    annotations: rule.annotations,
    alerts: withAlerts ? rule.alerts.map(alertJson) : [],
  };
}

/** An error leaves the alerts as they are, and so their state. */
function alertingState({ alerts, evaluatedAt }: RuleView): string {
  if (alerts.some(({ state }) => state === 'firing')) return 'firing';
  if (alerts.some(({ state }) => state === 'pending')) return 'pending';
  return evaluatedAt === null ? 'unknown' : 'inactive';
}
