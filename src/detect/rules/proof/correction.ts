import { type Aggregate, type Binary, type Expr, unwrap, walk } from '../../promql/ast.ts';
import { printExpr } from '../../promql/print.ts';
import { comparisons } from '../../promql/token.ts';
import type { Reason } from './facts.ts';
import { contradictionIn, headOf } from './label-facts.ts';

/** What to write instead of an expression that never gives anything. */
export function correctionOf(expr: Expr, reasons: readonly Reason[]): string {
  const last = reasons.at(-1);
  const blamed = [...walk(expr)].find(({ start, end }) => start === last?.at.start && end === last.at.end);
  if (blamed === undefined) return 'Change the condition: nothing satisfies it.';
  if (blamed.kind === 'selector' && contradictionIn(blamed) !== null) return 'Remove one of the matchers, or match both values with =~.';
  if (blamed.kind === 'call') return 'Give clamp() the smaller limit first.';
  if (blamed.kind !== 'binary') return 'Change the condition: nothing satisfies it.';
  return last?.text.endsWith('can never match') ? ofMatch(blamed) : ofComparison(blamed);
}

function ofComparison(node: Binary): string {
  if (!comparisons.has(node.op)) return 'Change one of the conditions: they exclude each other.';
  const compared = unwrap(node.left);
  if (compared.kind === 'aggregate') return ofAggregate(node, compared);
  if (compared.kind === 'call' && compared.name.startsWith('absent'))
    return `Write ${printExpr(compared)} alone: it exists only when it is true.`;
  return `Change the bound of ${printExpr(node)}: the values on its left side never reach it.`;
}

function ofAggregate(node: Binary, aggregate: Aggregate): string {
  const inner = unwrap(aggregate.expr);
  const grouping = headOf(aggregate).slice(aggregate.op.length);
  if (aggregate.op === 'sum' && inner.kind === 'binary' && comparisons.has(inner.op)) {
    return `To count the series, write count${grouping}(${printExpr(inner)}) ${node.op} ${printExpr(node.right)}: sum adds up their values, which are 0.`;
  }
  if (aggregate.op !== 'count' && aggregate.op !== 'group')
    return `Change the bound of ${printExpr(node)}: the values on its left side never reach it.`;
  const all = `max${grouping} (${printExpr(inner)}) == 0`;
  const gone = inner.kind === 'selector' ? `absent(${printExpr(inner)})` : `(${printExpr(aggregate)}) or vector(0)`;
  return `Write ${all} to fire when every member of a group is 0, and ${gone} to fire when there are none: a group without members does not exist.`;
}

function ofMatch({ op, matching }: Binary): string {
  const labels = matching?.on ? ` (${matching.labels.join(', ')})` : '';
  return `Keep the labels${labels} on both sides of ${op}: name them in the aggregations, or match with on() only those that both sides have.`;
}
