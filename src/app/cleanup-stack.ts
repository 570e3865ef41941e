/** What was started, ended in reverse order. Stopping twice is the same as stopping once. */
export class CleanupStack {
  readonly #steps: { readonly name: string; run(): unknown }[] = [];
  readonly #onError: (step: string, error: unknown) => void;

  constructor(onError: (step: string, error: unknown) => void) {
    this.#onError = onError;
  }

  add(name: string, run: () => unknown): void {
    this.#steps.push({ name, run });
  }

  /** Runs every step, the last added first; one that fails is reported and stops no other. */
  async stop(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.run();
      } catch (error) {
        this.#onError(step.name, error);
      }
    }
  }
}
