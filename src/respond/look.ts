import type { Diagnosis } from '../model/diagnosis.ts';
import type { AnswerBook } from './diagnosis/check.ts';
import type { Situation } from './diagnosis/situation.ts';
import type { Page } from './runbooks/page.ts';

/** One look at an incident: its diagnosis, what it rests on, and the page whose steps it ran. */
export interface Look {
  readonly situation: Situation;
  readonly diagnosis: Diagnosis;
  readonly answers: AnswerBook;
  readonly page: Page | null;
}
