import { expect, test } from 'vitest';
import { parseNativeHistogram } from '../detect/promql/native-text.ts';
import { parseRuleFile } from '../detect/rules/rule-file.ts';
import { SeriesWindows } from '../detect/series/series-windows.ts';
import type { Alert } from '../model/alert.ts';
import { labelsOf } from '../model/labels.ts';
import type { StateStore } from '../respond/incidents/state-store.ts';
import { OwnMetrics } from './own-metrics.ts';
import { RuleRunner } from './rule-runner.ts';
import type { LoadedRules } from './rule-shelf.ts';

const minuteMs = 60_000;

/** A store that keeps what JSON keeps. */
function memoryState(): StateStore {
  const rows = new Map<string, string>();
  return {
    get: async (key) => {
      const text = rows.get(key);
      return text === undefined ? null : { value: JSON.parse(text), version: 1, updatedAt: 0 };
    },
    put: async (key, value) => {
      rows.set(key, JSON.stringify(value));
      return 1;
    },
    putAll: async (entries) => {
      for (const [key, value] of entries) rows.set(key, JSON.stringify(value));
    },
    list: async () => [],
    remove: async (key) => void rows.delete(key),
  };
}

function loaded(...texts: readonly string[]): LoadedRules {
  const groups = texts.flatMap((text) => parseRuleFile(text, 'r.yml').groups);
  return { groups, alertNames: new Set(), errors: [] };
}

/** A runner whose clock is moved by hand, and what it said after each round. */
class Bench {
  readonly rounds: string[][] = [];
  readonly told: string[] = [];
  readonly windows = new SeriesWindows();
  readonly runner: RuleRunner;
  nowMs: number;
  allSeen = true;
  #timers: { readonly atMs: number; run(): void }[] = [];

  constructor(state: StateStore, nowMs: number) {
    this.nowMs = nowMs;
    this.runner = new RuleRunner({
      clock: { now: () => this.nowMs },
      timer: {
        after: (delayMs, run) => {
          const entry = { atMs: this.nowMs + delayMs, run };
          this.#timers.push(entry);
          return () => {
            this.#timers = this.#timers.filter((one) => one !== entry);
          };
        },
      },
      windows: this.windows,
      state,
      metrics: new OwnMetrics(),
      external: () => ({ url: 'http://medic', labels: { site: 'lab' } }),
      everyTargetSeen: () => this.allSeen,
      onDue: (due) => this.told.push(...due.map(({ alert }) => `${alert.name} ${alert.state}`)),
      onRound: async (firing: readonly Alert[]) => void this.rounds.push(firing.map(({ name }) => name).sort()),
      onBug: (error) => {
        throw error;
      },
    });
  }

  /** Lets time pass, the timers that fall due included. */
  async pass(durationMs: number): Promise<void> {
    const untilMs = this.nowMs + durationMs;
    for (;;) {
      const next = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.nowMs = next.atMs;
      next.run();
      await new Promise(setImmediate);
    }
    this.nowMs = untilMs;
  }

  async commit(): Promise<readonly string[] | undefined> {
    const before = this.rounds.length;
    this.runner.onCommit(this.nowMs);
    while (this.rounds.length === before) await new Promise(setImmediate);
    return this.rounds.at(-1);
  }
}

const slow = 'groups: [{ name: slow, interval: 1m, rules: [{ alert: Slow, expr: "vector(1)" }] }]';
const quick = 'groups: [{ name: quick, rules: [{ alert: Quick, expr: "vector(1)" }] }]';

test('after a restart and after a reload, what fired still does before its group is evaluated again', async () => {
  const state = memoryState();
  const first = new Bench(state, 1_000_000);
  await first.runner.setRules(loaded(slow, quick), null);
  await first.pass(minuteMs);
  expect(await first.commit()).toEqual(['Quick', 'Slow']);
  await first.runner.setRules(loaded(slow, quick.replace('expr', 'for: 1h, expr')), null);
  expect(await first.commit()).toEqual(['Slow']);
  await first.runner.stop();

  const second = new Bench(state, 1_100_000);
  await second.runner.setRules(loaded(slow, quick), null);
  expect(second.runner.views().map((view) => view.alerts.length)).toEqual([1, 1]);
  expect(await second.commit()).toContain('Slow');
});

