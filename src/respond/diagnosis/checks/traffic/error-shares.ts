import type { BackendState, ServerState } from '../../../../model/proxy.ts';
import { countsQuestions, freshCounts, requestsQuestion, stateQuestion } from '../../ask.ts';
import type { AnswerBook, Check, Observation } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import type { Share } from '../../culprits.ts';
import type { Situation } from '../../situation.ts';
import { backendsOf, sameBackend } from '../../situation.ts';
import { errorShareMin, errorsMin, locateServerErrors, outliers } from '../../traffic.ts';

const id = 'traffic/error-shares';

/** Whose 5xx are they? Per server from the access log; without one, from the counters of the proxy. */
export const errorShares: Check = {
  id,
  title: 'Share of 5xx per server',
  needs: (situation) => [stateQuestion(situation), requestsQuestion(situation), ...countsQuestions(situation)],
  judge(situation, known) {
    const log = known.get(requestsQuestion(situation));
    const backends = backendNames(situation, known);
    if (log?.ok && log.value.some((record) => record.server !== null)) {
      return backends.flatMap((backend) => fromLog(situation, backend, log));
    }
    const seen = backends.flatMap((backend) => fromCounters(situation, known, backend));
    if (seen.length === 0 && log && !log.ok)
      return [couldNotLook(id, log, { subject: situation.backend ?? situation.target.name, backend: situation.backend })];
    return seen;
  },
};

export function backendNames(situation: Situation, known: AnswerBook): readonly string[] {
  const state = known.value(stateQuestion(situation));
  if (state?.backends) return backendsOf(situation, state).map((backend) => backend.name);
  return situation.backend === null ? [] : [situation.backend];
}

type Log = Extract<ReturnType<AnswerBook['get']>, { ok: true }>;

function fromLog(situation: Situation, backend: string, log: Log): Observation[] {
  const records = (log.value as readonly import('../../../../model/proxy.ts').RequestRecord[]).filter(
    (record) => record.backend !== null && sameBackend(record.backend, backend),
  );
  const found = locateServerErrors(records, situation.nowMs);
  const facts = { requests: found.total, errors: found.errors, windowMs: found.windowMs, byServer: found.byServer.slice(0, 32) };
  const seen = found.badServers.map((server) =>
    observe(id, log, {
      sign: 'errors-one-server',
      subject: server.key,
      backend,
      summary: `${percent(server.share)} of the ${server.total} requests to ${server.key} are answered 5xx by it, ${othersSay(found.byServer, found.badServers)}`,
      facts: { ...facts, share: server.share, total: server.total },
    }),
  );
  if (found.everywhere) {
    seen.push(
      observe(id, log, {
        sign: 'errors-everywhere',
        subject: backend,
        backend,
        summary: `${found.errors} of ${found.total} requests (${percent(found.errors / found.total)}) are answered 5xx by the servers themselves, on ${found.byServer.filter((s) => s.errors > 0).length} of ${found.byServer.length} servers`,
        facts,
      }),
    );
  }
  return seen;
}

