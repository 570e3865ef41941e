import type { HealthCheck, ServerState } from '../../../../model/proxy.ts';
import {
  businessQuestion,
  countsQuestions,
  freshCounts,
  healthQuestion,
  probedServers,
  requestsQuestion,
  stateQuestion,
  tlsQuestion,
} from '../../ask.ts';
import type { AnswerBook, Check, Observation } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import type { HttpAnswer, Question } from '../../questions.ts';
import type { SignId } from '../../signs.ts';
import type { Situation } from '../../situation.ts';
import { signOfHealthStatus } from '../proxy/server-states.ts';

const id = 'network/http-get';

/** Asks every server what the health check asks, and what ordinary clients ask, as the proxy would. */
export const httpGet: Check = {
  id,
  title: 'HTTP request to each server',
  needs: (situation, known) => {
    const servers = probedServers(situation, known);
    // A business path is worth waiting for the log: asked before, everything would be asked twice.
    const logRead = known.has(requestsQuestion(situation));
    const attempts = repeatedProbes(situation, known, servers);
    const asked = servers.flatMap((server): (Question | null)[] => [
      ...repeatedQuestions(situation, known, server, attempts),
      healthQuestion(server),
      ...(logRead ? businessQuestions(situation, known, server) : []),
      speaksTls(situation, known, server),
    ]);
    return [
      stateQuestion(situation),
      requestsQuestion(situation),
      ...countsQuestions(situation),
      ...asked.filter((question) => question !== null),
    ];
  },
  judge(situation, known) {
    const servers = probedServers(situation, known);
    const perServer = servers.flatMap((server) => [...judgeHealth(known, server), ...judgeBusiness(situation, known, server)]);
    return [...perServer, ...judgeTogether(situation, known, servers)];
  },
};

const repeatedProbesMax = 48;
/** Forty requests in a minute. */
const fewPerMs = 40 / 60_000;

/**
 * How often each server is asked when the proxy counts errors and no log says whose they are; 0 when a log does, or
 * nothing fails. A share of the requests fails: one request would not show it.
 */
function repeatedProbes(situation: Situation, known: AnswerBook, servers: readonly ServerState[]): number {
  const log = known.get(requestsQuestion(situation));
  const { backend } = situation;
  if (log === undefined || log.ok || backend === null || servers.length === 0) return 0;
  const counts = freshCounts(situation, known, backend);
  if (counts === null || counts.row.byClass['5xx'] < 2) return 0;
  // Of little traffic nobody knows whether it fails more than it should.
  if (counts.row.total / counts.value.coveredMs < fewPerMs) return 0;
  return Math.max(attemptsMax, Math.min(8, Math.floor(repeatedProbesMax / servers.length)));
}

/** The many requests to one server; twice as many when a single one failed, which may be chance. */
function repeatedQuestions(
  situation: Situation,
  known: AnswerBook,
  server: ServerState,
  attempts: number,
): (Question & { kind: 'network/http' })[] {
  const ask = (count: number) =>
    Array.from({ length: count }, (_, index) => businessQuestion(situation, known, server, index + 1)).filter(
      (question) => question !== null,
    );
  const first = ask(attempts);
  const failed = first.filter((question) => (known.value(question)?.status ?? 0) >= 500).length;
  return failed === 1 ? ask(attempts * 2) : first;
}

/** One 5xx may be chance: it is asked for twice more, one after the other, and only three in a row count. */
const attemptsMax = 3;

function businessQuestions(situation: Situation, known: AnswerBook, server: ServerState): (Question | null)[] {
  const asked: (Question | null)[] = [];
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const question = businessQuestion(situation, known, server, attempt);
    asked.push(question);
    const answer = question === null ? null : known.value(question);
    if (answer?.status == null || answer.status < 500) break;
  }
  return asked;
}

/** Whether every attempt was answered 5xx; false while one is open. */
function failsAgainAndAgain(situation: Situation, known: AnswerBook, server: ServerState): boolean {
  return Array.from({ length: attemptsMax }, (_, index) => businessQuestion(situation, known, server, index + 1)).every((question) => {
    const answer = question === null ? null : known.value(question);
    return answer?.status != null && answer.status >= 500;
  });
}

