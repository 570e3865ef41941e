import { expect, test } from 'vitest';
import { exp, exp2, log, log2, log10, pow } from './go-exponential.ts';

/** Printed by Go 1.26 on amd64, where JavaScript's own functions differ in the last digit. */
test.each([
  [exp, -9.5, 0.00007485182988770058],
  [exp, 74, 1.3733829795401761e32],
  [exp, -740.3, 3.1e-322],
  [exp, 709.5, Number.POSITIVE_INFINITY],
  [exp2, -9.5, 0.0013810679320049755],
  [exp2, -0.5, 0.7071067811865475],
  [log, 5.4, 1.6863989535702286],
  [log, 185, 5.220355825078324],
  [log, 0, Number.NEGATIVE_INFINITY],
  [log2, 3, 1.5849625007211563],
  [log2, 2.4, 1.263034405833794],
  [log2, 1_024, 10],
  [log10, 24, 1.3802112417116061],
  [log10, -1, Number.NaN],
])('%o of %d is %d', (of, value, result) => {
  expect(of(value)).toBe(result);
});

test.each([
  [-1.1, 27, -13.109994191499956],
  [976, 4.8, 223541996198050.1],
  [0.2, 0.6, 0.38073078774317576],
  [-0.3, 10, 5.904899999999999e-6],
  [1e3, 60, 1.0000000000000001e180],
  [-2, 0.5, Number.NaN],
  [2, 1e300, Number.POSITIVE_INFINITY],
  [2, -1_074, 5e-324],
  [1, Number.NaN, 1],
  [-1, Number.NEGATIVE_INFINITY, 1],
  [-0, -0.5, Number.POSITIVE_INFINITY],
])('%d to the power of %d is %d', (base, exponent, result) => {
  expect(pow(base, exponent)).toBe(result);
});
