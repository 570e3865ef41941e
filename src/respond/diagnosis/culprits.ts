import type { RequestRecord } from '../../model/proxy.ts';

/** Requests of one kind: how many, how many of them failed in the way that is asked about. */
export interface Share {
  readonly key: string;
  readonly total: number;
  readonly errors: number;
  /** errors / total, 0 to 1. */
  readonly share: number;
}

/** To whom failures stick: servers and paths, each with what was seen of it, and the requests that have nothing to do with them. */
export interface Culprits {
  readonly servers: readonly Share[];
  readonly paths: readonly Share[];
  readonly left: readonly RequestRecord[];
}

export interface CulpritRules {
  /** What counts as the same path; null: no path is known. */
  readonly pathOf: (record: RequestRecord) => string | null;
  readonly fails: (record: RequestRecord) => boolean;
  /** A smaller share of failures is nobody's fault. 0 to 1; Infinity: servers are not asked about. */
  readonly serverShareMin: number;
  readonly pathShareMin: number;
}

/** Fewer failures than this are no pattern, however they lie. */
export const patternErrorsMin = 3;
/** Fewer other requests than this say nothing about who is well. */
const othersMin = 5;
/** Who is to blame fails so many times more often than what is left. */
const contrastMin = 4;
/** More culprits than this are no few. */
const culpritsMax = 24;
/**
 * How much likelier the failures must be with a culprit than spread evenly, as a logarithm: e^3 is 20, for each of the
 * servers and paths among which one was looked for.
 */
const surpriseMin = 3;

interface Line {
  readonly record: RequestRecord;
  readonly server: string | null;
  readonly path: string | null;
  readonly failed: boolean;
}

interface Suspect extends Share {
  readonly kind: 'server' | 'path';
  readonly lines: readonly Line[];
  readonly surprise: number;
}

/**
 * Finds the servers and paths to which failures stick, the clearest first: each time the one whose removal makes the rest of
 * the traffic most even. Who fails hardly more often than what is left at the end is no culprit: then everything fails.
 */
export function findCulprits(records: readonly RequestRecord[], rules: CulpritRules): Culprits {
  const all = records.map((record) => ({ record, server: record.server, path: rules.pathOf(record), failed: rules.fails(record) }));
  const found: Suspect[] = [];
  let left: readonly Line[] = all;
  while (found.length < culpritsMax) {
    const suspects = suspectsIn(left, rules);
    const worst = suspects.suspects.reduce<Suspect | null>(
      (best, one) => (best === null || one.surprise > best.surprise ? one : best),
      null,
    );
    if (worst === null || worst.surprise < surpriseMin + Math.log(suspects.outOf)) break;
    found.push(worst);
    const mine = new Set(worst.lines);
    left = left.filter((line) => !mine.has(line));
  }
  return acquit(all, few(all, found));
}

/** "One or few paths": where a large part of the site fails, it is not the paths. */
function few(all: readonly Line[], found: readonly Suspect[]): readonly Suspect[] {
  const paths = found.filter((one) => one.kind === 'path');
  const outOf = new Set(all.map((line) => line.path)).size;
  return paths.length <= Math.max(3, outOf * 0.4) ? found : found.filter((one) => one.kind === 'server');
}

/** Who does not stand out from what is left goes free, and what he had is left, too. */
function acquit(all: readonly Line[], found: readonly Suspect[]): Culprits {
  const taken = new Set(found.flatMap((one) => one.lines));
  const left = all.filter((line) => !taken.has(line));
  const usual = shareOf(left);
  const clear = found.filter((one) => one.share >= usual * contrastMin);
  if (left.length < othersMin && found.length > 0) return acquit(all, []);
  if (clear.length < found.length) return acquit(all, clear);
  const of = (kind: Suspect['kind']) =>
    found.filter((one) => one.kind === kind).map(({ key, total, errors, share }) => ({ key, total, errors, share }));
  return { servers: of('server'), paths: of('path'), left: left.map(({ record }) => record) };
}

function suspectsIn(lines: readonly Line[], rules: CulpritRules): { readonly suspects: readonly Suspect[]; readonly outOf: number } {
  const servers = rules.serverShareMin === Number.POSITIVE_INFINITY ? new Map<string, Line[]>() : grouped(lines, (line) => line.server);
  const paths = grouped(lines, (line) => line.path);
  const errors = lines.filter((line) => line.failed).length;
  const suspect = (kind: Suspect['kind'], key: string, mine: readonly Line[]): Suspect => {
    const failed = mine.filter((line) => line.failed).length;
    const surprise =
      logLikelihood(failed, mine.length) + logLikelihood(errors - failed, lines.length - mine.length) - logLikelihood(errors, lines.length);
    return { kind, key, lines: mine, total: mine.length, errors: failed, share: failed / mine.length, surprise };
  };
  const standsOut = (one: Suspect, shareMin: number) =>
    one.errors >= patternErrorsMin && one.share >= shareMin && one.share * lines.length > errors && one.total < lines.length;
  const suspects = [
    ...[...servers]
      .map(([key, mine]) => suspect('server', key, mine))
      .filter((one) => standsOut(one, rules.serverShareMin) && !failsOnItsPathsOnly(one, paths)),
    ...[...paths]
      .map(([key, mine]) => suspect('path', key, mine))
      .filter((one) => standsOut(one, rules.pathShareMin) && onMostServers(one)),
  ];
  return { suspects, outOf: servers.size + paths.size };
}

/** How well an even share explains what was seen: the logarithm of its likelihood, 0 when all or none fail. */
function logLikelihood(errors: number, total: number): number {
  if (errors <= 0 || errors >= total) return 0;
  return errors * Math.log(errors / total) + (total - errors) * Math.log(1 - errors / total);
}

/**
 * Whether a server fails only on few of its paths, and nobody else was asked for those or fails there, too: then the path is
 * to blame. Happens when requests come in a rhythm that the balancer keeps.
 */
function failsOnItsPathsOnly(server: Suspect, byPath: ReadonlyMap<string, readonly Line[]>): boolean {
  const mine = grouped(server.lines, (line) => line.path);
  const failing = [...mine].filter(([, lines]) => lines.some((line) => line.failed)).map(([path]) => path);
  if (failing.length === mine.size || failing.length > 2) return false;
  const elsewhere = failing.flatMap((path) => byPath.get(path)?.filter((line) => line.server !== server.key) ?? []);
  return elsewhere.length === 0 || shareOf(elsewhere) >= 0.5;
}

/** A path that fails only where it meets one of several servers is that server's fault, not the path's. */
function onMostServers(path: Suspect): boolean {
  const servers = [...grouped(path.lines, (line) => line.server).values()].filter((lines) => lines.length >= patternErrorsMin);
  return servers.length <= 1 || servers.filter((lines) => lines.some((line) => line.failed)).length > servers.length / 2;
}

function grouped(lines: readonly Line[], keyOf: (line: Line) => string | null): Map<string, Line[]> {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const key = keyOf(line);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [line]);
    else group.push(line);
  }
  return groups;
}

function shareOf(lines: readonly Line[]): number {
  return lines.length === 0 ? 0 : lines.filter((line) => line.failed).length / lines.length;
}