test('a restart ends nothing before every target was scraped', async () => {
  const state = memoryState();
  const rule = (expr: string) => `groups: [{ name: g, rules: [{ alert: Errors, expr: "${expr}" }] }]`;
  const first = new Bench(state, 1_000_000);
  await first.runner.setRules(loaded(rule('vector(1)')), null);
  expect(await first.commit()).toEqual(['Errors']);
  // The same alert; its key leaves out the expression, as Prometheus does.
  const second = new Bench(state, 1_100_000);
  second.allSeen = false;
  await second.runner.setRules(loaded(rule('up == 0')), null);
  expect(await second.commit()).toEqual(['Errors']);
  second.allSeen = true;
  expect(await second.commit()).toEqual([]);
});

test('an Alertmanager is told once, again after a minute, and a restart does not tell anew', async () => {
  const state = memoryState();
  const first = new Bench(state, 1_000_000);
  await first.runner.setRules(loaded(quick), null);
  for (let second = 0; second <= 70; second += 10) {
    await first.commit();
    first.nowMs += 10_000;
  }
  expect(first.told).toEqual(['Quick firing', 'Quick firing']);
  const second = new Bench(state, first.nowMs);
  await second.runner.setRules(loaded(quick), null);
  await second.commit();
  expect(second.told).toEqual([]);
});

test('alerts lead to our page of their expression, and templates know the URL and the external labels', async () => {
  const bench = new Bench(memoryState(), 1_000_000);
  const summary = '{{ $externalURL }}{{ tableLink "up" }} of {{ $externalLabels.site }}';
  await bench.runner.setRules(
    loaded(`groups: [{ name: g, rules: [{ alert: Up, expr: "vector(1) > 0", annotations: { summary: '${summary}' } }] }]`),
    null,
  );
  await bench.commit();
  const [alert] = bench.runner.views().flatMap((view) => view.alerts);
  expect([alert?.generatorUrl, alert?.annotations['summary']]).toEqual([
    'http://medic/graph?g0.expr=vector%281%29+%3E+0&g0.tab=1',
    'http://medic/graph?g0.expr=up&g0.tab=1 of lab',
  ]);
});

test('a native histogram that a rule records is read by the next rules, and may be what an alert is about', async () => {
  const bench = new Bench(memoryState(), 1_000_000);
  const rules = `groups:
  - name: g
    rules:
      - { record: 'job:latency', expr: 'sum by (job) (latency)' }
      - { record: 'job:latency:p50', expr: 'histogram_quantile(0.5, job:latency)' }
      - { alert: Seen, expr: 'job:latency', annotations: { summary: '{{ $value }} {{ query "job:latency:p50" | first | value }}' } }
`;
  await bench.runner.setRules(loaded(rules), null);
  const { histogram } = parseNativeHistogram('schema:-53 count:4 sum:7 custom_values:[1 2] buckets:[1 3]');
  for (const instance of ['a', 'b']) {
    const labels = labelsOf(Object.entries({ __name__: 'latency', job: 'j', instance }));
    bench.windows.append([{ labels, atMs: bench.nowMs, value: Number.NaN, histogram }]);
  }
  await bench.commit();
  const [alert] = bench.runner.views().flatMap((view) => view.alerts);
  expect([alert?.state, alert?.value, alert?.annotations['summary']]).toEqual([
    'firing',
    0,
    '{count:8, sum:14, [-Inf,1]:2, (1,2]:6} 1.3333333333333333',
  ]);
});

test('a file that is named twice is read once', async () => {
  const bench = new Bench(memoryState(), 1_000_000);
  await bench.runner.setRules(loaded(quick, quick), null);
  expect(bench.runner.views()).toHaveLength(1);
});

test('a scrape that ends late does not turn time back: what fires goes on firing', async () => {
  const bench = new Bench(memoryState(), 20_000);
  await bench.runner.setRules(loaded('groups: [{ name: g, rules: [{ alert: Broken, expr: "timestamp(broken) > 0" }] }]'), null);
  bench.windows.append([{ labels: labelsOf([['__name__', 'broken']]), atMs: 20_000, value: 1 }]);
  expect(await bench.commit()).toEqual(['Broken']);
  // The instant of a scrape is when it began.
  bench.nowMs = 12_000;
  expect(await bench.commit()).toEqual(['Broken']);
  bench.nowMs = 20_500;
  expect(await bench.commit()).toEqual(['Broken']);
  expect(bench.runner.views()[0]?.evaluatedAt).toBe(20_500);
});
