import { expect, test, vi } from 'vitest';
import { every, systemTimer, type Timer } from './timer.ts';

/** A timer whose only entry runs when the test says so. */
function handTimer(): Timer & { fire(): void; waiting(): boolean } {
  let due: (() => void) | null = null;
  return {
    after(_, run) {
      due = run;
      return () => (due = null);
    },
    fire() {
      const run = due;
      due = null;
      run?.();
    },
    waiting: () => due !== null,
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('the next round waits for the end of this one, also of one that failed', async () => {
  const timer = handTimer();
  const bugs: unknown[] = [];
  let end: (error?: Error) => void = () => {};
  every(
    timer,
    5,
    () => new Promise((resolve, reject) => (end = (error) => (error ? reject(error) : resolve()))),
    (bug) => bugs.push(bug),
  );
  timer.fire();
  expect(timer.waiting()).toBe(false);
  end(new Error('no'));
  await settled();
  expect([timer.waiting(), bugs.length]).toEqual([true, 1]);
});

test('ended in the middle of a round it begins no other', async () => {
  const timer = handTimer();
  let end: () => void = () => {};
  const stop = every(
    timer,
    5,
    () => new Promise((resolve) => (end = resolve)),
    () => {},
  );
  timer.fire();
  stop();
  end();
  await settled();
  expect(timer.waiting()).toBe(false);
});

test('a month is waited for although Node cannot wait so long at once', () => {
  vi.useFakeTimers();
  try {
    const dayMs = 86_400_000;
    let ran = 0;
    systemTimer.after(30 * dayMs, () => {
      ran += 1;
    });
    vi.advanceTimersByTime(30 * dayMs - 1);
    expect(ran).toBe(0);
    vi.advanceTimersByTime(1);
    expect(ran).toBe(1);
    const cancel = systemTimer.after(30 * dayMs, () => {
      ran += 1;
    });
    vi.advanceTimersByTime(29 * dayMs);
    cancel();
    vi.advanceTimersByTime(29 * dayMs);
    expect(ran).toBe(1);
  } finally {
    vi.useRealTimers();
  }
});