function othersSay(all: readonly Share[], bad: readonly Share[]): string {
  const others = all.filter((share) => !bad.some((one) => one.key === share.key));
  const total = others.reduce((sum, share) => sum + share.total, 0);
  const errors = others.reduce((sum, share) => sum + share.errors, 0);
  return `the other ${others.length} ${others.length === 1 ? 'server' : 'servers'} answer 5xx to ${percent(total === 0 ? 0 : errors / total)}`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

/** Without a log: HAProxy counts 5xx per server; Traefik only per service, so that the place stays open. */
function fromCounters(situation: Situation, known: AnswerBook, backend: string): Observation[] {
  const rows = perServer(situation, known, backend);
  if (rows !== null) {
    const { answer, shares } = rows;
    const facts = { byServer: shares.slice(0, 32) };
    const bad = outliers(shares, rows.sinceStart ? 0.01 : 0.15);
    const seen = bad.map((server) =>
      observe(id, answer, {
        sign: 'errors-one-server',
        subject: server.key,
        backend,
        summary: `${percent(server.share)} of the ${server.total} requests to ${server.key} are answered 5xx by it, ${othersSay(shares, bad)} (counters of the proxy)`,
        facts: { ...facts, share: server.share },
      }),
    );
    const rest = shares.filter((share) => !bad.includes(share));
    const total = rest.reduce((sum, share) => sum + share.total, 0);
    const errors = rest.reduce((sum, share) => sum + share.errors, 0);
    if (errors < errorsMin || errors / total < errorShareMin) return seen;
    // Counters know no paths: only when nearly everything fails is it surely the application.
    const everywhere = errors / total >= 0.7;
    return [
      ...seen,
      observe(id, answer, {
        sign: everywhere ? 'errors-everywhere' : 'errors-unlocated',
        subject: backend,
        backend,
        summary: `${errors} of ${total} requests (${percent(errors / total)}) to ${backend} are answered 5xx by the servers, evenly over ${rest.length} (counters of the proxy, which know no paths)`,
        facts,
      }),
    ];
  }
  return perBackend(situation, known, backend);
}

function perServer(
  situation: Situation,
  known: AnswerBook,
  backend: string,
): { readonly answer: { at: number; durationMs: number }; readonly shares: Share[]; readonly sinceStart: boolean } | null {
  const counts = freshCounts(situation, known, backend);
  const rows = counts?.value.rows.filter((row) => row.scope === 'server' && row.server !== null && sameBackend(row.name, backend)) ?? [];
  const latest = byErrors(rows.map((row) => toShare(`${row.name}/${row.server}`, row.total, row.byClass['5xx'])));
  const enough = latest.reduce((sum, share) => sum + share.total, 0) >= freshRequestsMin;
  const over = latest.some((share) => share.total > 0) && latest.every((share) => share.errors === 0);
  // Old totals say something only while the errors go on.
  if (counts !== null && (enough || over)) return { answer: counts, shares: latest, sinceStart: false };
  const state = known.get(stateQuestion(situation));
  const found = state?.ok ? (state.value.backends ?? []).find((candidate) => sameBackend(candidate.name, backend)) : undefined;
  const sinceStart = found ? totalsSinceStart(found) : [];
  return state?.ok && sinceStart.length > 0 ? { answer: state, shares: byErrors(sinceStart), sinceStart: true } : null;
}

const freshRequestsMin = 20;

/** Totals since the proxy started: only of use while nothing better has been collected. */
function totalsSinceStart(backend: BackendState): Share[] {
  const counted = backend.servers.map(answered);
  return counted.some((count) => count === null) ? [] : counted.flatMap((share) => (share === null || share.total === 0 ? [] : [share]));
}

function answered(server: ServerState): Share | null {
  const { responses2xx, responses3xx, responses4xx, responses5xx } = server.counters;
  if (responses2xx === null || responses5xx === null) return null;
  return toShare(server.subject, responses2xx + (responses3xx ?? 0) + (responses4xx ?? 0) + responses5xx, responses5xx);
}

const unlocatedErrorsMin = 2;

function perBackend(situation: Situation, known: AnswerBook, backend: string): Observation[] {
  const counts = freshCounts(situation, known, backend);
  if (counts === null) return [];
  const { row } = counts;
  // Who answered them, the service or the proxy on its way to it, is not counted.
  const own = row.byClass['5xx'];
  if (own < unlocatedErrorsMin || own / row.total < errorShareMin) return [];
  return [
    observe(id, counts, {
      sign: 'errors-unlocated',
      subject: backend,
      backend,
      summary: `${Math.round(own)} of ${Math.round(row.total)} requests (${percent(own / row.total)}) to ${backend} end in 5xx; which server or path is not counted`,
      facts: { byCode: row.byCode },
    }),
  ];
}

function toShare(key: string, total: number, errors: number): Share {
  return { key, total: Math.round(total), errors: Math.round(errors), share: total === 0 ? 0 : errors / total };
}

function byErrors(shares: Share[]): Share[] {
  return shares.sort((a, b) => b.errors - a.errors || b.share - a.share);
}
