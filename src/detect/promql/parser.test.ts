import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Expr } from './ast.ts';
import { parseExpr } from './parser.ts';
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
