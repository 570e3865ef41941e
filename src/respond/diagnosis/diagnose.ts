import type { Clock } from '../../base/clock.ts';
import { isoInstant } from '../../base/clock.ts';
import type { Cause, CauseId, Diagnosis, MitigationOffer } from '../../model/diagnosis.ts';
import { causeRules } from './causes.ts';
import type { AnswerBook, Check, Observation } from './check.ts';
import type { Ask } from './gather.ts';
import { gather } from './gather.ts';
import type { Question } from './questions.ts';
import type { Situation } from './situation.ts';
import { weigh } from './weigh.ts';

export interface DiagnoseOptions {
  readonly checks: readonly Check[];
  readonly ask: Ask;
  readonly clock: Clock;
  readonly deadline: AbortSignal;
  /** Which actions the product knows for a cause. */
  readonly offers: (cause: CauseId) => readonly MitigationOffer[];
}

/** A diagnosis, and the answers it rests on (plans are made from the same look at the world). */
export interface Diagnosed {
  readonly diagnosis: Diagnosis;
  readonly answers: AnswerBook;
}

/** Looks, weighs and says what is wrong. Never rejects; what could not be looked at is `unknown` evidence. */
export async function diagnose(situation: Situation, options: DiagnoseOptions): Promise<Diagnosed> {
  const startedAt = options.clock.now();
  const look = (answers: AnswerBook) => options.checks.flatMap((check) => judged(check, situation, answers, options.clock));
  const answers = await gather(options.checks, situation, options.ask, {
    clock: options.clock,
    deadline: options.deadline,
    enough: (book, open) => open.length > 0 && open.every(onlyDescribes) && isDecided(weigh(situation, look(book))),
  });
  const observations = look(answers);
  const judgement = weigh(situation, observations);
  const causes: Cause[] = judgement.causes.map((cause) => ({ ...cause, mitigations: [...options.offers(cause.id)] }));
  const diagnosis: Diagnosis = {
    alert: situation.alert,
    target: situation.target.name,
    backend: situation.backend,
    runbook: null,
    verdict: judgement.verdict,
    causes,
    ruledOut: judgement.ruledOut,
    evidence: judgement.evidence,
    steps: [],
    startedAt: isoInstant(startedAt),
    durationMs: options.clock.now() - startedAt,
  };
  return { diagnosis, answers };
}

/** Questions whose answers describe, or speak about the proxy as a whole: none of them speaks for or against a cause of one backend. */
const describing: ReadonlySet<Question['kind']> = new Set([
  'proxy/validate',
  'proxy/process',
  'proxy/events',
  'host/resources',
  'host/listener',
  'server/log',
]);

function onlyDescribes(question: Question): boolean {
  return describing.has(question.kind);
}

/** A cause is found, and none about the proxy itself, whose answers may still be open. */
function isDecided({ verdict, causes }: ReturnType<typeof weigh>): boolean {
  return verdict === 'cause-found' && causes.every((cause) => causeRules.find((rule) => rule.id === cause.id)?.scope !== 'target');
}

/** A check that fails in its own code is an unknown with the reason, and stops no other. */
export function judged(check: Check, situation: Situation, answers: AnswerBook, clock: Pick<Clock, 'now'>): readonly Observation[] {
  try {
    return check.judge(situation, answers);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const subject = situation.backend ?? situation.target.name;
    return [
      {
        check: check.id,
        sign: 'could-not-look',
        subject,
        backend: situation.backend,
        summary: `${check.id} failed: ${reason}`,
        facts: {},
        at: clock.now(),
        durationMs: 0,
        fix: null,
      },
    ];
  }
}
