import type { At, Expr } from './ast.ts';

/** Functions whose value changes with the instant of evaluation even when their arguments are fixed by `@`. */
const unsafe: ReadonlySet<string> = new Set([
  ...['days_in_month', 'day_of_month', 'day_of_week', 'day_of_year', 'hour', 'minute', 'month', 'year'],
  ...['predict_linear', 'start', 'end', 'range', 'step', 'time', 'timestamp'],
]);

/**
 * The expression with `@ atMs` on every selector and subquery that has none, so that it has the same value whenever it is
 * evaluated; null when it has none to fix or calls a function of the current time. Selectors inside a fixed subquery stay as they are.
 */
export function fixedAt(expr: Expr, atMs: number): Expr | null {
  const state = { fixed: false, unsafe: false };
  const result = fix(expr, { kind: 'instant', atMs }, state);
  return state.fixed && !state.unsafe ? result : null;
}

function fix(expr: Expr, at: At, state: { fixed: boolean; unsafe: boolean }): Expr {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return expr;
    case 'selector':
      state.fixed = true;
      return expr.at === null ? { ...expr, at } : expr;
    case 'range':
      state.fixed = true;
      return expr.selector.at === null ? { ...expr, selector: { ...expr.selector, at } } : expr;
    case 'subquery':
      state.fixed = true;
      fix(expr.expr, at, state);
      return expr.at === null ? { ...expr, at } : expr;
    case 'parenthesised':
      return { ...expr, expr: fix(expr.expr, at, state) };
    case 'unary':
      return { ...expr, operand: fix(expr.operand, at, state) };
    case 'binary':
      return { ...expr, left: fix(expr.left, at, state), right: fix(expr.right, at, state) };
    case 'call':
      if (unsafe.has(expr.name)) state.unsafe = true;
      return { ...expr, args: expr.args.map((arg) => fix(arg, at, state)) };
    case 'aggregate':
      return {
        ...expr,
        expr: fix(expr.expr, at, state),
        parameter: expr.parameter === null ? null : fix(expr.parameter, at, state),
      };
  }
}
