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
