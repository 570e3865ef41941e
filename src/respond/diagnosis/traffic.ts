import type { RequestRecord } from '../../model/proxy.ts';
import { findCulprits, patternErrorsMin, type Share } from './culprits.ts';

/** What one look at the access log says about 5xx answers of the servers themselves. */
export interface ServerErrors {
  readonly total: number;
  readonly errors: number;
  readonly windowMs: number;
  /** Servers that fail while others do not. */
  readonly badServers: readonly Share[];
  /** Paths that fail on every server that is not itself bad. */
  readonly badPaths: readonly Share[];
  /** What is left fails without a pattern, at or above {@link errorShareMin}. */
  readonly everywhere: boolean;
  readonly byServer: readonly Share[];
}

/** Below this share of failed requests nobody calls it an outage: the threshold of the published rules. */
export const errorShareMin = 0.05;
/** Fewer errors than this are chance, not a pattern. */
export const errorsMin = 5;
/** How improbable such a pattern must be by chance alone. */
const chanceMax = 1e-4;
/** Fewer requests than this say nothing about a ratio. */
export const requestsMin = 30;

/** Looked at from short to long: a fault that has just begun must not drown in the healthy minutes before it. */
const windowsMs = [10_000, 20_000, 40_000, 90_000, 180_000];

export function isServerError(record: RequestRecord): boolean {
  return record.origin === 'server' && record.status !== null && record.status >= 500;
}

export function isClientError(record: RequestRecord): boolean {
  return record.origin === 'server' && record.status !== null && record.status >= 400 && record.status < 500 && record.status !== 499;
}

/**
 * The recent part of the records in which `fails` is most dense: the longest window whose share is within a tenth of
 * the best one's. Without enough failures, everything.
 */
export function densestWindow(
  records: readonly RequestRecord[],
  nowMs: number,
  fails: (record: RequestRecord) => boolean,
): { readonly records: readonly RequestRecord[]; readonly windowMs: number } {
  const whole = { records, windowMs: windowsMs.at(-1) ?? 180_000 };
  const lastAt = records.reduce((latest, record) => Math.max(latest, record.at), 0);
  // A log that is written with a delay, or clocks that differ a little, must not make the window empty.
  const end = Math.min(nowMs, lastAt);
  const candidates = windowsMs.map((windowMs) => {
    const part = records.filter((record) => record.at > end - windowMs);
    const errors = part.filter(fails).length;
    return { records: part, windowMs, errors, share: part.length === 0 ? 0 : errors / part.length };
  });
  const many = candidates.filter((candidate) => candidate.errors >= errorsMin * 2);
  const solid = many.length > 0 ? many : candidates.filter((candidate) => candidate.errors >= patternErrorsMin);
  if (solid.length === 0) return whole;
  const best = Math.max(...solid.map((candidate) => candidate.share));
  const latest = candidates[0];
  // It failed, and it is over: had it gone on, the latest requests would show it.
  const expected = (latest?.records.length ?? 0) * best;
  // The usual few errors may go on: what counts is that far fewer come than the fault would cause.
  const few = latest !== undefined && latest.share < errorShareMin && latest.errors <= expected * 0.2;
  if (few && expected >= expectedErrorsToBeOver) return latest;
  return solid.filter((candidate) => candidate.share >= best * 0.9).at(-1) ?? whole;
}

/** With so many errors expected and none seen, chance is below one in a thousand (Poisson). */
const expectedErrorsToBeOver = 7;

/** Whether failures came in a burst that has ended: had it gone on, the requests after the last one would show it. */
export function isOver(records: readonly RequestRecord[], fails: (record: RequestRecord) => boolean): boolean {
  const ordered = [...records].sort((a, b) => a.at - b.at);
  const [first, last] = [ordered.findIndex(fails), ordered.findLastIndex(fails)];
  if (first < 0) return true;
  const share = ordered.filter(fails).length / (last - first + 1);
  return (ordered.length - 1 - last) * share >= expectedErrorsToBeOver;
}

