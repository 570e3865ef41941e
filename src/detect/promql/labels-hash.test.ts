import { expect, test } from 'vitest';
import { labelsOf } from '../../model/labels.ts';
import { labelsHash } from './labels-hash.ts';

// Answers of Prometheus 3.15, labels.Labels.Hash.
test.each([
  [[], 'ef46db3751d8e999'],
  [
    [
      ['__name__', 'up'],
      ['job', 'a'],
    ],
    'abb35243313fbb0b',
  ],
  [
    [
      ['__name__', 'ünï'],
      ['job', 'x'.repeat(300)],
    ],
    'a16d41ca68988713',
  ],
] as const)('the hash of %j is %s', (pairs, hash) => {
  expect(labelsHash(labelsOf(pairs)).toString(16)).toBe(hash);
});