type Answer = { readonly at: number; readonly durationMs: number };

/** When plain HTTP gets no proper answer, the port may want TLS: one handshake tells. */
function speaksTls(situation: Situation, known: AnswerBook, server: ServerState): Question | null {
  const question = businessQuestion(situation, known, server);
  const answer = question === null ? null : known.value(question);
  return answer !== null && server.address.scheme === 'http' && looksLikeTlsPort(answer) ? tlsQuestion(server) : null;
}

function looksLikeTlsPort(answer: HttpAnswer): boolean {
  if (answer.outcome === 'closed' || answer.outcome === 'reset' || answer.outcome === 'not-http') return true;
  return answer.status === 400 && /http request to an https|plain http request was sent to https/i.test(answer.body);
}

function judgeHealth(known: AnswerBook, server: ServerState): Observation[] {
  const question = healthQuestion(server);
  const check = server.healthCheck;
  if (question === null || check === null) return [];
  const answer = known.get(question);
  if (answer === undefined) return [];
  const about = { subject: server.subject, backend: server.backend };
  if (!answer.ok) return [couldNotLook(id, answer, about)];
  const { sign, says } = healthSign(check, answer.value);
  if (sign === null || untrusted(known, server)) return [];
  const { method, path, headers } = question.request;
  const summary = `${method} ${path} (the health check of ${server.subject}, Host ${headers['host']}) ${says}`;
  return [observe(id, answer, { ...about, sign, summary, facts: factsOf(answer.value, path) })];
}

function healthSign(check: HealthCheck, answer: HttpAnswer): { readonly sign: SignId | null; readonly says: string } {
  if (answer.outcome === 'timeout-answer') return { sign: 'health-hangs', says: `gets no answer within ${check.timeoutMs} ms` };
  if (answer.outcome !== 'answered' || answer.status === null) return { sign: null, says: answer.outcome };
  const status = answer.status;
  const expected = check.expectStatus.some(([low, high]) => status >= low && status <= high);
  if (expected && check.expectText !== null && !answer.body.includes(check.expectText)) {
    return { sign: 'health-wrong-body', says: `is answered ${status}, but without the expected text ${JSON.stringify(check.expectText)}` };
  }
  if (expected) return { sign: 'health-ok', says: `is answered ${status} in ${answer.elapsedMs} ms` };
  return {
    sign: signOfHealthStatus(status),
    says: `is answered ${status}, expected ${check.expectStatus.map(([low, high]) => (low === high ? low : `${low}-${high}`)).join(', ')}`,
  };
}

function judgeBusiness(situation: Situation, known: AnswerBook, server: ServerState): Observation[] {
  const question = businessQuestion(situation, known, server);
  const answer = question === null ? undefined : known.get(question);
  if (question === null || answer === undefined) return [];
  const about = { subject: server.subject, backend: server.backend };
  if (!answer.ok) return [couldNotLook(id, answer, about)];
  const tls = tlsQuestion(server);
  const spoken = tls === null ? null : known.value(tls);
  const { path } = question.request;
  const facts = factsOf(answer.value, path);
  if (
    server.address.scheme === 'http' &&
    looksLikeTlsPort(answer.value) &&
    spoken !== null &&
    ['trusted', 'untrusted', 'expired', 'name-mismatch'].includes(spoken.outcome)
  ) {
    return [
      observe(id, answer, {
        ...about,
        sign: 'plain-to-tls-port',
        summary: `${server.subject} speaks TLS on the port to which the proxy speaks plain HTTP`,
        facts,
      }),
    ];
  }
  const sign = businessSign(answer.value, serverTimeout(situation, known, server));
  if (sign === null) return [];
  if (sign === 'business-5xx' && !failsAgainAndAgain(situation, known, server)) {
    return [
      observe(id, answer, {
        ...about,
        sign: 'described',
        summary: `GET ${path} at ${server.subject} ${says(answer.value)}, but not each time`,
        facts,
      }),
    ];
  }
  if (untrusted(known, server)) {
    return [
      observe(id, answer, {
        ...about,
        sign: 'described',
        summary: `behind the certificate that the proxy does not accept, GET ${path} at ${server.subject} ${says(answer.value)}`,
        facts,
      }),
    ];
  }
  return [observe(id, answer, { ...about, sign, summary: `GET ${path} at ${server.subject} ${says(answer.value)}`, facts })];
}