/** Counts per key; records whose key is null are left out. Sorted by errors, most first. */
export function sharesBy(
  records: readonly RequestRecord[],
  keyOf: (record: RequestRecord) => string | null,
  fails: (record: RequestRecord) => boolean,
): Share[] {
  const counts = new Map<string, { total: number; errors: number }>();
  for (const record of records) {
    const key = keyOf(record);
    if (key === null) continue;
    const count = counts.get(key) ?? { total: 0, errors: 0 };
    count.total += 1;
    if (fails(record)) count.errors += 1;
    counts.set(key, count);
  }
  return [...counts.entries()]
    .map(([key, { total, errors }]) => ({ key, total, errors, share: errors / total }))
    .sort((a, b) => b.errors - a.errors || b.share - a.share);
}

/** Of few requests most must fail before they say something about the whole application. */
const fewRequestsShareMin = 0.6;

/** Where the servers' own 5xx come from: some servers, some paths, or everywhere. Two of them can be true at once. */
export function locateServerErrors(all: readonly RequestRecord[], nowMs: number): ServerErrors {
  const { records, windowMs } = densestWindow(
    all.filter((record) => record.server !== null),
    nowMs,
    isServerError,
  );
  const { servers, paths, left } = findCulprits(records, { pathOf, fails: isServerError, serverShareMin: 0.1, pathShareMin: 0.15 });
  const below = failsEverywhere(left) ? failingDirectories(left) : [];
  return {
    total: records.length,
    errors: records.filter(isServerError).length,
    windowMs,
    badServers: servers,
    badPaths: [...paths, ...below],
    everywhere: failsEverywhere(without(below, left)),
    byServer: sharesBy(records, (record) => record.server, isServerError),
  };
}

function failsEverywhere(records: readonly RequestRecord[]): boolean {
  const errors = records.filter(isServerError).length;
  const shareMin = records.length < requestsMin ? fewRequestsShareMin : errorShareMin;
  return errors >= errorsMin && errors / records.length >= shareMin;
}

const directoryDepths = [3, 2, 1];

/** Directories below which everything fails, when they explain all that does: each single path below may be asked once. */
function failingDirectories(records: readonly RequestRecord[]): readonly Share[] {
  for (const depth of directoryDepths) {
    const { paths, left } = findCulprits(records, {
      pathOf: (record) => directoryOf(record, depth) ?? pathOf(record),
      fails: isServerError,
      serverShareMin: Number.POSITIVE_INFINITY,
      pathShareMin: 0.3,
    });
    if (paths.length > 0 && !failsEverywhere(left)) return paths;
  }
  return [];
}

/** `/docs/*` for all that lies below the first `depth` parts of a path; null for what is not deeper. */
function directoryOf(record: RequestRecord, depth: number): string | null {
  const parts = pathOf(record)?.split('/') ?? [];
  return parts.length <= depth + 1 ? null : `${parts.slice(0, depth + 1).join('/')}/*`;
}

/** Whether a request was for a path, or for something below `…/*`. */
export function isAt(record: RequestRecord, key: string): boolean {
  const path = pathOf(record);
  if (path === null) return false;
  return key.endsWith('/*') ? path.startsWith(key.slice(0, -1)) : path === key;
}

/**
 * Keys that fail far more than the others do; none when nobody is clearly better. Few errors count only when chance would
 * hardly ever heap them on one key.
 */
export function outliers(shares: readonly Share[], shareMin: number): Share[] {
  const suspects = shares.filter((share) => share.share >= shareMin && share.errors >= patternErrorsMin);
  const others = shares.filter((share) => !suspects.includes(share));
  const [errors, total] = [sum(others, 'errors'), sum(others, 'total')];
  const usualRate = (errors + 0.5) / (total + 1);
  const bad = suspects.filter((share) => chanceOf(share.errors, share.total, usualRate) <= chanceMax);
  const worst = Math.min(...bad.map((share) => share.share));
  const good = shares.filter((share) => !bad.includes(share) && share.total >= patternErrorsMin && share.share <= worst / 4);
  const undecided = shares.filter((share) => !bad.includes(share) && !good.includes(share) && share.total >= errorsMin);
  return bad.length > 0 && sum(good, 'total') >= errorsMin && undecided.length <= good.length ? bad : [];
}

function sum(shares: readonly Share[], field: 'total' | 'errors'): number {
  return shares.reduce((result, share) => result + share[field], 0);
}

/** How likely `total` requests have at least `errors` failures when each fails with probability `rate` (binomial tail). */
export function chanceOf(errors: number, total: number, rate: number): number {
  if (errors <= 0) return 1;
  if (rate >= 1) return 1;
  let term = (1 - rate) ** total;
  let below = 0;
  for (let count = 0; count < errors; count += 1) {
    below += term;
    term *= ((total - count) / (count + 1)) * (rate / (1 - rate));
  }
  return Math.max(0, 1 - below);
}

