import fc from 'fast-check';
import { expect, test } from 'vitest';
import { missedSlots, slotsAround } from './group-schedule.ts';

test('slots are an interval apart, around now, and always the same ones', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 0, max: 2e12 }), (name, intervalMs, nowMs) => {
      const { slotAt, nextAt } = slotsAround({ file: 'r.yml', name }, intervalMs, nowMs);
      const again = slotsAround({ file: 'r.yml', name }, intervalMs, nextAt);
      return slotAt <= nowMs && nowMs < nextAt && nextAt - slotAt === intervalMs && again.slotAt === nextAt;
    }),
  );
});

/** What `labels.New(name, file).Hash() % 1m` is in Prometheus 3.15. */
test.each([
  ['r.yml', 'g', 2_184],
  [`/etc/prometheus/rules/${'a'.repeat(300)}.yml`, 'group é', 39_486],
  ['/rules.yml', 'example', 16_932],
])('%s %s is evaluated when Prometheus evaluates it, %i ms after the minute', (file, name, offsetMs) => {
  expect(slotsAround({ file, name }, 60_000, 0).nextAt).toBe(offsetMs);
});

test('counts the slots that were missed', () => {
  expect([missedSlots(0, 1_000, 1_000), missedSlots(0, 4_000, 1_000), missedSlots(1_000, 1_000, 1_000)]).toEqual([0, 3, 0]);
});
