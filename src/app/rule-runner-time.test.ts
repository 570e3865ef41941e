import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { systemTimer } from '../base/timer.ts';
import { openStore } from '../connectors/storage/embedded/open-store.ts';
import { SeriesWindows } from '../detect/series/series-windows.ts';
import { labelsOf } from '../model/labels.ts';
import { OwnMetrics } from './own-metrics.ts';
import { RuleRunner } from './rule-runner.ts';
import { loadRules } from './rule-shelf.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('a scrape that ends late does not turn time back: what fires goes on firing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'proxymedic-rules-'));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const store = await openStore({ directory });
  cleanups.push(() => store.close());
  const file = join(directory, 'mine.yml');
  writeFileSync(file, 'groups: [{ name: mine, rules: [{ alert: Broken, expr: broken == 1 }] }]');
  const windows = new SeriesWindows();
  const rounds: number[] = [];
  const runner = new RuleRunner({
    clock: systemClock,
    timer: systemTimer,
    windows,
    state: store.state,
    metrics: new OwnMetrics(),
    onRound: async (firing) => void rounds.push(firing.length),
    onBug: (error) => expect(error).toBeNull(),
  });
  cleanups.push(() => runner.stop());
  await runner.setRules(await loadRules([file]), null);

  windows.append([{ labels: labelsOf([['__name__', 'broken']]), atMs: 20_000, value: 1 }]);
  for (const atMs of [20_000, 12_000, 20_500]) {
    runner.onCommit(atMs);
    await expect.poll(() => runner.views()[0]?.evaluatedAt ?? 0).toBeGreaterThanOrEqual(20_000);
  }
  await runner.stop();
  expect(rounds.length).toBeGreaterThan(1);
  expect(rounds.every((firing) => firing === 1)).toBe(true);
  expect(runner.views()[0]?.evaluatedAt).toBe(20_500);
});
