import fc from 'fast-check';
import { expect, test } from 'vitest';
import { neverMatchTogether } from './rule-overlap.ts';

test.each([
  ['Host(`a`)', 'Host(`b`)', true],
  ['Host(`A.example`)', 'Host(`a.example`)', false],
  ['Host(`a`, `b`)', 'Host(`c`) && Path(`/`)', true],
  ['Host(`a`, `b`)', 'Host(`b`)', false],
  ['(Host(`a`)) && ClientIP(`10.0.0.1`)', '(Host(`a`)) && ClientIP(`10.0.0.2`)', true],
  ['ClientIP(`10.0.0.0/8`)', 'ClientIP(`10.0.0.1`)', false],
  ['PathPrefix(`/api`)', 'PathPrefix(`/web`)', true],
  ['PathPrefix(`/api`)', 'PathPrefix(`/api/v2`)', false],
  ['Path(`/a`)', 'PathPrefix(`/b`)', true],
  ['PathPrefix(`/a`)', 'Path(`/a/b`)', false],
  ['Path(`/{id}`)', 'Path(`/b`)', false],
  ['Host(`a`) || Host(`b`)', 'Host(`c`)', false],
  ['!Host(`a`)', 'Host(`b`)', false],
  ['HostRegexp(`.+`)', 'Host(`b`)', false],
  ['Host(`a && b`)', 'Host(`b`)', true],
  ['(Host(`a`) && (Method(`GET`)))', 'Method(`POST`)', true],
  ['Host(`a`', 'Host(`b`)', false],
])('%s and %s never match together: %s', (a, b, expected) => {
  expect(neverMatchTogether(a, b)).toBe(expected);
  expect(neverMatchTogether(b, a)).toBe(expected);
});

test('no rule is disjoint with itself and no text makes it throw', () => {
  const anyRule = fc.oneof(fc.string(), fc.stringMatching(/^[Host()`&|! a-c/{}]{0,60}$/));
  fc.assert(
    fc.property(anyRule, (rule) => {
      expect(neverMatchTogether(rule, rule)).toBe(false);
    }),
  );
});
