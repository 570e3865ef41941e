import type { At, Expr } from './ast.ts';
import { timeDependent } from './plan.ts';

/**
 * The expression with `@ atMs` on every selector and subquery that has no instant written, so that it has the same value whenever
 * it is evaluated; null when it calls a function of the current time. What is inside a subquery stays as it is.
 */
export function fixedAt(expr: Expr, atMs: number): Expr | null {
  const state = { unsafe: false };
  const result = fix(expr, { kind: 'instant', atMs }, state);
  return state.unsafe ? null : result;
}

/** `start()` and `end()` of another query would be other instants. */
function isWritten(at: At | null): boolean {
  return at?.kind === 'instant';
}

function fix(expr: Expr, at: At, state: { unsafe: boolean }): Expr {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return expr;
    case 'selector':
    case 'subquery':
      return isWritten(expr.at) ? expr : { ...expr, at };
    case 'range':
      return isWritten(expr.selector.at) ? expr : { ...expr, selector: { ...expr.selector, at } };
    case 'parenthesised':
      return { ...expr, expr: fix(expr.expr, at, state) };
    case 'unary':
      return { ...expr, operand: fix(expr.operand, at, state) };
    case 'binary':
      return { ...expr, left: fix(expr.left, at, state), right: fix(expr.right, at, state) };
    case 'call':
      if (timeDependent.has(expr.name)) state.unsafe = true;
      return { ...expr, args: expr.args.map((arg) => fix(arg, at, state)) };
    case 'aggregate':
      return {
        ...expr,
        expr: fix(expr.expr, at, state),
        parameter: expr.parameter === null ? null : fix(expr.parameter, at, state),
      };
  }
}
