import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { playGameDay, type Question, scoreOf } from './game-day.ts';
import { findHaproxy } from './proxies/haproxy.ts';

describe('the score of a diagnosis', () => {
  it.each([
    [['a'], ['a'], 1],
    [['a'], ['a', 'b'], 0.5],
    [['a'], ['b'], 0],
    [['a'], [], 0],
    [['a', 'b'], ['a'], 0],
    [['a', 'b'], ['b', 'a', 'c', 'd'], 0.5],
    [['a'], ['a', 'a'], 1],
    [[], [], 1],
    [[], ['a'], 0],
  ])('truth %j, named %j: %d', (truth, named, score) => {
    expect(scoreOf(truth, named)).toBe(score);
  });

  it('never rises by naming one more cause that is not true', () => {
    const causes = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
    fc.assert(
      fc.property(causes, causes, (truth, named) => {
        expect(scoreOf(truth, [...named, 'z'])).toBeLessThanOrEqual(scoreOf(truth, named));
      }),
    );
  });
});

describe.runIf(findHaproxy() !== null)('a game day', () => {
  it('asks about each fault with its alert, heals it, and goes on after a failure', async () => {
    const asked: [string, string][] = [];
    const diagnose = async ({ alert, backend, lab }: Question) => {
      asked.push([alert, backend]);
      if (alert === 'HaproxyRouteMissing') throw new Error('out of ideas');
      return lab.faults.active;
    };
    const causes = ['connection-refused', 'upstream-certificate-expired', 'route-missing', 'middleware-broken', 'bad-server'];
    const rounds = await playGameDay({ proxies: ['haproxy'], causes, diagnose, settleMs: 100 });
    expect(asked).toEqual([
      ['HaproxyBackendDown', 'api'],
      ['HaproxyBackendDown', 'secure'],
      ['HaproxyRouteMissing', 'api'],
      ['HaproxyHighHttp5xxErrorRateBackend', 'api'],
    ]);
    expect(rounds.map(({ cause, named, score, failure }) => [cause, named, score, failure])).toEqual([
      ['connection-refused', ['connection-refused'], 1, null],
      ['upstream-certificate-expired', ['upstream-certificate-expired'], 1, null],
      ['route-missing', [], 0, 'out of ideas'],
      ['bad-server', ['bad-server'], 1, null],
    ]);
  });
});
