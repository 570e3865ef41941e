import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatLabels, labelsKey, labelsOf, withLabels, withoutLabels } from './labels.ts';

const names = fc.constantFrom('a', 'b', '__proto__', 'constructor', '1', 'é');
const values = fc.oneof(fc.string(), fc.constantFrom('1,1;', '\u0001', '1,1;b1'));
const pairs = fc.array(fc.tuple(names, values), { maxLength: 4 });

test('a label set has the labels it was given, sorted, and nothing else', () => {
  const labels = labelsOf([
    ['b', '1'],
    ['a', '2'],
    ['c', ''],
    ['b', '3'],
  ]);
  expect(Object.entries(labels)).toEqual([
    ['a', '2'],
    ['b', '3'],
  ]);
  for (const name of ['constructor', 'toString', 'hasOwnProperty']) expect(labels[name]).toBeUndefined();
});

test('a label may be called like anything', () => {
  const labels = labelsOf([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  expect(Object.entries(labels)).toContainEqual(['__proto__', 'x']);
  expect(JSON.stringify(labels)).toBe('{"__proto__":"x","constructor":"y"}');
  expect(formatLabels(labels)).toBe('{__proto__="x", constructor="y"}');
});

test('equal label sets, and only they, have equal keys', () => {
  fc.assert(
    fc.property(pairs, pairs, (a, b) => {
      const [first, second] = [labelsOf(a), labelsOf(b)];
      const equal = JSON.stringify(Object.entries(first)) === JSON.stringify(Object.entries(second));
      return (labelsKey(first) === labelsKey(second)) === equal;
    }),
  );
});

test('labels are replaced and left out', () => {
  const labels = labelsOf([
    ['a', '1'],
    ['b', '2'],
  ]);
  expect({ ...withLabels(labels, { a: '', c: '3' }) }).toEqual({ b: '2', c: '3' });
  expect({ ...withoutLabels(labels, ['a']) }).toEqual({ b: '2' });
});