/** A path with a value in it is one endpoint: `/orders/17` and `/orders/18` are both `/orders/:id`. */
export function pathTemplate(path: string): string {
  return path
    .slice(0, 512)
    .split('/')
    .map((part) => (/^(\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|(?=[^/]*\d)[A-Za-z0-9_-]{20,})$/i.test(part) ? ':id' : part))
    .join('/');
}

function pathOf(record: RequestRecord): string | null {
  return record.path === null ? null : pathTemplate(record.path);
}

/**
 * The latest part of the records in which most fail, when what was before was fine: a thing that has turned bad. The
 * longest such part; null when there is none. `before` counts the good answers that came first.
 */
export function turnedBad(
  records: readonly RequestRecord[],
  fails: (record: RequestRecord) => boolean,
): { readonly total: number; readonly errors: number; readonly before: number } | null {
  const ordered = [...records].sort((a, b) => a.at - b.at);
  let errors = 0;
  let found: { total: number; errors: number; before: number } | null = null;
  for (let index = ordered.length - 1; index >= 0; index -= 1) {
    if (!fails(ordered[index] as RequestRecord)) continue;
    errors += 1;
    const total = ordered.length - index;
    if (errors >= patternErrorsMin && errors / total >= 0.7) found = { total, errors, before: index };
  }
  if (found === null || found.before === 0) return null;
  const earlier = ordered.slice(0, found.before).filter(fails).length;
  return earlier <= found.before * 0.1 ? { ...found, before: found.before - earlier } : null;
}

/** What the 4xx answers look like. */
export interface ClientErrors {
  readonly total: number;
  readonly errors: number;
  readonly windowMs: number;
  /** Clients that ask for many things that are not there, while the others are fine. `paths`: distinct ones. */
  readonly scanners: readonly (Share & { readonly paths: number })[];
  /** Servers that answer 4xx to what the others answer well. */
  readonly badServers: readonly Share[];
  /** Nearly everyone gets 401 or 403. */
  readonly rejected: { readonly share: number; readonly clients: number; readonly clientsRejected: number } | null;
  /** Few paths that answer 404 or 410, without the scanners' requests. */
  readonly missing: readonly Share[];
  /** 4xx left without a pattern, at or above {@link errorShareMin}. */
  readonly unlocated: boolean;
}

/** Who gets the servers' own 4xx, and for what. `unrouted` requests count for scanners only. */
export function locateClientErrors(all: readonly RequestRecord[], nowMs: number): ClientErrors {
  const fails = (record: RequestRecord) => isClientError(record) || isUnroutedNotFound(record);
  const { records, windowMs } = densestWindow(all, nowMs, fails);
  const scanners = findScanners(records, fails);
  const scanning = new Set(scanners.map((scanner) => scanner.key));
  const isOrdinary = ({ origin, client }: RequestRecord) => origin === 'server' && (client === null || !scanning.has(client));
  const ordinary = records.filter(isOrdinary);
  const vanished = findVanished(all.filter(isOrdinary));
  const { servers: badServers } = findCulprits(without(vanished, ordinary), {
    pathOf,
    fails: isClientError,
    serverShareMin: 0.3,
    pathShareMin: 0.3,
  });
  const rest = ordinary.filter((record) => !badServers.some((server) => server.key === record.server));
  const rejected = findRejection(rest);
  const lost = vanished.filter((path) => rest.some((record) => isGone(record) && isAt(record, path.key)));
  const missing = rejected === null ? [...lost, ...neverThere(without(lost, rest), rest.length)].slice(0, missingPathsMax) : [];
  const left = without(missing, rest);
  const leftErrors = rejected === null ? left.filter(isClientError).length : 0;
  return {
    total: records.length,
    errors: records.filter(fails).length,
    windowMs,
    scanners,
    badServers,
    rejected,
    missing,
    unlocated: leftErrors >= errorsMin * 2 && leftErrors / Math.max(1, left.length) >= errorShareMin,
  };
}

function isUnroutedNotFound(record: RequestRecord): boolean {
  return record.origin === 'no-route' && record.status === 404;
}

const scannerPathsMin = 8;
const scannersMax = 5;

