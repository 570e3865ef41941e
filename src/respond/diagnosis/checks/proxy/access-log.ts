import type { RequestRecord } from '../../../../model/proxy.ts';
import { requestsQuestion, stateQuestion } from '../../ask.ts';
import type { Check, Observation } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import type { Situation } from '../../situation.ts';
import { sameBackend } from '../../situation.ts';
import { densestWindow, errorsMin, isOver, sharesBy } from '../../traffic.ts';
import { backendNames, percent } from '../traffic/error-shares.ts';

const id = 'proxy/access-log';
/** People leave, and gateways give up, long before this. */
const slowMedianMs = 2_000;
const troubleShareMin = 0.05;
const troubleMin = 3;

/** What the proxy answered itself: could not connect, waited in vain, had no server, or a rule of its own said no. */
export const accessLog: Check = {
  id,
  title: 'Answers of the proxy itself, from the access log',
  needs: (situation) => [requestsQuestion(situation), stateQuestion(situation)],
  judge(situation, known) {
    const log = known.get(requestsQuestion(situation));
    if (log === undefined) return [];
    const about = { subject: situation.backend ?? situation.target.name, backend: situation.backend };
    if (!log.ok) return [couldNotLook(id, log, about)];
    return backendNames(situation, known).flatMap((backend) => {
      const mine = log.value.filter((record) => record.backend !== null && sameBackend(record.backend, backend));
      return [...perServer(situation, backend, mine, log), ...perBackend(backend, mine, log, situation)];
    });
  },
};

type Answer = { readonly at: number; readonly durationMs: number };

function perServer(situation: Situation, backend: string, records: readonly RequestRecord[], log: Answer): Observation[] {
  const seen: Observation[] = [];
  const say = (sign: Observation['sign'], subject: string, summary: string, facts: Observation['facts']) =>
    seen.push(observe(id, log, { sign, subject, backend, summary, facts }));
  const over = (server: string, fails: (record: RequestRecord) => boolean) =>
    isOver(
      records.filter((record) => record.server === server),
      fails,
    );
  const waits = densestWindow(records, situation.nowMs, gaveUpWaiting);
  for (const server of sharesBy(waits.records, (record) => record.server, gaveUpWaiting)) {
    if (server.errors < troubleMin || server.share < troubleShareMin || over(server.key, gaveUpWaiting)) continue;
    say(
      'timeouts',
      server.key,
      `${server.errors} of ${server.total} requests to ${server.key} ended because no answer came in time (${percent(server.share)})`,
      { ...server },
    );
  }
  const connects = densestWindow(records, situation.nowMs, couldNotConnect);
  for (const server of sharesBy(connects.records, (record) => record.server, couldNotConnect)) {
    if (server.errors < troubleMin || over(server.key, couldNotConnect)) continue;
    say(
      'connect-errors',
      server.key,
      `${server.errors} of ${server.total} requests to ${server.key} failed to connect (${percent(server.share)})`,
      { ...server },
    );
  }
  for (const [server, medianMs, count] of slowServers(records, situation.nowMs)) {
    say(
      'answers-slow',
      server,
      `half of the ${count} latest requests to ${server} took more than ${Math.round(medianMs)} ms, longer than people wait or than before`,
      {
        medianMs,
        requests: count,
      },
    );
  }
  for (const [server, count] of promptServers(records, log.at)) {
    say('answers-now', server, `${server} answered ${count} requests of the last seconds at once, and none late`, { requests: count });
  }
  return seen;
}

const promptMs = 1_000;
const latelyMs = 4_000;
/** Who hangs stands in no log before it is over: a server answers now when its newest answer is this young. */
const newestMs = 1_500;
const lateWithinMs = 20_000;

