import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RequestRecord } from '../../model/proxy.ts';
import { findCulprits } from './culprits.ts';
import { request } from './rehearsal.ts';

const rules = {
  pathOf: (record: RequestRecord) => record.path,
  fails: (record: RequestRecord) => (record.status ?? 0) >= 500,
  serverShareMin: 0.1,
  pathShareMin: 0.15,
};

/** Each server is asked for each path once a round; who is named fails in this share of the rounds. Nobody named: all. */
function spread(servers: number, paths: number, rounds: number, bad: { server?: number; path?: number; share: number }): RequestRecord[] {
  const everybody = bad.server === undefined && bad.path === undefined;
  return Array.from({ length: servers * paths * rounds }, (_, index) => {
    const [server, path, round] = [index % servers, Math.floor(index / servers) % paths, Math.floor(index / servers / paths)];
    const named = everybody || server === bad.server || path === bad.path;
    const fails = named && Math.floor((round + 1) * bad.share) > Math.floor(round * bad.share);
    return request(index / 100, { server: `api/s${server}`, path: `/p${path}`, status: fails ? 500 : 200 });
  });
}

function keys(records: readonly RequestRecord[]) {
  const { servers, paths, left } = findCulprits(records, rules);
  return { servers: servers.map(({ key }) => key), paths: paths.map(({ key }) => key), left: left.length };
}

const sizes = { servers: fc.integer({ min: 2, max: 12 }), paths: fc.integer({ min: 3, max: 9 }), rounds: fc.integer({ min: 6, max: 12 }) };
const share = fc.constantFrom(0.5, 0.75, 1);

test('when all fail alike, it is nobody in particular', () => {
  fc.assert(
    fc.property(fc.record({ ...sizes, share }), ({ servers, paths, rounds, share: failing }) => {
      const records = spread(servers, paths, rounds, { share: failing });
      expect(keys(records)).toEqual({ servers: [], paths: [], left: records.length });
    }),
  );
});

test('one server, one path, or both are found among any number of others', () => {
  fc.assert(
    fc.property(fc.record({ ...sizes, share: fc.constant(1), who: fc.constantFrom('server', 'path', 'both') }), (one) => {
      const bad = { ...(one.who === 'path' ? {} : { server: 1 }), ...(one.who === 'server' ? {} : { path: 1 }), share: one.share };
      const found = keys(spread(one.servers, one.paths, one.rounds, bad));
      expect(found.servers).toEqual(one.who === 'path' ? [] : ['api/s1']);
      expect(found.paths).toEqual(one.who === 'server' ? [] : ['/p1']);
    }),
  );
});

test('what is nobody’s and what is somebody’s is all there is', () => {
  const record = fc.record({
    server: fc.constantFrom('a/1', 'a/2', 'a/3'),
    path: fc.constantFrom('/', '/x', '/y'),
    status: fc.constantFrom(200, 500),
  });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 80 }), (lines) => {
      const records = lines.map((line, index) => request(index, line));
      const { servers, paths, left } = findCulprits(records, rules);
      const taken = [...servers, ...paths].reduce((sum, one) => sum + one.total, 0);
      expect(taken + left.length).toBe(records.length);
      for (const one of [...servers, ...paths]) expect(one.share).toBeCloseTo(one.errors / one.total);
    }),
  );
});

test.each([
  [
    'a server that is asked for one path only, which fails everywhere',
    ({ server, path }: RequestRecord) => path === '/p0' && server !== 'api/s2',
  ],
])('%s is not accused', (_, fails) => {
  const records = spread(3, 4, 20, { share: 0 }).filter(({ server, path }) => server !== 'api/s0' || path === '/p0');
  expect(keys(records.map((record) => (fails(record) ? { ...record, status: 500 } : record)))).toMatchObject({
    servers: [],
    paths: ['/p0'],
  });
});