function findScanners(
  records: readonly RequestRecord[],
  fails: (record: RequestRecord) => boolean,
): (Share & { readonly paths: number })[] {
  const errorsInAll = records.filter(fails).length;
  const byClient = sharesBy(records, (record) => record.client, fails);
  const suspects = byClient
    .filter((client) => client.errors >= scannerPathsMin && client.share >= 0.6)
    .map((client) => ({ ...client, paths: distinctPaths(records.filter((record) => record.client === client.key && fails(record))) }))
    // A person who reloads a broken page asks for the same few things; a scanner asks for ever new ones.
    .filter((client) => client.paths >= scannerPathsMin && client.paths / client.errors >= 0.25);
  const suspected = suspects.reduce((sum, client) => sum + client.errors, 0);
  const others = byClient.filter((client) => !suspects.some((suspect) => suspect.key === client.key));
  const othersErrors = others.reduce((sum, client) => sum + client.errors, 0);
  const othersTotal = others.reduce((sum, client) => sum + client.total, 0);
  const mostlyTheirs = suspected >= errorsInAll * 0.4 || othersErrors <= othersTotal * 0.1;
  return suspects.length <= scannersMax && mostlyTheirs ? suspects : [];
}

function distinctPaths(records: readonly RequestRecord[]): number {
  return new Set(records.map((record) => record.path)).size;
}

/** 401 and 403 for most requests and most clients: the application's door is shut, nobody is guessing passwords. */
function findRejection(records: readonly RequestRecord[]): ClientErrors['rejected'] {
  const rejects = (record: RequestRecord) => isClientError(record) && (record.status === 401 || record.status === 403);
  const rejected = records.filter(rejects).length;
  if (rejected < errorsMin * 2 || rejected / records.length < 0.5) return null;
  const byClient = sharesBy(records, (record) => record.client, rejects).filter((client) => client.total >= 2);
  const clientsRejected = byClient.filter((client) => client.share >= 0.5).length;
  if (byClient.length > 0 && clientsRejected / byClient.length < 0.6) return null;
  return { share: rejected / records.length, clients: byClient.length, clientsRejected };
}

const missingPathsMax = 10;

/** Single paths that have vanished, and directories below which everything else has. */
function findVanished(all: readonly RequestRecord[]): Share[] {
  const exact = vanishedPaths(all, pathOf);
  const below = directoryDepths.map((depth) => vanishedPaths(without(exact, all), (record) => directoryOf(record, depth)));
  return [...exact, ...(below.find((found) => found.length > 0) ?? [])];
}

function without(paths: readonly Share[], records: readonly RequestRecord[]): readonly RequestRecord[] {
  return records.filter((record) => !paths.some((path) => isAt(record, path.key)));
}

function isGone(record: RequestRecord): boolean {
  return isClientError(record) && (record.status === 404 || record.status === 410);
}

/** Paths that were answered well, and are 404 since. However rare they are, that is a loss. */
function vanishedPaths(records: readonly RequestRecord[], keyOf: (record: RequestRecord) => string | null): Share[] {
  const byPath = new Map<string, RequestRecord[]>();
  for (const record of records) {
    const path = keyOf(record);
    if (path === null || record.origin !== 'server') continue;
    const mine = byPath.get(path);
    if (mine === undefined) byPath.set(path, [record]);
    else mine.push(record);
  }
  return [...byPath]
    .flatMap(([key, mine]) => {
      const turned = mine.some(isGone) ? turnedBad(mine, isGone) : null;
      return turned === null || turned.before < patternErrorsMin
        ? []
        : [{ key, total: turned.total, errors: turned.errors, share: turned.errors / turned.total }];
    })
    .sort((a, b) => b.errors - a.errors);
}

/** Paths that are 404 as far back as can be seen: missed only when they make up much of the traffic. */
function neverThere(records: readonly RequestRecord[], outOf: number): Share[] {
  const all = records.filter(isGone).length;
  if (all < errorsMin || outOf < requestsMin || all / outOf < errorShareMin) return [];
  const byPath = sharesBy(records, pathOf, isGone);
  const missing = byPath.filter((path) => path.errors >= 3 && path.share >= 0.5).slice(0, missingPathsMax);
  const covered = missing.reduce((result, path) => result + path.errors, 0);
  return covered >= all * 0.6 ? missing : [];
}
