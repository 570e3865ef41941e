import fc from 'fast-check';
import { expect, test } from 'vitest';
import { vocabulary } from '../../src/respond/diagnosis/vocabulary.ts';
import { generate } from './generate.ts';

const seeds = fc.integer({ min: 1, max: 1_000_000 });
const proxies = fc.constantFrom('haproxy' as const, 'traefik' as const);

test('a seed always gives the same situation', () => {
  fc.assert(
    fc.property(seeds, proxies, (seed, proxy) => {
      expect(generate(seed, proxy)).toEqual(generate(seed, proxy));
    }),
  );
});

test('every situation can be played: its faults have names, servers and paths that exist', () => {
  fc.assert(
    fc.property(seeds, proxies, (seed, proxy) => {
      const plan = generate(seed, proxy);
      const main = plan.backends[0];
      expect(new Set(plan.backends.map(({ name }) => name)).size).toBe(plan.backends.length);
      for (const fault of plan.faults) {
        expect([...vocabulary, 'no-fault-found']).toContain(fault.cause);
        expect(fault.servers.every((index) => index < (main?.serverNames.length ?? 0))).toBe(true);
        expect(fault.paths.every((path) => main?.paths.includes(path))).toBe(true);
      }
    }),
  );
});

test('about one in seven is a control, one in ten has two causes, and every cause comes', () => {
  const plans = Array.from({ length: 2_000 }, (_, seed) => generate(seed, seed % 2 === 0 ? 'haproxy' : 'traefik'));
  const share = (fits: (causes: readonly string[]) => boolean) =>
    plans.filter((plan) => fits(plan.faults.map(({ cause }) => cause).filter((cause) => cause !== 'no-fault-found'))).length / plans.length;
  expect(share((causes) => causes.length === 0)).toBeCloseTo(1 / 7, 1);
  expect(share((causes) => causes.length === 2)).toBeCloseTo(0.1, 1);
  expect(new Set(plans.flatMap((plan) => plan.faults.map(({ cause }) => cause))).size).toBe(19);
});
