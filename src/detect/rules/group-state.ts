import { type Labels, labelsOf } from '../../model/labels.ts';
import type { ActiveAlert } from './alert-step.ts';
import type { Rule, RuleGroup } from './rule.ts';

/** What a rule remembers between evaluations. */
export interface RuleState {
  /** Kind, name and labels of the rule, and its number among equals: how a reloaded rule finds its state. */
  readonly key: string;
  readonly alerts: readonly ActiveAlert[];
  /** The series that it wrote last, which end when it no longer writes them. */
  readonly series: readonly Labels[];
}

/** What a group remembers between evaluations. Plain data, made to be stored as JSON. */
export interface GroupState {
  readonly rules: readonly RuleState[];
}

export const noState: GroupState = { rules: [] };

/** The keys of a group's rules in order. */
export function ruleKeys(rules: readonly Rule[]): string[] {
  const seen = new Map<string, number>();
  return rules.map((rule) => {
    const labels = [...rule.labels].map(([name, value]) => [name, typeof value === 'string' ? value : value.source]);
    const key = JSON.stringify([rule.kind, rule.name, labels]);
    const number = seen.get(key) ?? 0;
    seen.set(key, number + 1);
    return `${key}#${number}`;
  });
}

/** Everything of a group that its evaluation depends on, as text: groups that read the same go on as they are. */
export function groupSignature({ intervalMs, queryOffsetMs, limit, rules }: RuleGroup): string {
  const keys = ruleKeys(rules);
  const parts = rules.map((rule, index) => {
    const annotations = rule.kind === 'alerting' ? [...rule.annotations].map(([name, { source }]) => [name, source]) : [];
    return [keys[index], rule.exprText, annotations, rule.kind === 'alerting' ? [rule.forMs, rule.keepFiringForMs] : []];
  });
  return JSON.stringify([intervalMs, queryOffsetMs, limit, parts]);
}

/** The state after it was stored as JSON: label sets get back what JSON takes from them. */
export function revivedState(state: GroupState): GroupState {
  return {
    rules: state.rules.map(({ key, alerts, series }) => ({
      key,
      alerts: alerts.map((alert) => ({
        ...alert,
        labels: labelsOf(Object.entries(alert.labels)),
        // JSON has no NaN or infinity and writes null.
        value: alert.value ?? Number.NaN,
        // Not there in what an earlier version wrote.
        lastSentAt: alert.lastSentAt ?? null,
        validUntilAt: alert.validUntilAt ?? null,
      })),
      series: series.map((labels) => labelsOf(Object.entries(labels))),
    })),
  };
}

/** Every series that a group wrote last: what must end when the group is removed. */
export function writtenSeries({ rules }: GroupState): Labels[] {
  return rules.flatMap(({ series }) => series);
}
