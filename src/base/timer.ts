/** Where waiting comes from. The core never starts a timer itself, so that a test can move time. */
export interface Timer {
  /** Calls `run` once, `delayMs` from now at the earliest. The returned function calls it off. */
  after(delayMs: number, run: () => void): () => void;
}

/** The machine's own timer. */
export const systemTimer: Timer = {
  after(delayMs, run) {
    let handle: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      handle = setTimeout(() => (leftMs > waitMaxMs ? wait(leftMs - waitMaxMs) : run()), Math.min(Math.max(0, leftMs), waitMaxMs));
    };
    wait(delayMs);
    return () => clearTimeout(handle);
  },
};

/** Node takes a longer delay for none at all. */
const waitMaxMs = 2 ** 31 - 1;

/** Does the work again and again, `delayMs` after it last ended, so that it never runs twice at a time. The returned function ends it. */
export function every(timer: Timer, delayMs: number, work: () => Promise<void>, onBug: (error: unknown) => void): () => void {
  let ended = false;
  let cancel = () => {};
  const next = () => {
    if (!ended) cancel = timer.after(delayMs, () => void work().catch(onBug).finally(next));
  };
  next();
  return () => {
    ended = true;
    cancel();
  };
}
