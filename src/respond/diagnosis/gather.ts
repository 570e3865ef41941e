import type { Clock } from '../../base/clock.ts';
import type { Check } from './check.ts';
import { AnswerBook } from './check.ts';
import type { Answered, Question } from './questions.ts';
import { CannotLook, questionKey } from './questions.ts';
import type { Situation } from './situation.ts';

/** Asks the world one question. Rejects with {@link CannotLook} when it cannot look, with anything else when it failed. */
export type Ask = (question: Question, signal: AbortSignal) => Promise<unknown>;

export interface GatherOptions {
  readonly clock: Clock;
  /** Ends the gathering: what is unanswered then is unknown. */
  readonly deadline: AbortSignal;
  /** Whether what is still open can no longer change the verdict: then nobody waits for it. Default: never. */
  readonly enough?: (book: AnswerBook, open: readonly Question[]) => boolean;
}

/**
 * Asks all questions of all checks at once, each only once, and asks the checks again whenever an answer opened new
 * questions. Ends when nothing is open, or at the deadline. Never rejects: an answer that failed is an answer, too.
 */
export async function gather(checks: readonly Check[], situation: Situation, ask: Ask, options: GatherOptions): Promise<AnswerBook> {
  const book = new AnswerBook();
  const open = new Map<string, { readonly question: Question; readonly done: Promise<void> }>();
  const startedAt = options.clock.now();
  const expired = whenAborted(options.deadline);

  const askNew = () => {
    for (const question of checks.flatMap((check) => safely(() => check.needs(situation, book), []))) {
      const key = questionKey(question);
      if (book.has(question) || open.has(key)) continue;
      const done = answer(question, ask, options).then((answered) => {
        // After the deadline the unknown is already written down and must stay what people were told.
        if (open.delete(key)) book.set(question, answered);
      });
      open.set(key, { question, done });
    }
  };

  askNew();
  while (open.size > 0 && !options.deadline.aborted) {
    await Promise.race([expired, ...[...open.values()].map(({ done }) => done)]);
    askNew();
    if (
      options.enough?.(
        book,
        [...open.values()].map(({ question }) => question),
      )
    )
      break;
  }
  for (const { question } of open.values()) book.set(question, unanswered(startedAt, options.clock));
  open.clear();
  return book;
}

async function answer(question: Question, ask: Ask, options: GatherOptions): Promise<Answered<unknown>> {
  const at = options.clock.now();
  try {
    const value = await ask(question, options.deadline);
    const now = options.clock.now();
    return { ok: true, value, at: now, durationMs: now - at };
  } catch (error) {
    const now = options.clock.now();
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: reason.slice(0, 500), fix: error instanceof CannotLook ? error.fix : null, at: now, durationMs: now - at };
  }
}

function unanswered(startedAt: number, clock: Clock): Answered<never> {
  const now = clock.now();
  return { ok: false, reason: `no answer within ${now - startedAt} ms`, fix: null, at: now, durationMs: now - startedAt };
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A check that throws must not stop the others. */
export function safely<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}
