import type { RequestRecord } from '../../../../model/proxy.ts';
import { countsQuestion, countsQuestions, freshCounts, requestsQuestion, stateQuestion } from '../../ask.ts';
import type { AnswerBook, Check, Observation } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import type { CountRow } from '../../questions.ts';
import type { Situation } from '../../situation.ts';
import { sameBackend } from '../../situation.ts';
import { densestWindow, errorShareMin, errorsMin, requestsMin } from '../../traffic.ts';
import { backendNames, percent } from './error-shares.ts';

const id = 'traffic/volume';
/** Errors beyond this are no chance, however few the requests. */
const fewErrorsMax = 10;

/** How much traffic there is, and whether it is enough for a ratio to mean anything. */
export const volume: Check = {
  id,
  title: 'Volume of traffic',
  needs: (situation) => [requestsQuestion(situation), ...countsQuestions(situation), stateQuestion(situation)],
  judge(situation, known) {
    const log = known.get(requestsQuestion(situation));
    const counts = known.get(countsQuestion(situation));
    if (log === undefined && counts === undefined) return [];
    const names = backendNames(situation, known);
    const seen = names.flatMap((backend) => judgeBackend(situation, known, backend));
    if (seen.length > 0 || names.length === 0) return seen;
    const unanswered = [log, counts].find((answer) => answer !== undefined && !answer.ok);
    if (unanswered === undefined || unanswered.ok) return [];
    return [couldNotLook(id, unanswered, { subject: situation.backend ?? situation.target.name, backend: situation.backend })];
  },
};

interface Volume {
  readonly total: number;
  readonly errors: number;
  readonly source: 'log' | 'counters';
  readonly answer: { readonly at: number; readonly durationMs: number };
  /** How far back the figures really reach. */
  readonly coveredMs: number;
  /** Share of failed requests where they were most dense; of the latest ones when it is over. */
  readonly worstShare: number;
}

function judgeBackend(situation: Situation, known: AnswerBook, backend: string): Observation[] {
  const measured = fromLog(situation, known, backend) ?? fromCounts(situation, known, backend);
  if (measured === null) return [];
  const { total, errors, answer } = measured;
  const about = { subject: backend, backend };
  const facts = { requests: total, errors, windowMs: situation.windowMs, source: measured.source };
  const minutes = Math.round(situation.windowMs / 60_000);
  if (total === 0)
    return [
      observe(id, answer, { ...about, sign: 'traffic-none', summary: `no request to ${backend} in the last ${minutes} minutes`, facts }),
    ];
  const seen: Observation[] = [];
  const enough = measured.coveredMs >= situation.windowMs * 0.9;
  if (enough && total < requestsMin && errors > 0 && errors <= fewErrorsMax) {
    seen.push(
      observe(id, answer, {
        ...about,
        sign: 'traffic-few',
        summary: `only ${total} requests to ${backend} in the last ${minutes} minutes, ${errors} of them failed: too few for a ratio (${requestsMin} needed)`,
        facts,
      }),
    );
  }
  if (measured.worstShare < errorShareMin) {
    seen.push(
      observe(id, answer, {
        ...about,
        sign: 'traffic-clean',
        summary: `${errors} of ${total} requests to ${backend} failed in the last ${minutes} minutes (${percent(errors / total)})`,
        facts,
      }),
    );
  }
  if (seen.length === 0)
    seen.push(
      observe(id, answer, {
        ...about,
        sign: 'described',
        summary: `${errors} of ${total} requests to ${backend} failed (${percent(errors / total)})`,
        facts,
      }),
    );
  return seen;
}

function fromLog(situation: Situation, known: AnswerBook, backend: string): Volume | null {
  const log = known.get(requestsQuestion(situation));
  if (!log?.ok || log.value.length === 0) return null;
  const mine = log.value.filter((record) => record.backend !== null && sameBackend(record.backend, backend));
  const fails = (record: RequestRecord) => record.status !== null && record.status >= 400;
  const errors = mine.filter(fails).length;
  const worst = densestWindow(mine, situation.nowMs, fails).records;
  const dense = worst.filter(fails).length;
  // A handful of errors within seconds is no share: over all that is known it may be nothing.
  const latestShare = dense / Math.max(1, worst.length);
  const worstShare = dense < errorsMin * 2 ? Math.min(latestShare, errors / mine.length) : latestShare;
  return { total: mine.length, errors, source: 'log', answer: log, coveredMs: situation.windowMs, worstShare };
}

function fromCounts(situation: Situation, known: AnswerBook, backend: string): Volume | null {
  const counts = known.get(countsQuestion(situation));
  const row = counts?.ok
    ? counts.value.rows.find((candidate) => candidate.scope === 'backend' && sameBackend(candidate.name, backend))
    : undefined;
  const fresh = freshCounts(situation, known, backend);
  const failed = (of: CountRow) => of.byClass['4xx'] + of.byClass['5xx'];
  const worstShare = fresh === null || fresh.row.total === 0 ? 0 : failed(fresh.row) / fresh.row.total;
  const whole = (): Volume | null =>
    counts?.ok && row !== undefined
      ? {
          total: Math.round(row.total),
          errors: Math.round(failed(row)),
          source: 'counters',
          answer: counts,
          coveredMs: counts.value.coveredMs,
          worstShare,
        }
      : null;
  const measured = whole();
  if (measured !== null && measured.coveredMs >= situation.windowMs * 0.9) return measured;
  return sinceStart(situation, known, backend) ?? measured;
}

/** All that the proxy has counted since it started, when even that is little; else null: old totals hide the present. */
function sinceStart(situation: Situation, known: AnswerBook, backend: string): Volume | null {
  const state = known.get(stateQuestion(situation));
  const found = state?.ok ? state.value.backends?.find((candidate) => sameBackend(candidate.name, backend)) : undefined;
  if (!state?.ok || found === undefined) return null;
  const { responses2xx, responses3xx, responses4xx, responses5xx } = found.counters;
  if (responses2xx === null || responses4xx === null || responses5xx === null) return null;
  const total = responses2xx + (responses3xx ?? 0) + responses4xx + responses5xx;
  if (total >= requestsMin) return null;
  const errors = responses4xx + responses5xx;
  return { total, errors, source: 'counters', answer: state, coveredMs: situation.windowMs, worstShare: total === 0 ? 0 : errors / total };
}
