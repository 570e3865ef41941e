import { describe, expect, test } from 'vitest';
import { parseRuleFile } from '../detect/rules/rule-file.ts';
import { SeriesWindows } from '../detect/series/series-windows.ts';
import type { Alert } from '../model/alert.ts';
import { formatLabels, type Labels, labelsOf } from '../model/labels.ts';
import { metricsServers } from './metrics-server.test-data.ts';
import { noState } from './no-state.test-data.ts';
import { OwnMetrics } from './own-metrics.ts';
import { RuleRunner } from './rule-runner.ts';

const slotMs = 30_000;
const steps = 40;
/** Well in the past, so that no server thinks that data may still come. */
const startMs = Math.floor((Date.now() - 6 * 3_600_000) / 3_600_000) * 3_600_000;
/** Between the slots, because Prometheus before 3 counts a sample at the very edge of a window. */
const sampleOffsetMs = 7_000;

const rules = `groups:
  - name: remote
    interval: 30s
    rules:
      - alert: BackendDown
        expr: haproxy_backend_active_servers == 0
        for: 1m
        labels: { severity: critical }
        annotations: { summary: '{{ $labels.proxy }} had {{ with query (printf "haproxy_backend_active_servers{proxy=%q} offset 5m" $labels.proxy) }}{{ . | first | value }}{{ end }}' }
      - alert: Queue
        expr: max_over_time(haproxy_backend_current_queue[1m]) > 5
        keep_firing_for: 2m
      - alert: Missing
        expr: absent(haproxy_up{job="gone"})
        for: 3m
      - alert: Broken
        expr: haproxy_backend_active_servers + on() haproxy_backend_active_servers
`;
const withIncrease = `${rules}      - alert: Errors
        expr: sum by (proxy) (increase(haproxy_backend_http_responses_total{code="5xx"}[2m])) > 30
        keep_firing_for: 2m
`;

interface Series {
  readonly labels: Labels;
  readonly valueAt: (step: number) => number;
}

const named = (name: string, more: Readonly<Record<string, string>>) =>
  labelsOf([['__name__', name], ['job', 'haproxy'], ...Object.entries(more)]);
/** Two backends: one goes down twice, the other answers errors for a while. */
const data: readonly Series[] = [
  {
    labels: named('haproxy_backend_active_servers', { proxy: 'api' }),
    valueAt: (step) => ((step > 8 && step < 14) || step === 25 ? 0 : 3),
  },
  { labels: named('haproxy_backend_active_servers', { proxy: 'web' }), valueAt: () => 2 },
  {
    labels: named('haproxy_backend_http_responses_total', { proxy: 'web', code: '5xx' }),
    valueAt: (step) => 100 * Math.min(10, Math.max(0, step - 12)),
  },
  { labels: named('haproxy_backend_http_responses_total', { proxy: 'api', code: '5xx' }), valueAt: (step) => step },
];

const samples = data.flatMap(({ labels, valueAt }) =>
  Array.from({ length: steps + 1 }, (_, step) => ({ labels, value: valueAt(step), atMs: startMs + step * slotMs + sampleOffsetMs })),
);

/** Evaluates the rules at every slot; what fired, pended or was in error at each. */
async function play(text: string, windows: SeriesWindows, url: string | null): Promise<string[][]> {
  const timers: { readonly atMs: number; run(): void }[] = [];
  const clock = { nowMs: startMs, now: () => clock.nowMs };
  let rounds = 0;
  const runner = new RuleRunner({
    clock,
    timer: {
      after: (delayMs, run) => {
        timers.push({ atMs: clock.nowMs + delayMs, run });
        return () => undefined;
      },
    },
    windows,
    state: noState,
    metrics: new OwnMetrics(),
    external: () => ({ url: '', labels: {} }),
    everyTargetSeen: () => true,
    onDue: () => undefined,
    onRound: async () => {
      rounds += 1;
    },
    onBug: (error) => {
      throw error;
    },
  });
  const groups = parseRuleFile(text, 'rules.yml').groups;
  await runner.setRules(
    { groups, alertNames: new Set(), errors: [] },
    url === null ? null : { url, evaluationIntervalMs: slotMs, headers: [], bearerToken: null },
  );
  runner.onCommit(startMs);
  const seen: string[][] = [];
  for (let step = 0; step < steps; step++) {
    const before = rounds;
    const timer = timers.shift();
    if (timer === undefined) throw new Error('no timer');
    clock.nowMs = timer.atMs;
    timer.run();
    while (rounds === before || timers.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    seen.push(runner.views().flatMap((view) => [...(view.error === null ? [] : [`${view.name} in error`]), ...view.alerts.map(line)]));
  }
  await runner.stop();
  return seen;
}

function line({ state, labels, annotations, activeAt, startsAt }: Alert & { readonly activeAt: number }): string {
  const since = (atMs: number) => Math.round((atMs - startMs) / 1000);
  return `${state} ${formatLabels(labels)} ${annotations['summary'] ?? ''} ${since(activeAt)} ${since(startsAt)}`;
}

/** What the embedded mode says of the same data. */
async function embedded(text: string): Promise<string[][]> {
  const windows = new SeriesWindows();
  windows.setRetention(24 * 3_600_000);
  for (const sample of [...samples].sort((a, b) => a.atMs - b.atMs)) windows.append([sample]);
  return await play(text, windows, null);
}

test('the embedded mode has something to compare with', async () => {
  const seen = await embedded(withIncrease);
  const words = new Set(seen.flat().map((text) => text.replace(/ \{.*/, '')));
  expect([...words].sort()).toEqual(['Broken in error', 'firing', 'pending']);
  expect(new Set(seen.map((alerts) => alerts.join('\n'))).size).toBeGreaterThan(8);
});

describe.each(metricsServers('rules'))('a real $kind', ({ kind, absent, start }) => {
  // VictoriaMetrics counts the sample before a window, too, so that increases end one sample later there.
  const text = kind === 'Prometheus' ? withIncrease : rules;

  test.skipIf(absent)('gives the alerts of the embedded mode, slot by slot', { timeout: 120_000 }, async () => {
    const server = await start(samples);
    try {
      expect(await play(text, new SeriesWindows(), server.url)).toEqual(await embedded(text));
    } finally {
      await server.stop();
    }
  });
});
