/** Where waiting comes from. The core never starts a timer itself, so that a test can move time. */
export interface Timer {
  /** Calls `run` once, `delayMs` from now at the earliest. The returned function calls it off. */
  after(delayMs: number, run: () => void): () => void;
}

/** The machine's own timer. */
export const systemTimer: Timer = {
  after(delayMs, run) {
    const handle = setTimeout(run, Math.max(0, delayMs));
    return () => clearTimeout(handle);
  },
};

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
