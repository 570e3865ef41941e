import type { TemplateSample } from './template/prometheus-functions.ts';

type Answer = readonly TemplateSample[] | Error;

/** What templates may ask; undefined: nothing. */
type Ask = (text: string) => readonly TemplateSample[] | Promise<readonly TemplateSample[]> | undefined;

/**
 * The queries of a rule's templates. Templates cannot wait, so that a question whose answer is still on its way is answered with nothing
 * first, and the template is filled once more when the answer is there. Every text is asked once.
 */
export class TemplateQueries {
  readonly #ask: Ask;
  readonly #answers = new Map<string, Answer>();
  readonly #waiting = new Map<string, Promise<readonly TemplateSample[]>>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Throws what the query threw. */
  answer(text: string): readonly TemplateSample[] {
    const answer = this.#answers.get(text) ?? this.#begin(text);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  /** Waits for what was asked; false when nothing was on its way, so that what the templates gave is final. */
  async answered(): Promise<boolean> {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [text, promise] of waiting) this.#answers.set(text, await promise.catch(asError));
    return waiting.length > 0;
  }

  #begin(text: string): Answer {
    if (this.#waiting.has(text)) return [];
    const answer = this.#asked(text);
    if (!(answer instanceof Promise)) {
      this.#answers.set(text, answer);
      return answer;
    }
    // A rejection is taken up in `answered`; until then it must not count as unhandled.
    answer.catch(() => undefined);
    this.#waiting.set(text, answer);
    return [];
  }

  #asked(text: string): Answer | Promise<readonly TemplateSample[]> {
    try {
      return this.#ask(text) ?? new Error('query is not available in templates here');
    } catch (error) {
      return asError(error);
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
