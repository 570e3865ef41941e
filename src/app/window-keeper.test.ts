import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { WindowFiles } from '../connectors/storage/embedded/window-files.ts';
import { ExpositionParser } from '../detect/scrape/exposition-parser.ts';
import { SeriesWindows } from '../detect/series/series-windows.ts';
import { labelsOf } from '../model/labels.ts';
import { WindowKeeper } from './window-keeper.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'window-keeper-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A process that scrapes by hand and may be killed at any time. */
class Life {
  readonly windows = new SeriesWindows();
  readonly log: string[] = [];
  readonly keeper: WindowKeeper;
  nowMs: number;
  readonly #parser = new ExpositionParser();
  #due: (() => void) | null = null;

  constructor(directory: string, nowMs: number) {
    this.nowMs = nowMs;
    this.windows.setTarget('edge', labelsOf([['job', 'haproxy']]));
    const files = new WindowFiles(directory);
    cleanups.push(() => files.close());
    this.keeper = new WindowKeeper({
      windows: this.windows,
      files,
      clock: { now: () => this.nowMs },
      timer: {
        after: (_, run) => {
          this.#due = run;
          return () => {
            this.#due = null;
          };
        },
      },
      log: (level, message) => this.log.push(`${level} ${message}`),
      onBug: (error) => {
        throw error;
      },
    });
  }

  /** Scrapes, and writes if it is told to. */
  async scrape(value: number, write = true): Promise<void> {
    this.nowMs += 5_000;
    const exposition = this.#parser.parse(new TextEncoder().encode(`a ${value}\n`));
    this.windows.commitScrape({ target: 'edge', atMs: this.nowMs, durationMs: 1, exposition });
    if (write) await this.write();
  }

  async write(): Promise<void> {
    const due = this.#due;
    this.#due = null;
    due?.();
    while (this.#due === null) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** `seconds:value` of the one series. */
  shown(): string[] {
    const name = { name: '__name__', op: '=', value: 'a', matches: (text: string) => text === 'a' } as const;
    return this.windows.select([name], 0, this.nowMs).flatMap(({ times, values, start, end }) => {
      return Array.from({ length: end - start }, (_, index) => `${times[start + index]! / 1_000}:${values[start + index]}`);
    });
  }
}

test('what was written is there after a crash, again after the next, and goes on', async () => {
  const directory = await temporary();
  const first = new Life(directory, 100_000);
  await first.keeper.start();
  await first.scrape(1);
  await first.scrape(2);
  await first.scrape(3, false);

  const second = new Life(directory, 130_000);
  await second.keeper.start();
  expect(second.shown()).toEqual(['105:1', '110:2']);
  await second.scrape(4);

  const third = new Life(directory, 150_000);
  await third.keeper.start();
  expect(third.shown()).toEqual(['105:1', '110:2', '135:4']);
  expect(third.log).toEqual([]);
});

test('a stop writes what a crash would lose', async () => {
  const directory = await temporary();
  const first = new Life(directory, 100_000);
  await first.keeper.start();
  await first.scrape(1, false);
  await first.keeper.stop();
  const second = new Life(directory, 110_000);
  await second.keeper.start();
  expect(second.shown()).toEqual(['105:1']);
});

test('what is older than the windows, or newer than now, is left where it is', async () => {
  const directory = await temporary();
  const first = new Life(directory, 10_000_000);
  await first.keeper.start();
  await first.scrape(1);
  const late = new Life(directory, 10_000_000 + 16 * 60_000);
  await late.keeper.start();
  expect(late.shown()).toEqual([]);
  const before = new Life(directory, 9_000_000);
  await before.keeper.start();
  expect(before.shown()).toEqual([]);
});

test('the disk holds as much as the windows reach back, and a half', async () => {
  const directory = await temporary();
  const life = new Life(directory, 10_000_000);
  life.windows.setRetention(60_000);
  await life.keeper.start();
  for (let scrape = 0; scrape < 100; scrape += 1) await life.scrape(scrape);
  const logs = await readdir(join(directory, 'windows'));
  expect(logs.length).toBeGreaterThan(1);
  expect(logs.length).toBeLessThanOrEqual(4);
  const again = new Life(directory, life.nowMs);
  again.windows.setRetention(60_000);
  await again.keeper.start();
  expect(again.shown().slice(-12)).toEqual(life.shown().slice(-12));
});

test('a disk that refuses is told of once and tried again', async () => {
  const directory = await temporary();
  await writeFile(join(directory, 'windows'), 'in the way');
  const life = new Life(directory, 100_000);
  await life.keeper.start();
  await life.scrape(1);
  await life.scrape(2);
  life.nowMs += 60_000;
  await life.scrape(3);
  expect(life.log).toEqual([
    expect.stringMatching(/^warn the windows of before the start cannot be read: ENOTDIR/),
    expect.stringMatching(/^error the windows cannot be written: (?:ENOTDIR|EEXIST)/),
  ]);
  await rm(join(directory, 'windows'));
  life.nowMs += 60_000;
  await life.scrape(4);
  const next = new Life(directory, life.nowMs + 1_000);
  await next.keeper.start();
  expect(next.shown()).toContain(`${life.nowMs / 1_000}:4`);
});
