import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RequestRecord } from '../../model/proxy.ts';
import { nowMs, request } from './rehearsal.ts';
import {
  chanceOf,
  densestWindow,
  isOver,
  isServerError,
  locateClientErrors,
  locateServerErrors,
  pathTemplate,
  turnedBad,
} from './traffic.ts';

const servers = ['api/s1', 'api/s2', 'api/s3'];
const paths = ['/orders', '/users', '/cart', '/docs', '/'];

/** Ten requests a second over the last `seconds`, over all servers and paths, from twenty clients. */
function traffic(seconds: number, change: (record: RequestRecord, secondsAgo: number) => Partial<RequestRecord>): RequestRecord[] {
  return Array.from({ length: seconds * 10 }, (_, index) => {
    const secondsAgo = seconds - index / 10;
    const record = request(secondsAgo, {
      server: servers[index % servers.length] ?? null,
      path: paths[(index * 7 + Math.floor(index / 11)) % paths.length] ?? '/',
      client: `10.9.0.${index % 20}`,
    });
    return { ...record, ...change(record, secondsAgo) };
  });
}

const failing = { status: 500 };
const gone = { status: 404 };

describe('where the 5xx come from', () => {
  const found = (records: readonly RequestRecord[]) => {
    const { badServers, badPaths, everywhere } = locateServerErrors(records, nowMs);
    return { servers: badServers.map(({ key }) => key), paths: badPaths.map(({ key }) => key), everywhere };
  };

  test.each<[string, RequestRecord[], ReturnType<typeof found>]>([
    ['nowhere', traffic(60, () => ({})), { servers: [], paths: [], everywhere: false }],
    ['everywhere', traffic(60, () => failing), { servers: [], paths: [], everywhere: true }],
    [
      'one server',
      traffic(60, ({ server }) => (server === 'api/s2' ? failing : {})),
      { servers: ['api/s2'], paths: [], everywhere: false },
    ],
    ['one path', traffic(60, ({ path }) => (path === '/cart' ? failing : {})), { servers: [], paths: ['/cart'], everywhere: false }],
    [
      'one server and one path',
      traffic(60, ({ server, path }) => (server === 'api/s2' || path === '/cart' ? failing : {})),
      { servers: ['api/s2'], paths: ['/cart'], everywhere: false },
    ],
    [
      'a bad server of two and a path that is much of the traffic',
      traffic(60, (record, ago) => {
        const server = Math.round(ago * 10) % 2 === 0 ? 'api/s1' : 'api/s2';
        const path = Math.round(ago * 10) % 5 < 2 ? '/cart' : record.path;
        return { server, path, ...(server === 'api/s2' || path === '/cart' ? failing : {}) };
      }),
      { servers: ['api/s2'], paths: ['/cart'], everywhere: false },
    ],
    [
      'everything below one directory, each path asked once',
      traffic(60, () => ({})).map((record, index) => (index % 5 === 0 ? { ...record, path: `/docs/page-${index}-x`, ...failing } : record)),
      { servers: [], paths: ['/docs/*'], everywhere: false },
    ],
    [
      'one server, for five of the last 180 seconds',
      traffic(180, ({ server }, ago) => (ago < 5 && server === 'api/s1' ? failing : {})),
      { servers: ['api/s1'], paths: [], everywhere: false },
    ],
    [
      'one server, over since half a minute',
      traffic(180, ({ server }, ago) => (ago < 60 && ago > 30 && server === 'api/s1' ? failing : {})),
      { servers: [], paths: [], everywhere: false },
    ],
    [
      'errors of the proxy itself are not those of a server',
      traffic(60, ({ server }) => (server === 'api/s2' ? { status: 503, origin: 'proxy-connect' } : {})),
      { servers: [], paths: [], everywhere: false },
    ],
    [
      'a path that one server alone is asked for',
      traffic(60, ({ server }) => (server === 'api/s1' ? {} : {})).map((record, index) =>
        index % 6 === 0 ? { ...record, server: 'api/s1', path: '/report', status: 500 } : record,
      ),
      { servers: [], paths: ['/report'], everywhere: false },
    ],
  ])('%s', (_, records, wanted) => {
    expect(found(records)).toEqual(wanted);
  });

  test('does not depend on the order of the lines', () => {
    const records = traffic(30, ({ server }, ago) => (ago < 10 && server === 'api/s3' ? failing : {}));
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (shuffled) => {
        expect(found(shuffled)).toEqual(found(records));
      }),
      { numRuns: 20 },
    );
  });

  test('does not depend on how much of the same traffic there is', () => {
    const records = traffic(60, ({ path }) => (path === '/docs' ? failing : {}));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), (times) => {
        expect(found(Array.from({ length: times }, () => records).flat())).toEqual(found(records));
      }),
      { numRuns: 6 },
    );
  });

  test('chance does not accuse a server', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 599 }), { maxLength: 12 }), (unlucky) => {
        expect(
          found(traffic(60, () => ({})).map((record, index) => (unlucky.includes(index) ? { ...record, ...failing } : record))).servers
            .length,
        ).toBeLessThan(2);
      }),
    );
  });
});

