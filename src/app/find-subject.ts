import type { Target } from '../config/schema.ts';
import type { Labels } from '../model/labels.ts';
import type { ProxyState } from '../model/proxy.ts';
import type { AlertFamily } from '../respond/diagnosis/situation.ts';
import { familyOf, sameBackend } from '../respond/diagnosis/situation.ts';

/** What an alert is about: which target, which backend (as the metrics' label has it), what it claims. */
export interface Subject {
  readonly target: Target;
  readonly backend: string | null;
  readonly family: AlertFamily;
}

/** Says which target and backend an alert means, from labels that three exporters and two generations of rules wrote. */
export async function findSubject(
  alert: { readonly name: string; readonly labels: Labels },
  targets: readonly Target[],
  readState: (target: Target) => Promise<ProxyState | null>,
): Promise<Subject | null> {
  const family = familyOf(alert.name);
  const fitting = narrow(alert, targets);
  if (fitting.length === 0) return null;
  const wanted = backendLabel(alert.labels, family);
  if (wanted === null) return { target: fitting[0] as Target, backend: null, family };
  const states = await Promise.all(fitting.map(async (target) => ({ target, state: await readState(target) })));
  for (const { target, state } of states) {
    const found = state?.backends?.find((backend) => sameBackend(backend.name, wanted));
    if (found !== undefined) return { target, backend: found.name, family };
  }
  const target = states.find(({ state }) => state?.entries?.some((entry) => entry.name === wanted))?.target;
  // A frontend's errors are about the target; an unknown backend stays named, so that the diagnosis can say so.
  if (target !== undefined) return { target, backend: null, family };
  return { target: fitting[0] as Target, backend: wanted, family };
}

/** `proxy` is a backend in HAProxy's embedded exporter; entry points and frontends are not backends. */
function backendLabel(labels: Labels, family: AlertFamily): string | null {
  if (family === 'proxy-down') return null;
  return labels['backend'] ?? labels['service'] ?? labels['exported_service'] ?? labels['proxy'] ?? null;
}

/** The `host:port` that Prometheus calls `instance`. */
export function instanceOf(target: Target): string {
  const url = new URL(target.metricsUrl);
  return `${url.hostname}:${url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port}`;
}

/** Fewer targets with each thing the alert says about them; a thing that fits none says nothing. */
function narrow(alert: { readonly name: string; readonly labels: Labels }, targets: readonly Target[]): readonly Target[] {
  const { labels } = alert;
  const tests: ((target: Target) => boolean)[] = [
    (target) => labels['target'] === target.name,
    (target) => labels['instance'] !== undefined && labels['instance'] === instanceOf(target),
    (target) => new RegExp(`^${target.proxy}`, 'i').test(alert.name),
    (target) => labels['job'] === target.proxy,
  ];
  let left = targets;
  for (const test of tests) {
    const kept = left.filter(test);
    if (kept.length > 0) left = kept;
  }
  // An alert of one kind of proxy never means a target of the other kind.
  const kind = /^(haproxy|traefik)/i.exec(alert.name)?.[1]?.toLowerCase();
  return kind === undefined ? left : left.filter((target) => target.proxy === kind);
}
