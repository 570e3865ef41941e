import { describe, expect, test } from 'vitest';
import type { Timer } from '../../base/timer.ts';
import { labelsOf } from '../../model/labels.ts';
import { SeriesWindows } from '../series/series-windows.ts';
import type { CoalescedCommit } from './commit-coalescer.ts';
import { ScrapeError } from './scrape-error.ts';
import { ScrapeLoop } from './scrape-loop.ts';
import type { ScrapeResult, ScrapeTarget } from './target-scraper.ts';

/** Time that only moves when told to. */
class MovedTime implements Timer {
  nowMs = 1_000_000;
  /** Setting the clock does not disturb timers. */
  clockSetByMs = 0;
  #waiting: { atMs: number; run: () => void }[] = [];

  now(): number {
    return this.nowMs + this.clockSetByMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const entry = { atMs: this.nowMs + Math.max(0, delayMs), run };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async move(byMs: number): Promise<void> {
    const untilMs = this.nowMs + byMs;
    for (;;) {
      await settle();
      const next = this.#waiting.filter((entry) => entry.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter((entry) => entry !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = untilMs;
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** A loop over targets that answer after `answerMs`, with everything that came of it. */
function bench(answerMs: Record<string, number>, body = 'a 1\n') {
  const time = new MovedTime();
  const windows = new SeriesWindows();
  const started: string[] = [];
  const results: ScrapeResult[] = [];
  const commits: CoalescedCommit[] = [];
  const bugs: unknown[] = [];
  let inFlight = 0;
  let mostInFlight = 0;
  const state = { body, fail: false };
  const loop = new ScrapeLoop({
    clock: time,
    timer: time,
    windows,
    fetch: ({ target, url }, signal) =>
      new Promise((resolve, reject) => {
        started.push(`${target}@${time.nowMs - 1_000_000}`);
        mostInFlight = Math.max(mostInFlight, ++inFlight);
        const stopped = () => reject(new ScrapeError('stopped', { target, url, elapsedMs: 0 }, 'called off'));
        signal.addEventListener('abort', stopped);
        time.after(answerMs[target] ?? 0, () => {
          inFlight -= 1;
          if (state.fail) reject(new ScrapeError('refused', { target, url, elapsedMs: 1 }, 'ECONNREFUSED'));
          else resolve({ body: new TextEncoder().encode(state.body), format: 'prometheus' });
        });
      }),
    onScrape: (result) => results.push(result),
    onCommit: (commit) => commits.push(commit),
    onBug: (bug) => bugs.push(bug),
  });
  const watch = (...targets: ScrapeTarget[]) => {
    for (const { name } of targets)
      windows.setTarget(
        name,
        labelsOf([
          ['job', 'haproxy'],
          ['instance', name],
        ]),
      );
    loop.setTargets(targets);
  };
  return { time, windows, started, results, commits, bugs, loop, watch, state, mostInFlight: () => mostInFlight };
}

const target = (name: string, intervalMs = 5_000): ScrapeTarget => ({
  name,
  url: `http://${name}/metrics`,
  intervalMs,
  timeoutMs: intervalMs,
});

describe('the loop', () => {
  test('scrapes at once and then at its interval', async () => {
    const { time, started, watch, results } = bench({ a: 20 });
    watch(target('a'));
    await time.move(11_000);
    expect(started).toEqual(['a@0', 'a@5000', 'a@10000']);
    expect(results.map((result) => [result.samples, result.durationMs, result.error])).toEqual([
      [1, 20, null],
      [1, 20, null],
      [1, 20, null],
    ]);
  });

  test('never runs two scrapes of a target at a time and leaves out the slots it missed', async () => {
    const { time, started, watch, mostInFlight } = bench({ a: 12_000 });
    watch(target('a'));
    await time.move(31_000);
    expect(started).toEqual(['a@0', 'a@15000', 'a@30000']);
    expect(mostInFlight()).toBe(1);
  });

  test('tells the health of each target', async () => {
    const { time, loop, watch, state } = bench({ a: 20 });
    watch(target('a'));
    expect(loop.health()[0]).toMatchObject({ name: 'a', health: 'unknown', lastScrapeAt: null });
    await time.move(1_000);
    expect(loop.health()[0]).toMatchObject({ health: 'up', lastScrapeAt: 1_000_000, lastError: null, lastSamples: 1 });
    state.fail = true;
    await time.move(5_000);
    expect(loop.health()[0]).toMatchObject({ health: 'down', lastScrapeAt: 1_005_000, lastError: expect.stringContaining('ECONNREFUSED') });
  });

  test('tells a bad body by line and column', async () => {
    const { time, loop, watch, windows } = bench({ a: 0 }, 'a 1\nb\n');
    watch(target('a'));
    await time.move(100);
    expect(loop.health()[0]?.lastError).toContain('line 2, column 2: expected a value');
    const up = windows.select([{ name: '__name__', op: '=', value: 'up', matches: (value) => value === 'up' }], 0, 2_000_000)[0]!;
    expect(up.values[up.start]).toBe(0);
  });

  test('stops completely', async () => {
    const { time, loop, watch, results, started } = bench({ a: 1_000, b: 0 });
    watch(target('a'), target('b'));
    await time.move(10);
    const stopped = loop.stop();
    await time.move(20_000);
    await stopped;
    expect(results.map((result) => result.target)).toEqual(['b']);
    expect(started).toEqual(['a@0', 'b@0']);
    expect(time.waiting).toBe(0);
  });

  test('keeps the rhythm of what did not change when the targets are replaced, and takes what is new into it', async () => {
    const { time, watch, started } = bench({});
    watch(target('a'), target('b'));
    await time.move(3_000);
    watch(target('a'), target('c'));
    await time.move(2_500);
    expect(started).toEqual(['a@0', 'b@0', 'c@3000', 'a@5000', 'c@5000']);
  });

  test('goes on when the clock is set back', async () => {
    const { time, watch, started, loop } = bench({});
    watch(target('a'));
    await time.move(1_000);
    time.clockSetByMs = -900_000;
    await time.move(20_000);
    expect(started.length).toBe(5);
    expect(loop.health()[0]?.health).toBe('up');
  });

  test('survives a bug in what it calls', async () => {
    const time = new MovedTime();
    const windows = new SeriesWindows();
    const bugs: unknown[] = [];
    let scrapes = 0;
    const loop = new ScrapeLoop({
      clock: time,
      timer: time,
      windows,
      fetch: async () => ({ body: new TextEncoder().encode('a 1\n'), format: 'prometheus' }),
      onScrape: () => {
        scrapes += 1;
        throw new Error('oops');
      },
      onCommit: () => {
        throw new Error('oops');
      },
      onBug: (bug) => bugs.push(bug),
    });
    windows.setTarget('a', labelsOf([]));
    loop.setTargets([target('a')]);
    await time.move(11_000);
    expect(scrapes).toBe(3);
    expect(bugs).toHaveLength(6);
  });
});

describe('commits', () => {
  test('of one target are told at once', async () => {
    const { time, watch, commits } = bench({ a: 20 });
    watch(target('a'));
    await time.move(20);
    expect(commits).toEqual([{ targets: ['a'], atMs: 1_000_000 }]);
  });

  test('within 100 ms are one', async () => {
    const { time, watch, commits } = bench({ a: 20, b: 90 });
    watch(target('a'), target('b'));
    await time.move(4_000);
    expect(commits).toEqual([{ targets: ['a', 'b'], atMs: 1_000_000 }]);
  });

  test('do not wait longer than 100 ms for a slow target', async () => {
    const { time, watch, commits } = bench({ a: 20, b: 3_000 });
    watch(target('a'), target('b'));
    await time.move(119);
    expect(commits).toEqual([]);
    await time.move(1);
    expect(commits).toEqual([{ targets: ['a'], atMs: 1_000_000 }]);
    await time.move(3_000);
    expect(commits[1]).toEqual({ targets: ['b'], atMs: 1_000_000 });
  });
});