describe('who gets the 4xx', () => {
  const found = (records: readonly RequestRecord[]) => {
    const { scanners, badServers, rejected, missing, unlocated } = locateClientErrors(records, nowMs);
    const keys = (shares: readonly { readonly key: string }[]) => shares.map(({ key }) => key);
    return { scanners: keys(scanners), servers: keys(badServers), rejected: rejected !== null, missing: keys(missing), unlocated };
  };
  const nothing = { scanners: [], servers: [], rejected: false, missing: [], unlocated: false };
  const scanner = (seconds: number) =>
    Array.from({ length: seconds * 5 }, (_, index) => request(index / 5, { client: '10.66.6.6', path: `/x${index}/.env`, ...gone }));

  test.each<[string, RequestRecord[], ReturnType<typeof found>]>([
    ['nobody', traffic(60, () => ({})), nothing],
    ['everybody, since the door is shut', traffic(60, () => ({ status: 401 })), { ...nothing, rejected: true }],
    [
      'who meets one server',
      traffic(60, ({ server }) => (server === 'api/s2' ? { status: 403 } : {})),
      { ...nothing, servers: ['api/s2'] },
    ],
    [
      'who meets one server of two, and who asks for one path',
      traffic(60, (record, ago) => {
        const server = Math.round(ago * 10) % 2 === 0 ? 'api/s1' : 'api/s2';
        return { server, ...(server === 'api/s2' || record.path === '/docs' ? gone : {}) };
      }),
      { ...nothing, servers: ['api/s2'], missing: ['/docs'] },
    ],
    ['who asks for one path', traffic(60, ({ path }) => (path === '/docs' ? gone : {})), { ...nothing, missing: ['/docs'] }],
    ['one client that tries doors', [...traffic(60, () => ({})), ...scanner(20)], { ...nothing, scanners: ['10.66.6.6'] }],
    [
      'a scanner, and who asks for a path that vanished',
      [...traffic(60, ({ path }, ago) => (ago < 10 && path === '/users' ? gone : {})), ...scanner(20)],
      { ...nothing, scanners: ['10.66.6.6'], missing: ['/users'] },
    ],
    [
      'a rare path that vanished a moment ago',
      traffic(120, () => ({})).map((record, index) =>
        index % 40 === 0 ? { ...record, path: '/rare', ...(index > 1_000 ? gone : {}) } : record,
      ),
      { ...nothing, missing: ['/rare'] },
    ],
    [
      'who asks for anything below a directory that vanished',
      traffic(120, () => ({})).map((record, index) =>
        index % 6 === 0 ? { ...record, path: `/docs/page-${index}-x`, ...(index > 900 ? gone : {}) } : record,
      ),
      { ...nothing, missing: ['/docs/*'] },
    ],
    [
      'nobody but the usual few who ask for what never was',
      traffic(120, () => ({})).map((record, index) => (index % 50 === 0 ? { ...record, path: '/favicon.ico', ...gone } : record)),
      nothing,
    ],
  ])('%s', (_, records, wanted) => {
    expect(found(records)).toEqual(wanted);
  });
});

test('a thing has turned bad when it was well and fails since', () => {
  const fails = (record: RequestRecord) => record.status === 404;
  const run = (statuses: string) =>
    turnedBad(
      [...statuses].map((one, index) => request(100 - index, { status: one === 'x' ? 404 : 200 })),
      fails,
    );
  expect(run('....xxx')).toEqual({ total: 3, errors: 3, before: 4 });
  expect(run('xxxxxxx')).toBeNull();
  expect(run('...xxx...')).toBeNull();
  expect(run('.......')).toBeNull();
  expect(run('x.x.x.x.')).toBeNull();
});

test('a burst of failures is over when many requests after it are fine', () => {
  const fails = (record: RequestRecord) => record.status === 503;
  const run = (statuses: string) =>
    isOver(
      [...statuses].map((one, index) => request(200 - index, { status: one === 'x' ? 503 : 200 })),
      fails,
    );
  expect(run(`..xxx${'.'.repeat(20)}`)).toBe(true);
  expect(run('..xxx..')).toBe(false);
  expect(run(`${'x.........'.repeat(8)}........`)).toBe(false);
  expect(run('.....')).toBe(true);
});

test('the densest window ends where the log ends, however late that is', () => {
  const records = traffic(60, (_, ago) => (ago < 8 ? failing : {}));
  const late = densestWindow(records, nowMs + 60_000, isServerError);
  expect(late.windowMs).toBe(10_000);
  expect(late.records.every(({ at }) => at > nowMs - 11_000)).toBe(true);
});

test('the chance of errors is a probability, grows with the rate and falls with the errors', () => {
  const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }), share, share, (errors, more, one, other) => {
      const total = errors + more;
      const chance = chanceOf(errors, total, one);
      expect(chance).toBeGreaterThanOrEqual(0);
      expect(chance).toBeLessThanOrEqual(1);
      expect(chanceOf(errors + 1, total + 1, one)).toBeLessThanOrEqual(chanceOf(errors, total + 1, one) + 1e-9);
      if (one <= other) expect(chance).toBeLessThanOrEqual(chanceOf(errors, total, other) + 1e-9);
    }),
  );
  expect(chanceOf(1, 2, 0.5)).toBeCloseTo(0.75);
});

test.each([
  ['/orders/17', '/orders/:id'],
  ['/orders/17/items/0', '/orders/:id/items/:id'],
  ['/u/3f2504e0-4f89-11d3-9a0c-0305e82c3301', '/u/:id'],
  ['/v2/docs', '/v2/docs'],
  ['/', '/'],
])('%s belongs to %s', (path, template) => {
  expect(pathTemplate(path)).toBe(template);
});
