import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Expr } from './ast.ts';
import { parseExpr } from './parser.ts';
import { printExpr } from './print.ts';
import { PromqlError } from './promql-error.ts';

const corpusPath = new URL('../../../../shared/conformance/promql-parser.json', import.meta.url);
const corpus: { good: string[]; bad: { input: string; error: string; start: number; end: number }[] } = existsSync(corpusPath)
  ? JSON.parse(readFileSync(corpusPath, 'utf8'))
  : { good: [], bad: [] };

/** Cases about bytes that are not UTF-8: a JavaScript string cannot hold them. */
const bytesOnly = new Set(corpus.bad.filter(({ error }) => error === 'invalid UTF-8 rune').map(({ input }) => input));

describe.skipIf(!existsSync(corpusPath))('upstream parser cases (skipped without ../shared/conformance/promql-parser.json)', () => {
  test.each(corpus.good)('accepts %s', (input) => {
    expect(() => parseExpr(input)).not.toThrow();
  });

  test.each(corpus.bad.filter(({ input }) => !bytesOnly.has(input)))('rejects $input', ({ input, error, start, end }) => {
    const thrown = errorOf(input);
    expect({ error: thrown.message, start: thrown.start, end: thrown.end }).toEqual({ error, start, end });
  });
});

function errorOf(input: string): PromqlError {
  try {
    parseExpr(input);
  } catch (error) {
    if (error instanceof PromqlError) return error;
    throw error;
  }
  throw new Error(`${input} was accepted`);
}

/** Found by the oracle: what Prometheus' parser says of damaged expressions, and where. */
test.each([
  ['limit[2m*sum2]', "unexpected character: 's', expected ':'", 9, 14],
  ['limit[1m[2m]]', "unexpected left bracket '['", 8, 13],
  ['limit[5m>it]', 'unexpected <op:>> in subquery or range, expected ":" or "]"', 8, 9],
  ['rate(limit[5m', 'unclosed left parenthesis', 13, 13],
  ['limit[(1m+3,]', 'unexpected "," in subquery or range selector, expected number, duration, step(), or range()', 11, 12],
  ['limit[2m:)]', "unexpected right parenthesis ')'", 10, 11],
  ['limit[:1m]', 'unexpected colon before duration in duration expression', 7, 10],
  ['m{"a.b"}ixed', 'unexpected identifier "ixed"', 8, 12],
  ['m{"a.b"}', 'metric name must not be set twice: "m" or "a.b"', 0, 8],
  ['NaN{"a.b"}', 'unexpected "{"', 3, 4],
  ['limitk(0, ^ x)', 'trailing commas not allowed in function call args', 8, 9],
  ['x fill_left', 'unexpected identifier "fill_left"', 2, 11],
  ['1m % fill (1) Inf', 'filling in missing series only allowed between instant vectors', 0, 17],
  ['0.95m', 'unknown unit "." in duration "0.95m"', 0, 5],
  ['0 anchored', 'anchored modifier not implemented', 0, 1],
  ['x anchored smoothed', 'anchored and smoothed modifiers cannot be used together', 0, 1],
  ['x[5m:] smoothed', 'smoothed modifier is not supported for subqueries', 0, 6],
  ['1 @ Inf', 'timestamp out of bounds for @ modifier: +Inf', 0, 1],
  ['x + on (a) group_left ^ y', 'unexpected <op:^> in grouping opts, expected "("', 22, 23],
  ['x + on (without) y', 'unexpected <without> in grouping opts, expected label', 8, 15],
  ['0!', "unexpected character after '!': '\ufffd'", 1, 2],
])('of %s it says %s', (input, error, start, end) => {
  const thrown = errorOf(input);
  expect({ error: thrown.message, start: thrown.start, end: thrown.end }).toEqual({ error, start, end });
});

test.each([
  ['fill + fill', 'fill + fill'],
  ['min by (a:b) (x)', 'min by ("a:b") (x)'],
  ['x offset 0s offset 5m', 'x offset 5m'],
  ['rate(x smoothed[5m])', 'rate(x[5m] smoothed)'],
])('reads %s as %s', (input, printed) => {
  expect(printExpr(parseExpr(input))).toBe(printed);
});

describe('precedence', () => {
  test.each([
    ['1 + 2 * 3', '(1 + (2 * 3))'],
    ['-2^2', '-((2 ^ 2))'],
    ['2 ^ 3 ^ 2', '(2 ^ (3 ^ 2))'],
    ['a - b offset 5m', '(a - b)'],
    ['-a * b', '(-(a) * b)'],
    ['a or b and c unless d', '(a or ((b and c) unless d))'],
    ['a == b + c', '(a == (b + c))'],
    ['a / b % c', '((a / b) % c)'],
  ])('groups %s as %s', (input, grouped) => {
    expect(show(parseExpr(input))).toBe(grouped);
  });
});

function show(expr: Expr): string {
  if (expr.kind === 'binary') return `(${show(expr.left)} ${expr.op} ${show(expr.right)})`;
  if (expr.kind === 'unary') return `${expr.op}(${show(expr.operand)})`;
  if (expr.kind === 'number') return String(expr.value);
  return expr.kind === 'selector' ? (expr.metric ?? '') : expr.kind;
}

test('never throws anything but a PromqlError', () => {
  const pieces = fc.constantFrom(
    ...[
      'sum',
      'rate',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '5m',
      ':',
      'foo',
      'by',
      '"',
      "'",
      '\\',
      '=',
      '~',
      '!',
      'on',
      '-',
      '@',
      'offset',
      ' ',
      ',',
      '1e',
      '.',
      '0x',
      '#',
      'é',
    ],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
      try {
        parseExpr(parts.join(''));
        return true;
      } catch (error) {
        return error instanceof PromqlError && error.start <= error.end;
      }
    }),
    { numRuns: 2_000 },
  );
});

test('nesting too deep is an error, not a crash', () => {
  expect(() => parseExpr('('.repeat(20_000))).toThrow(PromqlError);
  expect(() => parseExpr(Array.from({ length: 20_000 }, () => 'x').join(' or '))).toThrow('expression has more than 3000 operators');
  expect(() => parseExpr(`${'-'.repeat(20_000)}1`)).toThrow('nested deeper');
});
