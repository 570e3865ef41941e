import fc from 'fast-check';
import { expect, test } from 'vitest';
import { labelsOf } from '../../../model/labels.ts';
import { evaluateInstant } from '../../promql/evaluate.ts';
import { EvaluationError } from '../../promql/evaluation-error.ts';
import { parseExpr } from '../../promql/parser.ts';
import { PromqlError } from '../../promql/promql-error.ts';
import { SampleStore } from '../../promql/sample-store.ts';
import { Exporters } from './exporter.ts';
import { LabelFlow, lossOf } from './label-flow.ts';

const names = ['a', 'b', 'c'];
const label = fc.constantFrom(...names);
const labels = fc.uniqueArray(label, { maxLength: 3 }).map((list) => list.join(', '));
const matcher = fc.tuple(label, fc.constantFrom('="1"', '="2"', '=""', '!=""', '=~"1|2"', '!="1"')).map(([name, rest]) => name + rest);
const selector = fc
  .tuple(fc.constantFrom('x', 'y'), fc.uniqueArray(matcher, { maxLength: 2 }))
  .map(([metric, matchers]) => (matchers.length === 0 ? metric : `${metric}{${matchers.join(',')}}`));

const matching = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  fc.tuple(fc.constantFrom('on', 'ignoring'), labels).map(([how, list]) => ` ${how} (${list})`),
);
const grouping = fc.tuple(fc.constantFrom('on', 'ignoring'), labels, fc.constantFrom('group_left', 'group_right'), labels);

/** Expressions of everything that moves labels. */
const { expression } = fc.letrec<{ expression: string; deeper: string }>((tie) => ({
  expression: fc.oneof({ depthSize: 'small', withCrossShrink: true }, selector, tie('deeper')),
  deeper: fc.oneof(
    fc
      .tuple(fc.constantFrom('sum', 'count', 'max', 'topk'), fc.constantFrom('by', 'without'), labels, tie('expression'))
      .map(([op, how, list, inner]) => `${op} ${how} (${list}) (${op === 'topk' ? '2, ' : ''}${inner})`),
    fc.tuple(label, tie('expression')).map(([name, inner]) => `count_values by (a) ("${name}", ${inner})`),
    fc.tuple(label, label, tie('expression')).map(([to, from, inner]) => `label_replace(${inner}, "${to}", "$1", "${from}", "(.*)")`),
    fc
      .tuple(fc.constantFrom('and', 'or', 'unless'), matching, tie('expression'), tie('expression'))
      .map(([op, how, l, r]) => `(${l}) ${op}${how} (${r})`),
    fc
      .tuple(fc.constantFrom('+', '>', '> bool', '=='), matching, tie('expression'), tie('expression'))
      .map(([op, how, l, r]) => `(${l}) ${op}${how} (${r})`),
    fc
      .tuple(fc.constantFrom('*', '>'), grouping, tie('expression'), tie('expression'))
      .map(([op, [how, on, side, include], l, r]) => `(${l}) ${op} ${how} (${on}) ${side} (${include}) (${r})`),
    selector.map((text) => `absent(${text})`),
    selector.map((text) => `sum_over_time(${text}[5m])`),
    tie('expression').map((inner) => `-(${inner})`),
    fc.constant('vector(1)'),
  ),
}));

const value = fc.constantFrom('', '1', '2');
const series = fc.uniqueArray(fc.tuple(fc.constantFrom('x', 'y'), value, value, value), { maxLength: 8, selector: (one) => one.join() });

/** The labels of what an expression gives over some series; null when it has no value because of an error. */
function evaluated(text: string, store: SampleStore): readonly (readonly string[])[] | null {
  try {
    const { value: result } = evaluateInstant(parseExpr(text), { queryable: store, atMs: 60_000 });
    return result.type === 'vector' ? result.samples.map((sample) => Object.keys(sample.labels)) : [];
  } catch (error) {
    // Several matches on the one side: an error in Prometheus as well.
    if (error instanceof EvaluationError || error instanceof PromqlError) return null;
    throw error;
  }
}

test('a label that is said to be lost is on no element, and sides that are said not to match give nothing, whatever the series', () => {
  let judged = 0;
  let mismatched = 0;
  fc.assert(
    fc.property(expression, series, (text, all) => {
      const store = new SampleStore();
      for (const [metric, ...values] of all) {
        const pairs = values.map((one, index) => [names[index] ?? '', one] as const);
        store.add(labelsOf([['__name__', metric], ...pairs]), 60_000, 1);
      }
      const elements = evaluated(text, store);
      if (elements === null) return;
      // Both metrics are recorded, so that nothing is assumed of a scrape.
      const flow = new LabelFlow(new Exporters([]), new Set(['x', 'y']));
      const expr = parseExpr(text);
      const branches = flow.of(expr);
      const lost = names.filter((name) => branches.every((branch) => lossOf(branch, name) !== null));
      expect(elements.flatMap((element) => element.filter((name) => lost.includes(name)))).toEqual([]);
      for (const { node } of flow.mismatches) expect(evaluated(text.slice(node.start, node.end), store) ?? []).toEqual([]);
      judged += lost.length;
      mismatched += flow.mismatches.length;
    }),
    { numRuns: 3_000 },
  );
  // Otherwise the property would be about nothing.
  expect(judged).toBeGreaterThan(500);
  expect(mismatched).toBeGreaterThan(20);
});
