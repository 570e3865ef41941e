import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DurationError, formatDuration, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  test.each([
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['0', 0],
    ['0s', 0],
    ['250ms', 250],
    ['1s500ms', 1_500],
    ['1y', 31_536_000_000],
    ['2w3d', 1_468_800_000],
  ])('reads %s as %i ms', (input, ms) => {
    expect(parseDuration(input)).toBe(ms);
  });

  test.each([
    ['', 'duration "", column 1: is empty'],
    ['5', 'duration "5", column 1: expected a number with a unit'],
    ['1.5h', 'duration "1.5h", column 1: expected a number with a unit'],
    ['5m1h', 'duration "5m1h", column 3: unit h is repeated or out of order'],
    ['5m5m', 'duration "5m5m", column 3: unit m is repeated or out of order'],
    ['5m ', 'duration "5m ", column 3: expected a number with a unit'],
    ['-5m', 'duration "-5m", column 1: expected a number with a unit'],
    ['9999999999y', 'column 1: is too long'],
  ])('rejects %j and says where', (input, message) => {
    expect(() => parseDuration(input)).toThrow(message);
  });

  test('never throws anything but a DurationError', () => {
    fc.assert(
      fc.property(fc.string(), (input) => {
        try {
          return Number.isSafeInteger(parseDuration(input));
        } catch (error) {
          return error instanceof DurationError;
        }
      }),
    );
  });
});

describe('formatDuration', () => {
  test.each([
    [0, '0s'],
    [300_000, '5m'],
    [5_400_000, '1h30m'],
    [86_400_000, '1d'],
    [90_000_000, '25h'],
    [604_800_000, '1w'],
    [31_536_000_000, '1y'],
    [-1_500, '-1s500ms'],
  ])('prints %i ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('is read back as the same duration', () => {
    fc.assert(fc.property(fc.nat({ max: 2 ** 45 }), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});
