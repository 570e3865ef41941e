import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKnownPath, pick, type Rule } from './behaviour.ts';

const failing = (share: number, paths: readonly string[] | null = null): Rule => ({
  paths,
  share,
  answer: { kind: 'status', status: 500 },
});

describe('a rule', () => {
  it('of all paths spares the health check', () => {
    const rules = [failing(1)];
    expect(pick(rules, '/health', new Map())).toBeNull();
    expect(pick(rules, '/orders', new Map())).toBe(rules[0]);
  });

  it('of some paths takes them by prefix, the health check included', () => {
    const rules = [failing(1, ['/items', '/health'])];
    expect(['/items/7', '/health', '/orders'].map((path) => pick(rules, path, new Map()) !== null)).toEqual([true, true, false]);
  });

  it('leaves what it does not pick to the next one', () => {
    const rules = [failing(0.5), failing(1, ['/orders'])];
    const seen = new Map<Rule, number>();
    expect([1, 2, 3, 4].map(() => rules.indexOf(pick(rules, '/orders', seen) as Rule))).toEqual([0, 1, 0, 1]);
  });

  it('picks its share, never more than one request away from it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 300 }), (share, requests) => {
        const seen = new Map<Rule, number>();
        const rules = [failing(share)];
        const picked = Array.from({ length: requests }, () => pick(rules, '/orders', seen)).filter((rule) => rule !== null).length;
        expect(Math.abs(picked - share * requests)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('the application', () => {
  it.each([
    ['/', true],
    ['/orders', true],
    ['/items/7', true],
    ['/orders.bak', false],
    ['/wp-login.php', false],
  ])('knows %s: %s', (path, known) => {
    expect(isKnownPath(path)).toBe(known);
  });
});