/** Our request does not verify certificates; where the proxy does and would refuse, our success says nothing about its own. */
function untrusted(known: AnswerBook, server: ServerState): boolean {
  if (server.address.scheme !== 'https' || server.tls?.verify === false) return false;
  const question = tlsQuestion(server);
  const tls = question === null ? null : known.value(question);
  return tls !== null && tls.outcome !== 'trusted';
}

/** How long the proxy waits for this server; null when for ever or unknown. */
function serverTimeout(situation: Situation, known: AnswerBook, server: ServerState): number | null {
  const state = known.value(stateQuestion(situation));
  return state?.backends?.find((backend) => backend.name === server.backend)?.serverTimeoutMs ?? null;
}

/** People leave, and gateways give up, long before this. */
const slowAnswerMs = 2_000;

function businessSign(answer: HttpAnswer, proxyWaitsMs: number | null): SignId | null {
  if (answer.outcome === 'timeout-answer') return 'business-hangs';
  if (answer.outcome === 'not-http') return 'answers-not-http';
  if (answer.outcome === 'closed' || answer.outcome === 'reset') return 'closes-without-answer';
  if (answer.outcome !== 'answered' || answer.status === null) return null;
  if (proxyWaitsMs !== null && answer.elapsedMs >= proxyWaitsMs) return 'business-hangs';
  if (answer.status === 429 || (answer.status === 503 && answer.headers['retry-after'] !== undefined)) return 'business-overload';
  if (answer.status >= 500) return 'business-5xx';
  if (answer.elapsedMs >= slowAnswerMs) return 'business-slow';
  return answer.status >= 400 ? 'business-answers' : 'business-ok';
}

function says(answer: HttpAnswer): string {
  if (answer.outcome === 'answered') return `is answered ${answer.status} in ${answer.elapsedMs} ms`;
  if (answer.outcome === 'timeout-answer') return `gets no answer within ${answer.elapsedMs} ms`;
  return `ends with ${answer.outcome}${answer.code === null ? '' : ` (${answer.code})`}`;
}

function factsOf(answer: HttpAnswer, path: string): Observation['facts'] {
  return { path, status: answer.status, outcome: answer.outcome, error: answer.code, elapsedMs: answer.elapsedMs };
}

/** What the answers of all servers of a backend say together. */
function judgeTogether(situation: Situation, known: AnswerBook, servers: readonly ServerState[]): Observation[] {
  const backends = [...new Set(servers.map((server) => server.backend))];
  return backends.flatMap((backend) => {
    const mine = servers
      .filter((server) => server.backend === backend && !untrusted(known, server))
      .flatMap((server) => answerOf(situation, known, server));
    const failing = mine.filter(
      ({ server, http }) => http.headers['retry-after'] === undefined && failsAgainAndAgain(situation, known, server),
    );
    const fine = mine.filter(({ http }) => http.status !== null && http.status < 400);
    const shut = mine.filter(({ http }) => http.status === 401 || http.status === 403);
    const first = mine[0];
    if (first === undefined) return [];
    const about = { subject: backend, backend };
    const repeated = judgeRepeated(
      situation,
      known,
      servers.filter((server) => server.backend === backend),
    );
    if (failing.length < mine.length && repeated.length > 0) return repeated;
    if (failing.length === mine.length) {
      return [
        observe(id, first.answer, {
          ...about,
          sign: 'errors-everywhere',
          summary: `GET ${first.path} is answered 5xx by all ${mine.length} servers that answer`,
          facts: { statuses: mine.map(({ http }) => http.status) },
        }),
      ];
    }
    if (shut.length === mine.length && usedToAnswer(situation, known, backend)) {
      return [
        observe(id, first.answer, {
          ...about,
          sign: 'rejected-everywhere',
          summary: `GET ${first.path}, which clients used with success before, is answered ${first.http.status} by all ${mine.length} servers`,
          facts: {},
        }),
      ];
    }
    // With an access log the share of each server is known; a handful of our own requests would only add noise.
    if (
      failing.length === 0 ||
      fine.length === 0 ||
      (known.has(requestsQuestion(situation)) && known.value(requestsQuestion(situation)) !== null)
    )
      return [];
    return failing.map(({ server, http, answer, path }) =>
      observe(id, answer, {
        sign: 'errors-one-server',
        subject: server.subject,
        backend,
        summary: `GET ${path} is answered ${http.status} by ${server.subject} and well by ${fine.length} of ${mine.length} servers`,
        facts: { status: http.status },
      }),
    );
  });
}

