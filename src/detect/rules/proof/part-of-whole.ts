import { type Expr, selectorsOf, unwrap, walk } from '../../promql/ast.ts';
import { printExpr } from '../../promql/print.ts';
import { constantOf } from './analyse.ts';

/**
 * The bound with which an expression compares the ratio of a part to its whole, when no ratio of that kind reaches it: 1 or more. null
 * for anything else. No proof: a counter below zero would make a part larger than its whole.
 */
export function boundOfPart(expr: Expr): number | null {
  for (const node of walk(expr)) {
    if (node.kind !== 'binary' || (node.op !== '>' && node.op !== '>=')) continue;
    const bound = constantOf(node.right);
    const ratio = unwrap(node.left);
    if (bound === null || bound < 1 || ratio.kind !== 'binary' || ratio.op !== '/') continue;
    if (isPart(unwrap(ratio.left), unwrap(ratio.right))) return bound;
  }
  return null;
}

/** Whether two expressions are the same but for more matchers in the first. */
function isPart(part: Expr, whole: Expr): boolean {
  const [selectors, others] = [selectorsOf(part), selectorsOf(whole)];
  if (selectors.length !== others.length || shapeOf(part) !== shapeOf(whole)) return false;
  return selectors.every(({ matchers }, index) => {
    const own = new Set(matchers.map(({ name, op, value }) => `${name}${op}${value}`));
    return others[index]?.matchers.every(({ name, op, value }) => own.has(`${name}${op}${value}`)) ?? false;
  });
}

/** How an expression reads without its matchers. */
function shapeOf(expr: Expr): string {
  return printExpr(expr).replace(/\{[^{}]*\}/g, '');
}
