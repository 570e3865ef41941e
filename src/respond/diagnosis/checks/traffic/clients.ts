import { countsQuestions, freshCounts, requestsQuestion, stateQuestion } from '../../ask.ts';
import type { AnswerBook, Check, Observation } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import type { Situation } from '../../situation.ts';
import { sameBackend } from '../../situation.ts';
import { errorShareMin, errorsMin, locateClientErrors } from '../../traffic.ts';
import { backendNames, percent } from './error-shares.ts';

const id = 'traffic/clients';

/** Who gets the 4xx: nearly everyone, one client that tries doors, or whoever meets one of the servers. */
export const clients: Check = {
  id,
  title: 'Share of 4xx per client',
  needs: (situation) => [requestsQuestion(situation), ...countsQuestions(situation), stateQuestion(situation)],
  judge(situation, known) {
    const log = known.get(requestsQuestion(situation));
    if (log === undefined) return [];
    if (!log.ok || log.value.length === 0) {
      const seen = backendNames(situation, known).flatMap((backend) => fromCodes(situation, known, backend));
      if (seen.length > 0 || log.ok) return seen;
      return [couldNotLook(id, log, { subject: situation.backend ?? situation.target.name, backend: situation.backend })];
    }
    const names = situation.backend === null ? [null, ...backendNames(situation, known)] : backendNames(situation, known);
    return names.flatMap((backend) => fromLog(situation, known, backend));
  },
};

function fromLog(situation: Situation, known: AnswerBook, backend: string | null): Observation[] {
  const log = known.get(requestsQuestion(situation));
  if (!log?.ok) return [];
  const mine = log.value.filter((record) =>
    backend === null ? record.backend === null : record.backend !== null && sameBackend(record.backend, backend),
  );
  const found = locateClientErrors(mine, situation.nowMs);
  const facts = { requests: found.total, errors: found.errors, windowMs: found.windowMs };
  const seen = found.scanners.map((scanner) =>
    observe(id, log, {
      sign: 'scan',
      subject: `client:${scanner.key}`,
      backend,
      summary: `${scanner.key} asked for ${scanner.paths} different paths in ${Math.round(found.windowMs / 1000)} s and got 4xx for ${percent(scanner.share)} of them (${scanner.errors} of all ${found.errors})`,
      facts: { ...facts, paths: scanner.paths, share: scanner.share },
    }),
  );
  if (backend === null) return seen;
  for (const server of found.badServers) {
    seen.push(
      observe(id, log, {
        sign: 'errors-one-server',
        subject: server.key,
        backend,
        summary: `${percent(server.share)} of the ${server.total} requests to ${server.key} are answered 4xx by it, those to the other servers are not`,
        facts: { ...facts, share: server.share, total: server.total },
      }),
    );
  }
  if (found.rejected) {
    const { share, clients: count, clientsRejected } = found.rejected;
    seen.push(
      observe(id, log, {
        sign: 'rejected-everywhere',
        subject: backend,
        backend,
        summary: `the application answers 401 or 403 to ${percent(share)} of the requests, to ${clientsRejected} of ${count} clients`,
        facts: { ...facts, ...found.rejected },
      }),
    );
  }
  if (found.unlocated && found.scanners.length === 0) {
    seen.push(
      observe(id, log, {
        sign: 'client-errors-unlocated',
        subject: backend,
        backend,
        summary: `${found.errors} of ${found.total} requests are answered 4xx, without a pattern in paths or clients`,
        facts,
      }),
    );
  }
  return seen;
}

/** Without a log: status codes of the service as a whole (Traefik), or the class alone (HAProxy). */
function fromCodes(situation: Situation, known: AnswerBook, backend: string): Observation[] {
  const counts = freshCounts(situation, known, backend);
  if (counts === null || counts.row.total < 10) return [];
  const { row } = counts;
  const rejected = (row.byCode['401'] ?? 0) + (row.byCode['403'] ?? 0);
  const facts = { total: Math.round(row.total), byCode: row.byCode, byClass: row.byClass };
  if (rejected >= errorsMin && rejected / row.total >= 0.6) {
    return [
      observe(id, counts, {
        sign: 'rejected-everywhere',
        subject: backend,
        backend,
        summary: `${Math.round(rejected)} of ${Math.round(row.total)} requests (${percent(rejected / row.total)}) to ${backend} are answered 401 or 403`,
        facts,
      }),
    ];
  }
  const errors = row.byClass['4xx'] - (row.byCode['499'] ?? 0);
  if (errors < errorsMin || errors / row.total < errorShareMin) return [];
  return [
    observe(id, counts, {
      sign: 'client-errors-unlocated',
      subject: backend,
      backend,
      summary: `${Math.round(errors)} of ${Math.round(row.total)} requests (${percent(errors / row.total)}) to ${backend} are answered 4xx; to whom and for what is not counted`,
      facts,
    }),
  ];
}