/** Servers that are prompt at this very moment: then a single request of ours that hung says more about us. */
function promptServers(records: readonly RequestRecord[], nowMs: number): (readonly [string, number])[] {
  const recent = records.filter((record) => record.server !== null && record.at >= nowMs - lateWithinMs);
  const late = new Set(
    recent.filter((record) => (record.durationMs ?? 0) >= promptMs || record.status === null).map(({ server }) => server),
  );
  const goesOn = new Set(recent.filter((record) => record.at >= nowMs - newestMs).map(({ server }) => server));
  const prompt = recent.filter(
    (record) => record.origin === 'server' && record.at >= nowMs - latelyMs && goesOn.has(record.server) && !late.has(record.server),
  );
  return sharesBy(
    prompt,
    (record) => record.server,
    () => true,
  ).flatMap(({ key, total }) => (total >= troubleMin ? [[key, total] as const] : []));
}

/** The proxy gave up waiting for a connected server. A 504 that the application answers itself is not one. */
function gaveUpWaiting(record: RequestRecord): boolean {
  if (record.origin !== 'proxy-response') return false;
  return record.termination === null ? record.status === 504 : record.termination.startsWith('sH') || record.termination.startsWith('sD');
}

function couldNotConnect(record: RequestRecord): boolean {
  return record.origin === 'proxy-connect';
}

/** Of the latest requests so many must be slow before the server is. */
const slowShareMin = 0.3;
const latestRequests = 20;
const slowMinMs = 700;
const slowerThanBefore = 8;

/**
 * Servers whose latest answers take longer than people wait, or much longer than before. An endpoint that always was slow
 * is no news: where the past can be seen, it is the measure.
 */
function slowServers(records: readonly RequestRecord[], nowMs: number): (readonly [string, number, number])[] {
  const times = new Map<string, number[]>();
  for (const record of [...records].sort((a, b) => a.at - b.at)) {
    const tookMs = record.serverMs ?? (record.origin === 'client' || record.origin === 'server' ? record.durationMs : null);
    if (record.server === null || tookMs === null || record.at < nowMs - 90_000) continue;
    const mine = times.get(record.server);
    if (mine === undefined) times.set(record.server, [tookMs]);
    else mine.push(tookMs);
  }
  return [...times.entries()].flatMap(([server, all]) => {
    const latest = all.slice(-latestRequests);
    return latest.length >= errorsMin && isSlow(latest, all.slice(0, -latestRequests))
      ? [[server, median(latest), latest.length] as const]
      : [];
  });
}

function isSlow(latest: readonly number[], before: readonly number[]): boolean {
  if (median(latest) >= slowMedianMs) return before.length < errorsMin || median(before) < slowMedianMs;
  if (before.length < errorsMin * 2) return false;
  const limitMs = Math.max(slowMinMs, median(before) * slowerThanBefore);
  const shareSlow = (times: readonly number[]) => times.filter((ms) => ms >= limitMs).length / times.length;
  return shareSlow(latest) >= slowShareMin && shareSlow(before) <= slowShareMin / 3;
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

function perBackend(backend: string, records: readonly RequestRecord[], log: Answer, situation: Situation): Observation[] {
  const about = { subject: backend, backend };
  const seen: Observation[] = [];
  const rejected = records.filter((record) => record.origin === 'middleware' && record.status !== null && record.status >= 400);
  if (rejected.length >= errorsMin * 2 && rejected.length / records.length >= troubleShareMin) {
    const statuses = [...new Set(rejected.map((record) => record.status))].join(', ');
    seen.push(
      observe(id, log, {
        ...about,
        sign: 'rejected-by-proxy',
        summary: `${rejected.length} of ${records.length} requests were answered ${statuses} by a rule of the proxy, not by the application`,
        facts: { rejected: rejected.length },
      }),
    );
  }
  const left = densestWindow(records, situation.nowMs, clientLeft);
  const gone = left.records.filter(clientLeft).length;
  if (gone >= errorsMin && gone / left.records.length >= troubleShareMin) {
    seen.push(
      observe(id, log, {
        ...about,
        sign: 'clients-leave',
        summary: `${gone} of ${left.records.length} clients left before the answer (${percent(gone / left.records.length)})`,
        facts: { gone },
      }),
    );
  }
  const summary = `${records.length} requests to ${backend} in the access log`;
  return seen.length > 0 ? seen : [observe(id, log, { ...about, sign: 'described', summary, facts: { requests: records.length } })];
}

function clientLeft(record: RequestRecord): boolean {
  return record.origin === 'client' || record.status === 499;
}
