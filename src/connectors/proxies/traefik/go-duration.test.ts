import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseGoDuration } from './go-duration.ts';

test.each([
  ['1s', 1000],
  ['1m30s', 90_000],
  ['1h0m0.5s', 3_600_500],
  ['500ms', 500],
  ['100µs', 0.1],
  ['-2s', -2000],
  ['10', 10_000],
  [5, 5000],
  ['0s', 0],
  ['', null],
  ['5x', null],
  ['1s ', null],
  ['s', null],
  [null, null],
  [Number.NaN, null],
])('%j is %j ms', (value, expected) => {
  expect(parseGoDuration(value)).toBe(expected);
});

test('whole milliseconds survive being written as Go writes them', () => {
  fc.assert(
    fc.property(fc.nat(86_400_000), (ms) => {
      expect(parseGoDuration(`${Math.floor(ms / 60_000)}m${(ms % 60_000) / 1000}s`)).toBeCloseTo(ms, 6);
    }),
  );
});
