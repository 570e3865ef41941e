import { describe, expect, test } from 'vitest';
import { findHaproxy } from '../../lab/proxies/haproxy.ts';
import { findTraefik } from '../../lab/proxies/traefik.ts';
import { generate } from './generate.ts';
import { play } from './play.ts';
import type { ProxyName, SituationPlan } from './situation.ts';

/** Situations that stay the same, on each proxy: a cause (or `control`, `pair`) and the seed that gives the rest. */
const scenes: Readonly<Record<ProxyName, readonly (readonly [string, number])[]>> = {
  haproxy: [
    ['connection-refused', 10],
    ['wrong-server-address', 4],
    ['health-check-misconfigured', 6],
    ['backend-slow', 2],
    ['administratively-disabled', 8],
    ['bad-server', 12],
    ['client-scan', 14],
    ['control', 16],
  ],
  traefik: [
    ['connection-refused', 11],
    ['wrong-server-address', 3],
    ['upstream-certificate-expired', 5],
    ['application-errors', 1],
    ['missing-content', 9],
    ['route-missing', 13],
    ['pair', 17],
    ['control', 15],
  ],
};

/** Long enough for the slowest check interval, short enough for many of them. */
function shortened(plan: SituationPlan): SituationPlan {
  return { ...plan, intervalMs: 500, healthyMs: 7_000, faultyMs: 8_000, healedMs: plan.healedMs === null ? null : 15_000 };
}

describe.each(['haproxy', 'traefik'] as const)('on a real %s', (proxy) => {
  const installed = proxy === 'haproxy' ? findHaproxy() !== null : findTraefik() !== null;
  if (!installed) {
    test.skip(`is skipped: there is no ${proxy} here (HAPROXY_BIN and TRAEFIK_BIN name one)`, () => {});
    return;
  }
  test.concurrent.each(scenes[proxy].map(([cause, seed]) => [cause, seed] as const))(
    '%s (seed %d)',
    { timeout: 90_000 },
    async (cause, seed) => {
      const { expected, diagnosis, score, subjectsRight } = await play(shortened(generate(seed, proxy, cause)));
      const told = diagnosis.evidence.map((item) => `${item.check} ${item.finding} ${item.subject}: ${item.summary}`);
      expect({ named: diagnosis.causes.map(({ id }) => id).sort(), verdict: diagnosis.verdict, told }).toEqual({
        named: expected.map(({ id }) => id).sort(),
        verdict: expected.length === 0 ? 'no-fault-found' : 'cause-found',
        told,
      });
      expect({ score, subjectsRight }).toEqual({ score: 1, subjectsRight: true });
    },
  );
});
