import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Observation } from './check.ts';
import { saw, situation } from './rehearsal.ts';
import type { SignId } from './signs.ts';
import { signs } from './signs.ts';
import type { AlertFamily } from './situation.ts';
import { scopeOf, weigh } from './weigh.ts';

const healthy = [saw('proxy-answers', 'edge'), saw('metrics-answer', 'edge'), saw('backend-serves', 'api')];

interface Case {
  readonly says: string;
  readonly seen: readonly Observation[];
  readonly family?: AlertFamily;
  readonly named: readonly string[];
}

const cases: readonly Case[] = [
  {
    says: 'a refused port of a server that is down',
    seen: [saw('proxy-says-down'), saw('tcp-refused')],
    named: ['connection-refused api/s1'],
  },
  {
    says: 'a refused port where the server is known to be elsewhere',
    seen: [saw('proxy-says-down'), saw('tcp-refused'), saw('answers-elsewhere')],
    named: ['wrong-server-address api/s1'],
  },
  {
    says: 'a refused port while the proxy itself is gone',
    seen: [saw('metrics-refused', 'edge'), saw('proxy-refuses', 'edge'), saw('tcp-refused')],
    named: ['proxy-down edge'],
  },
  { says: 'an address that never answers', seen: [saw('proxy-says-down'), saw('tcp-timeout')], named: ['connection-timeout api/s1'] },
  {
    says: 'a check that gets 404 while requests are answered',
    seen: [saw('proxy-says-down'), saw('health-wrong-status'), saw('business-ok'), saw('tcp-connects')],
    named: ['health-check-misconfigured api/s1'],
  },
  {
    says: 'a check that gets 5xx like everything else',
    seen: [saw('proxy-says-down'), saw('health-5xx'), saw('business-5xx'), saw('errors-everywhere', 'api')],
    named: ['application-errors api'],
  },
  {
    says: 'one bad server and one bad path at once',
    seen: [saw('errors-one-server', 'api/s2'), saw('errors-one-path', 'path:/x')],
    named: ['bad-server api/s2', 'bad-endpoint path:/x'],
  },
  {
    says: 'one dead server and one missing path at once',
    seen: [saw('proxy-says-down'), saw('tcp-refused'), saw('not-found-few-paths', 'path:/x')],
    named: ['connection-refused api/s1', 'missing-content path:/x'],
  },
  {
    says: 'all servers taken out by a person, dead or not',
    seen: [saw('all-taken-out-by-hand'), saw('all-taken-out-by-hand', 'api/s2'), saw('tcp-refused')],
    named: ['administratively-disabled api/s1 api/s2'],
  },
  { says: 'few requests of which some fail', seen: [saw('traffic-few', 'api')], named: ['low-traffic api'] },
  {
    says: 'few requests to a server that is dead',
    seen: [saw('traffic-few', 'api'), saw('proxy-says-down'), saw('tcp-refused')],
    named: ['connection-refused api/s1'],
  },
  { says: 'answers that come late', seen: [saw('business-slow'), saw('answers-slow')], named: ['backend-slow api/s1'] },
  {
    says: 'an expired certificate of a server that is down',
    seen: [saw('proxy-says-down'), saw('certificate-expired'), saw('check-tls-failed')],
    named: ['upstream-certificate-expired api/s1'],
  },
  { says: 'an expired certificate that nobody minds', seen: [saw('proxy-says-up'), saw('certificate-expired')], named: [] },
  { says: 'an error whose place is not known', seen: [saw('errors-unlocated', 'api')], named: [] },
];

test.each(cases)('$says', ({ seen, named }) => {
  const judged = weigh(situation(), [
    ...healthy.filter((one) => !seen.some((other) => other.subject === 'edge') || one.subject !== 'edge'),
    ...seen,
  ]);
  expect(judged.causes.map(({ id, subjects }) => [id, ...subjects].join(' ')).sort()).toEqual([...named].sort());
});

describe('the verdict', () => {
  test('no fault was found when everything that matters was looked at and is well', () => {
    expect(weigh(situation(), healthy).verdict).toBe('no-fault-found');
  });

  test('is undetermined when something bad is left without a cause', () => {
    expect(weigh(situation(), [...healthy, saw('errors-unlocated', 'api')]).verdict).toBe('undetermined');
  });

  test.each(['down', 'errors-5xx', 'errors-4xx', 'proxy-down', 'unrouted', 'server-down', 'other'] as const)(
    'is undetermined when nothing could be looked at (%s)',
    (family) => {
      expect(weigh(situation({ family }), [saw('could-not-look', 'api')]).verdict).toBe('undetermined');
    },
  );

  test('of 4xx needs clean traffic: healthy servers are not enough', () => {
    expect(weigh(situation({ family: 'errors-4xx' }), healthy).verdict).toBe('undetermined');
    expect(weigh(situation({ family: 'errors-4xx' }), [...healthy, saw('traffic-clean', 'api')]).verdict).toBe('no-fault-found');
  });
});

test('evidence that could not be had is unknown and keeps what to change', () => {
  const [evidence] = weigh(situation(), [saw('could-not-look', 'api', { fix: 'targets[edge].haproxy.log_file' })]).evidence;
  expect(evidence).toMatchObject({ finding: 'unknown', cause: null, fix: 'targets[edge].haproxy.log_file' });
});

test('a healthy sign rules causes out, with its evidence', () => {
  const { ruledOut } = weigh(situation(), [...healthy, saw('tcp-connects')]);
  expect(ruledOut.find(({ id }) => id === 'connection-refused')?.because).toEqual(['e4']);
});

test('the subject says what an observation is about', () => {
  const about = (subject: string, backend: string | null) => scopeOf({ subject, backend });
  expect([about('edge', null), about('api', 'api'), about('api/s1', 'api'), about('path:/x', 'api'), about('client:1', null)]).toEqual([
    'target',
    'backend',
    'server',
    'path',
    'client',
  ]);
});

const anySign = fc.constantFrom(...(Object.keys(signs) as SignId[]));
const observations = fc.array(
  fc
    .tuple(anySign, fc.constantFrom('edge', 'api', 'api/s1', 'api/s2', 'path:/x', 'client:10.0.0.1', 'route:web'))
    .map(([sign, subject]) => saw(sign, subject)),
  { maxLength: 20 },
);

test('whatever was seen, the verdict fits the causes and each cause rests on evidence for it', () => {
  fc.assert(
    fc.property(observations, (seen) => {
      const { verdict, causes, evidence } = weigh(situation(), seen);
      expect(verdict === 'cause-found').toBe(causes.length > 0);
      for (const cause of causes) {
        expect(cause.because.length).toBeGreaterThan(0);
        expect(cause.confidence).toBeGreaterThanOrEqual(0.6);
        expect(cause.confidence).toBeLessThanOrEqual(1);
      }
      expect(evidence.map(({ id }) => id)).toEqual(seen.map((_, index) => `e${index + 1}`));
    }),
  );
});

test('the order in which things were seen changes nothing', () => {
  fc.assert(
    fc.property(
      observations.chain((seen) => fc.tuple(fc.constant(seen), fc.shuffledSubarray(seen, { minLength: seen.length }))),
      ([seen, shuffled]) => {
        const gist = (of: readonly Observation[]) =>
          weigh(situation(), of).causes.map(({ id, subjects, confidence }) => `${id} ${[...subjects].sort().join(' ')} ${confidence}`);
        expect(gist(shuffled)).toEqual(gist(seen));
      },
    ),
  );
});
