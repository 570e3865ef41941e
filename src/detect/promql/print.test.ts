import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseExpr } from './parser.ts';
import { printExpr } from './print.ts';

const corpusPath = new URL('../../../../shared/conformance/promql-parser.json', import.meta.url);
const good: string[] = existsSync(corpusPath) ? JSON.parse(readFileSync(corpusPath, 'utf8')).good : [];

test.each([
  ['sum(rate(http_requests_total{job="api"}[5m])) by (code)', 'sum by (code) (rate(http_requests_total{job="api"}[5m]))'],
  ['a   /on(x)   group_left b', 'a / on (x) group_left () b'],
  ['foo offset 90s', 'foo offset 1m30s'],
  ['foo[300]', 'foo[5m]'],
  ['{"utf 8", a!~"b.*"}', '{__name__="utf 8",a!~"b.*"}'],
  ['x{b="1",a="2"} smoothed @ 5 offset 1m', 'x{a="2",b="1"} @ 5.000 smoothed offset 1m'],
  ['1e3 >= bool 2', '1000 >= bool 2'],
  ['min_over_time(rate(x[1m])[5m:] @ end() offset 1h)', 'min_over_time(rate(x[1m])[5m:] @ end() offset 1h)'],
])('prints %s as %s', (input, printed) => {
  expect(printExpr(parseExpr(input))).toBe(printed);
});

describe.skipIf(good.length === 0)('what is printed reads the same (skipped without ../shared/conformance/promql-parser.json)', () => {
  test.each(good)('%s', (input) => {
    const printed = printExpr(parseExpr(input));
    expect(printExpr(parseExpr(printed))).toBe(printed);
  });
});
