import type { Answered, Answers, Question } from './questions.ts';
import { questionKey } from './questions.ts';
import type { SignId } from './signs.ts';
import type { Situation } from './situation.ts';

/** One thing a check saw, or could not see. The tables in `causes.ts` say what it means. */
export interface Observation {
  readonly check: string;
  readonly sign: SignId;
  /** Backend, `backend/server`, target name, `path:/x`, `client:IP`. */
  readonly subject: string;
  /** The backend it belongs to, so that it can speak about all its servers; null for the target as a whole. */
  readonly backend: string | null;
  readonly summary: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly at: number;
  readonly durationMs: number;
  readonly fix: string | null;
}

/** The answers so far. `get` is undefined while the question is still open. */
export class AnswerBook {
  readonly #answers = new Map<string, Answered<unknown>>();

  get<Q extends Question>(question: Q): Answered<Answers[Q['kind']]> | undefined {
    return this.#answers.get(questionKey(question)) as Answered<Answers[Q['kind']]> | undefined;
  }

  /** The value when there is one, else null: for a check that only wants to know what else to ask. */
  value<Q extends Question>(question: Q): Answers[Q['kind']] | null {
    const answer = this.get(question);
    return answer?.ok ? answer.value : null;
  }

  set(question: Question, answer: Answered<unknown>): void {
    this.#answers.set(questionKey(question), answer);
  }

  has(question: Question): boolean {
    return this.#answers.has(questionKey(question));
  }

  /** All answers by the keys of their questions, for writing them down. */
  entries(): readonly (readonly [key: string, answer: Answered<unknown>])[] {
    return [...this.#answers];
  }

  /** A book as it was written down. */
  static from(entries: Iterable<readonly [key: string, answer: Answered<unknown>]>): AnswerBook {
    const book = new AnswerBook();
    for (const [key, answer] of entries) book.#answers.set(key, answer);
    return book;
  }
}

/**
 * A check is two pure halves. `needs` names its questions; it is asked again whenever an answer arrives, so a
 * question may depend on an earlier answer (which servers are there?). `judge` turns the answers into observations.
 */
export interface Check {
  /** `family/name`, equal to its file and its section in docs/checks.md. */
  readonly id: string;
  readonly title: string;
  needs(situation: Situation, known: AnswerBook): readonly Question[];
  judge(situation: Situation, known: AnswerBook): readonly Observation[];
}

type Seen = Omit<Observation, 'check' | 'at' | 'durationMs' | 'fix' | 'facts' | 'backend'> & {
  readonly facts?: Observation['facts'];
  readonly backend?: string | null;
};

/** Makes observations of one check from one answer, so that time and duration are always those of the answer. */
export function observe(check: string, answer: { readonly at: number; readonly durationMs: number }, seen: Seen): Observation {
  return { facts: {}, backend: null, ...seen, check, at: answer.at, durationMs: answer.durationMs, fix: null };
}

/** The observation of a check that could not look. */
export function couldNotLook(
  check: string,
  answer: { readonly reason: string; readonly fix: string | null; readonly at: number; readonly durationMs: number },
  about: { readonly subject: string; readonly backend?: string | null },
): Observation {
  return {
    check,
    sign: 'could-not-look',
    subject: about.subject,
    backend: about.backend ?? null,
    summary: answer.reason,
    facts: {},
    at: answer.at,
    durationMs: answer.durationMs,
    fix: answer.fix,
  };
}
