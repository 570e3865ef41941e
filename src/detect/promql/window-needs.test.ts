import { expect, test } from 'vitest';
import { parseExpr } from './parser.ts';
import { windowNeeds } from './window-needs.ts';

test.each([
  ['up', [300_000]],
  ['rate(a[5m]) / rate(b[1h] offset 1d)', [300_000, 90_000_000]],
  ['max_over_time(rate(a[5m])[1h:1m] offset 10m)', [4_500_000]],
  ['a offset -1h', [0]],
  ['topk(scalar(n), a)', [300_000, 300_000]],
  ['1 + 1', []],
])('%s reads back %j ms', (text, ranges) => {
  expect(
    windowNeeds(parseExpr(text))
      .map(({ rangeMs }) => rangeMs)
      .sort((a, b) => a - b),
  ).toEqual(ranges);
});
