import { setTimeout as sleep } from 'node:timers/promises';

/** The beginning and the end of something that is done again and again; {@link Effect} takes it as it is. */
export interface Repetition {
  begin(): void;
  /** Settles when nothing is under way any more. */
  end(): Promise<void>;
}

/** Does one thing after another with a pause between. A turn that throws is the last: the lab may have ended under it. */
export function overAndOver(turn: () => Promise<void> | void, pauseMs: number): Repetition {
  let over = false;
  let running: Promise<void> = Promise.resolve();
  const loop = async () => {
    while (!over) {
      await turn();
      await sleep(pauseMs, undefined, { ref: false });
    }
  };
  return {
    begin: () => {
      over = false;
      running = loop().catch(() => {});
    },
    end: async () => {
      over = true;
      await running;
    },
  };
}
