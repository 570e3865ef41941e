import type { ProxyState, RequestRecord, RouteState } from '../../../../model/proxy.ts';
import { historyQuestion, requestsQuestion, stateQuestion } from '../../ask.ts';
import type { AnswerBook, Check, Observation } from '../../check.ts';
import { observe } from '../../check.ts';
import type { HistoryAnswer } from '../../questions.ts';
import type { SignId } from '../../signs.ts';
import type { Situation } from '../../situation.ts';
import { sameBackend } from '../../situation.ts';
import { densestWindow, errorShareMin, errorsMin, pathTemplate, sharesBy } from '../../traffic.ts';

const id = 'routes/state';
const recentMs = 15 * 60_000;

/** Whether what clients ask for has a route: disabled and vanished routes, and requests that matched none. */
export const routesState: Check = {
  id,
  title: 'Routes',
  needs: (situation) => [stateQuestion(situation), historyQuestion(situation), requestsQuestion(situation)],
  judge(situation, known) {
    const state = known.get(stateQuestion(situation));
    const seen = [...removedRoutes(situation, known), ...unroutedRequests(situation, known)];
    if (!state?.ok || state.value.routes === null) return seen;
    const mine = state.value.routes.filter((route) => concerns(situation, route));
    const broken = mine.filter((route) => route.state === 'disabled').map((route) => brokenRoute(route, state.value, state));
    if (broken.length === 0 && seen.length === 0) {
      seen.push(
        observe(id, state, {
          sign: 'routes-fine',
          subject: situation.backend ?? situation.target.name,
          backend: situation.backend,
          summary: `all ${mine.length} routes are enabled`,
          facts: { routes: mine.length },
        }),
      );
    }
    return [...seen, ...broken];
  },
};

function concerns(situation: Situation, route: RouteState): boolean {
  return situation.backend === null || (route.backend !== null && sameBackend(route.backend, situation.backend));
}

/** Which part of a disabled route is broken, from the words of Traefik's `error` list. */
const brokenParts: readonly (readonly [RegExp, SignId])[] = [
  [/middleware .*does not exist|invalid middleware|unknown middleware/i, 'middleware-invalid'],
  [/entryPoint .*doesn't exist|no valid entryPoint|TLS ?options/i, 'entry-or-tls-invalid'],
];

function brokenRoute(route: RouteState, state: ProxyState, answer: { readonly at: number; readonly durationMs: number }): Observation {
  const error = route.errors[0] ?? 'no reason given';
  const sign = brokenParts.find(([words]) => words.test(error))?.[1] ?? 'route-disabled';
  return observe(id, answer, {
    sign,
    subject: `route:${route.name}`,
    backend: null,
    summary: `${state.target} refuses the route ${route.name}: ${error}`,
    facts: { rule: route.rule, errors: route.errors.slice(0, 5) },
  });
}

function removedItems(situation: Situation, known: AnswerBook): readonly HistoryAnswer['removed'][number][] {
  const sinceAt = (situation.activeSinceMs ?? situation.nowMs) - recentMs;
  return known.value(historyQuestion(situation))?.removed.filter((item) => item.kind === 'route' && item.at >= sinceAt) ?? [];
}

function removedRoutes(situation: Situation, known: AnswerBook): Observation[] {
  const history = known.get(historyQuestion(situation));
  if (!history?.ok) return [];
  const gone = removedItems(situation, known);
  // A removal that nobody misses is a change, not a fault.
  if (unroutedRequests(situation, known).length === 0) return [];
  return gone.slice(-5).map((item) =>
    observe(id, history, {
      sign: 'route-removed',
      subject: `route:${item.name}`,
      backend: null,
      summary: `the route ${item.name}${item.rule === null ? '' : ` (${item.rule})`} disappeared ${Math.round((situation.nowMs - item.at) / 1000)} s ago`,
      facts: { ...item },
    }),
  );
}

/**
 * Requests that matched no route although ordinary clients send them: few things asked again and again, or things
 * that had a route before. One client that tries many doors is a scan, not a missing route.
 */
function unroutedRequests(situation: Situation, known: AnswerBook): Observation[] {
  const log = known.get(requestsQuestion(situation));
  if (!log?.ok || situation.backend !== null) return [];
  const { records, windowMs } = densestWindow(log.value, situation.nowMs, isUnrouted);
  const unrouted = records.filter(isUnrouted);
  if (unrouted.length < errorsMin * 2) return [];
  const hadRoute = new Set(log.value.filter((record) => record.backend !== null).map(place));
  const missed = unrouted.filter((record) => hadRoute.has(place(record))).length;
  const places = new Set(unrouted.map(place));
  const repeated = places.size <= Math.max(5, unrouted.length * 0.3);
  if (missed < unrouted.length * 0.3) {
    // What never had a route is a fault only when much of the traffic asks for it: somebody always asks for /robots.txt.
    if (!repeated || unrouted.length / records.length < errorShareMin) return [];
  }
  const asked = sharesBy(unrouted, place, () => true)[0];
  // Where one route is known to be gone, that is what the requests miss; else only the way they came in is known.
  const gone = removedItems(situation, known);
  const missing = gone.length === 1 ? gone[0]?.name : (unrouted.at(-1)?.entry ?? 'unknown entry');
  return [
    observe(id, log, {
      sign: 'requests-without-route',
      subject: `route:${missing}`,
      backend: null,
      summary: `${unrouted.length} of ${records.length} requests in ${Math.round(windowMs / 1000)} s matched no route, most often ${asked?.key ?? 'unknown'} (${asked?.total ?? 0}); ${missed} of them had a route before`,
      facts: { unrouted: unrouted.length, requests: records.length, missed, places: [...places].slice(0, 10) },
    }),
  ];
}

function isUnrouted(record: RequestRecord): boolean {
  return record.origin === 'no-route';
}

function place(record: RequestRecord): string {
  return `${record.host ?? ''}${pathTemplate(record.path ?? '')}`;
}