/** What many requests to each server say: which servers answer 5xx now and then, and whether all do. */
function judgeRepeated(situation: Situation, known: AnswerBook, servers: readonly ServerState[]): Observation[] {
  const attempts = repeatedProbes(situation, known, servers);
  const shares = attempts === 0 ? [] : servers.flatMap((server) => probeShare(situation, known, server, attempts));
  const failing = shares.filter((share) => share.errors > 0);
  const first = shares[0];
  if (first === undefined || failing.length === 0) return [];
  const { backend, path } = first;
  const total = shares.reduce((sum, share) => sum + share.total, 0);
  const errors = shares.reduce((sum, share) => sum + share.errors, 0);
  const facts = { path, shares: shares.map(({ subject, total: asked, errors: failed }) => ({ subject, asked, failed })) };
  if (failing.length > shares.length / 2 && errors >= 2) {
    const summary = `${errors} of ${total} requests for ${path}, sent by us to each of ${shares.length} servers, are answered 5xx`;
    return [observe(id, first.answer, { sign: 'errors-everywhere', subject: backend, backend, summary, facts })];
  }
  if (failing.length > shares.length / 2 || failing.some((share) => share.errors < 2)) return [];
  if (failing.length === shares.length) return [];
  return failing.map((share) => {
    const summary = `${share.errors} of ${share.total} requests for ${path} are answered 5xx by ${share.subject}, none of ${total - share.total} by the others`;
    return observe(id, share.answer, { sign: 'errors-one-server', subject: share.subject, backend, summary, facts });
  });
}

interface ProbeShare {
  readonly subject: string;
  readonly backend: string;
  readonly path: string;
  readonly total: number;
  readonly errors: number;
  readonly answer: Answer;
}

function probeShare(situation: Situation, known: AnswerBook, server: ServerState, attempts: number): ProbeShare[] {
  const questions = repeatedQuestions(situation, known, server, attempts);
  const answers = questions.flatMap((question) => {
    const answer = question === null ? undefined : known.get(question);
    return answer?.ok && answer.value.status !== null ? [answer] : [];
  });
  const [question, answer] = [questions[0], answers[0]];
  if (question == null || answer === undefined) return [];
  const errors = answers.filter(({ value }) => value.status !== null && value.status >= 500).length;
  const { subject, backend } = server;
  return [{ subject, backend, path: question.request.path, total: answers.length, errors, answer }];
}

function answerOf(
  situation: Situation,
  known: AnswerBook,
  server: ServerState,
): { server: ServerState; http: HttpAnswer; answer: Answer; path: string }[] {
  const question = businessQuestion(situation, known, server);
  const answer = question === null ? undefined : known.get(question);
  return question !== null && answer?.ok && answer.value.outcome === 'answered'
    ? [{ server, http: answer.value, answer, path: question.request.path }]
    : [];
}

/** Whether clients got good answers before: from the log, or because without one most requests are now counted as 4xx. */
function usedToAnswer(situation: Situation, known: AnswerBook, backend: string): boolean {
  const records = known.value(requestsQuestion(situation));
  if (records === null) {
    const row = freshCounts(situation, known, backend)?.row;
    return row !== undefined && row.total >= 5 && row.byClass['4xx'] / row.total >= 0.3;
  }
  return records.some((record) => record.backend === backend && record.status !== null && record.status < 400);
}
