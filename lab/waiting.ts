import { setTimeout as sleep } from 'node:timers/promises';

const pauseMs = 50;

/** Asks until the answer is yes. Throws with `what` when it stays no for `timeoutMs`. */
export async function waitFor(what: string, timeoutMs: number, ask: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(pauseMs);
  }
}
