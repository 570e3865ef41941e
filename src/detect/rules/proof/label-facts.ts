import { type Aggregate, type Binary, type Expr, type Matching, type Selector, unwrap } from '../../promql/ast.ts';
import { setOperators } from '../../promql/token.ts';
import type { LabelMatcher } from '../../series/queryable.ts';
import {
  anyLabels,
  changedLabels,
  disagreement,
  eitherLabels,
  type KnownLabel,
  type LabelFacts,
  labelOf,
  onlyLabels,
  type Reason,
} from './facts.ts';

/** The metric name goes and comes with operations in ways that are no concern of a proof. */
const metricName = '__name__';

/** What the matchers of a selector say of the labels. */
export function labelsOfSelector(selector: Selector): LabelFacts {
  const changes = selector.matchers.flatMap((matcher): readonly (readonly [string, KnownLabel])[] => {
    const why = { at: selector, text: `the selector asks for ${matcher.name}${matcher.op}${JSON.stringify(matcher.value)}` };
    if (matcher.op === '=') return [[matcher.name, { kind: 'value', value: matcher.value, why }]];
    return matcher.matches('') ? [] : [[matcher.name, { kind: 'present', why }]];
  });
  // An exact value says more than that there is one.
  const exactLast = [...changes].sort(([, a], [, b]) => Number(a.kind === 'value') - Number(b.kind === 'value'));
  return changedLabels(anyLabels, exactLast);
}

/** Why no label set satisfies all matchers of a selector; null when one may. */
export function contradictionIn(selector: Selector): Reason | null {
  for (const matcher of selector.matchers) {
    const wanted = wantedValues(matcher);
    if (wanted === null) continue;
    const others = selector.matchers.filter((other) => other !== matcher && other.name === matcher.name);
    if (wanted.some((value) => others.every((other) => other.matches(value)))) continue;
    const asked = [matcher, ...others].map(({ name, op, value }) => `${name}${op}${JSON.stringify(value)}`).join(', ');
    return { at: selector, text: `no series satisfies ${asked} at once` };
  }
  return null;
}

/** The only values that a matcher lets through; null when they cannot be listed. */
function wantedValues({ op, value }: LabelMatcher): readonly string[] | null {
  if (op === '=') return [value];
  return op === '=~' && /^[\w:/ |-]*$/.test(value) ? value.split('|') : null;
}

/** `sum by (job)`: an aggregation without what it is about. */
export function headOf({ op, without, grouping }: Aggregate): string {
  if (!without && grouping.length === 0) return op;
  return `${op} ${without ? 'without' : 'by'} (${grouping.join(', ')})`;
}

/** What an aggregation leaves of the labels. */
export function labelsOfAggregate(node: Aggregate, inner: LabelFacts): LabelFacts {
  if (node.op === 'topk' || node.op === 'bottomk' || node.op === 'limitk' || node.op === 'limit_ratio') return inner;
  const why = { at: node, text: `${headOf(node)} removes ${node.without ? node.grouping.join(', ') : 'all other labels'}` };
  const removed: KnownLabel = { kind: 'value', value: '', why };
  const left = node.without
    ? changedLabels(
        inner,
        node.grouping.map((name) => [name, removed]),
      )
    : onlyLabels(inner, node.grouping, why);
  if (node.op !== 'count_values') return left;
  const label = node.parameter === null ? null : unwrap(node.parameter);
  return label?.kind === 'string' ? changedLabels(left, [[label.value, { kind: 'any' }]]) : anyLabels;
}

/** Why two sides can never match; null when they may. */
export function mismatch(matching: Matching, left: LabelFacts, right: LabelFacts): readonly Reason[] | null {
  const names = matching.on
    ? matching.labels
    : [...new Set([...left.known.keys(), ...right.known.keys()])].filter((name) => !matching.labels.includes(name));
  for (const name of names) {
    if (name === metricName) continue;
    const reasons = disagreement(name, labelOf(left, name), labelOf(right, name));
    if (reasons !== null) return reasons;
  }
  return null;
}

/** What is known of the labels of two matched sides' results. */
export function labelsOfMatch(node: Binary, matching: Matching, left: LabelFacts, right: LabelFacts): LabelFacts {
  if (node.op === 'or') return eitherLabels(left, right);
  if (setOperators.has(node.op)) return left;
  const why = { at: node, text: `${node.op} ${matching.on ? 'on' : 'ignoring'} (${matching.labels.join(', ')}) removes the other labels` };
  if (matching.cardinality === 'one-to-one') {
    const both = changedLabels(left, matching.on ? matching.labels.map((name) => [name, known(left, right, name)]) : []);
    if (matching.on) return onlyLabels(both, matching.labels, why);
    return changedLabels(
      both,
      matching.labels.map((name) => [name, { kind: 'value', value: '', why }]),
    );
  }
  const [many, one] = matching.cardinality === 'many-to-one' ? [left, right] : [right, left];
  const included = matching.include.map((name) => [name, labelOf(one, name)] as const);
  const shared = matching.on ? matching.labels.map((name) => [name, known(many, one, name)] as const) : [];
  return changedLabels(many, [...shared, ...included]);
}

/** What either side knows of a label on which both agree. */
function known(a: LabelFacts, b: LabelFacts, name: string): KnownLabel {
  const [one, other] = [labelOf(a, name), labelOf(b, name)];
  return one.kind === 'value' || other.kind === 'any' ? one : other;
}

/** The string an argument of a call is; null for anything else. */
export function textOf(expr: Expr | undefined): string | null {
  const inner = expr === undefined ? null : unwrap(expr);
  return inner?.kind === 'string' ? inner.value : null;
}
