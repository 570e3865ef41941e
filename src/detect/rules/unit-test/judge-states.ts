import { formatDuration } from '../../../base/duration.ts';
import { formatLabels, labelsOf } from '../../../model/labels.ts';
import type { ActiveAlert } from '../alert-step.ts';
import type { ExpectedAlert, StateTest } from './unit-test-file.ts';

/** What differs between the alerts of a rule and what a test says of their states; null: nothing. Instants count from `startMs`. */
export function judgeStates({ expected, others }: StateTest, alerts: readonly ActiveAlert[], startMs: number): string | null {
  const told = alerts.filter((alert) => alert.state !== 'resolved' || expected.some(({ state }) => state === 'resolved'));
  const pairs = assign(expected, told, startMs);
  const missing = expected.filter((_, index) => pairs[index] === null).map((alert) => `- ${expectedLine(alert)}`);
  const extra = told.filter((alert) => !pairs.includes(alert));
  if (missing.length === 0 && (others || extra.length === 0)) return null;
  return [...missing, ...extra.map((alert) => `+ ${alertLine(alert, startMs)}`)].join('\n');
}

/** For each expected alert one that fits and is not another's, so that as many as possible have one; null where there is none. */
function assign(expected: readonly ExpectedAlert[], alerts: readonly ActiveAlert[], startMs: number): (ActiveAlert | null)[] {
  const owners = new Map<ActiveAlert, number>();
  const place = (index: number, tried: Set<ActiveAlert>): boolean => {
    const wanted = expected[index];
    for (const alert of alerts) {
      if (wanted === undefined || tried.has(alert) || !fits(wanted, alert, startMs)) continue;
      tried.add(alert);
      const owner = owners.get(alert);
      // Whoever has it may be content with another one.
      if (owner === undefined || place(owner, tried)) {
        owners.set(alert, index);
        return true;
      }
    }
    return false;
  };
  for (const index of expected.keys()) place(index, new Set());
  const byIndex = new Map([...owners].map(([alert, index]) => [index, alert]));
  return expected.map((_, index) => byIndex.get(index) ?? null);
}

function fits(wanted: ExpectedAlert, alert: ActiveAlert, startMs: number): boolean {
  const at = (instantMs: number | null, wantedMs: number | null) => wantedMs === null || instantMs === startMs + wantedMs;
  return (
    alert.state === wanted.state &&
    Object.entries(wanted.labels).every(([name, value]) => alert.labels[name] === value) &&
    Object.entries(wanted.annotations).every(([name, value]) => alert.annotations[name] === value) &&
    at(alert.activeAt, wanted.activeAtMs) &&
    at(alert.firedAt, wanted.firedAtMs) &&
    at(alert.resolvedAt, wanted.resolvedAtMs)
  );
}

function expectedLine({ state, labels, annotations, activeAtMs, firedAtMs, resolvedAtMs }: ExpectedAlert): string {
  return line(state, labels, annotations, [activeAtMs, firedAtMs, resolvedAtMs]);
}

function alertLine({ state, labels, annotations, activeAt, firedAt, resolvedAt }: ActiveAlert, startMs: number): string {
  const since = (atMs: number | null) => (atMs === null ? null : atMs - startMs);
  return line(state, labels, labelsOf(Object.entries(annotations)), [since(activeAt), since(firedAt), since(resolvedAt)]);
}

function line(
  state: string,
  labels: ExpectedAlert['labels'],
  annotations: ExpectedAlert['annotations'],
  instants: (number | null)[],
): string {
  const names = ['active_at', 'fired_at', 'resolved_at'];
  const told = instants.flatMap((atMs, index) => (atMs === null ? [] : [` ${names[index]}:${formatDuration(atMs)}`]));
  return `${state} labels:${formatLabels(labels)} annotations:${formatLabels(annotations)}${told.join('')}`;
}
