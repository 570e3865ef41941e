import { expect, test } from 'vitest';
import { formatLabels, labelsOf } from '../../model/labels.ts';
import { inLabelOrder } from './label-order.ts';

test('series are sorted by names and values in turn, not by their lengths; a set that is part of another comes first', () => {
  const sets = [{ b: '1' }, { a: '10', c: '1' }, { a: '9' }, { a: '10' }, { aa: '1' }, {}, { a: '10', b: '2' }];
  const sorted = inLabelOrder(sets.map((set) => ({ labels: labelsOf(Object.entries(set)) })));
  expect(sorted.map(({ labels }) => formatLabels(labels))).toEqual([
    '{}',
    '{a="10"}',
    '{a="10", b="2"}',
    '{a="10", c="1"}',
    '{a="9"}',
    '{aa="1"}',
    '{b="1"}',
  ]);
});
