import { rememberedFor } from '../../base/remembered.ts';
import { type Expr, type Selector, unwrap } from './ast.ts';
import { countedSelectors } from './counted-selectors.ts';

/** An expression made ready for evaluation. What can be known before the first sample is read belongs here. */
export interface Plan {
  /** Without parentheses around arguments: annotations point at what is inside of them. */
  readonly expr: Expr;
  /** The outermost parts that have the same value at every step, so that a range query works them out once. */
  readonly constants: ReadonlySet<Expr>;
  readonly countedSelectors: ReadonlySet<Selector>;
}

/** The plan of an expression, made once: rules evaluate the same tree again and again. */
export const planOf = rememberedFor((written: Expr): Plan => {
  const expr = bare(written);
  const constants = new Set<Expr>();
  if (constancy(expr, constants).worthwhile) constants.add(expr);
  return { expr, constants, countedSelectors: countedSelectors(expr) };
});

/** Takes the parentheses off the arguments of functions and aggregations. */
function bare(expr: Expr): Expr {
  switch (expr.kind) {
    case 'parenthesised':
    case 'subquery':
      return { ...expr, expr: bare(expr.expr) };
    case 'unary':
      return { ...expr, operand: bare(expr.operand) };
    case 'binary':
      return { ...expr, left: bare(expr.left), right: bare(expr.right) };
    case 'call':
      return { ...expr, args: expr.args.map((arg) => bare(unwrap(arg))) };
    case 'aggregate':
      return {
        ...expr,
        expr: bare(unwrap(expr.expr)),
        parameter: expr.parameter === null ? null : bare(unwrap(expr.parameter)),
      };
    default:
      return expr;
  }
}

/** Functions whose value changes with the instant of evaluation even when their arguments do not. */
export const timeDependent: ReadonlySet<string> = new Set([
  ...['days_in_month', 'day_of_month', 'day_of_week', 'day_of_year', 'hour', 'minute', 'month', 'year'],
  ...['predict_linear', 'start', 'end', 'range', 'step', 'time', 'timestamp'],
]);

/** Functions of the query alone, which are as good as numbers. */
const ofQuery: ReadonlySet<string> = new Set(['start', 'end', 'range', 'step']);

interface Constancy {
  readonly constant: boolean;
  /** Constant, and more than a literal, or a window that a function reads as it is. */
  readonly worthwhile: boolean;
}

const varying: Constancy = { constant: false, worthwhile: false };
const known: Constancy = { constant: true, worthwhile: true };
const literal: Constancy = { constant: true, worthwhile: false };

/**
 * Whether an expression has the same value at every step. Adds the constant parts of one that has not. As upstream, the parameter
 * of an aggregation does not count: with a constant vector the aggregation is worked out for the first step only.
 */
function constancy(expr: Expr, found: Set<Expr>): Constancy {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return literal;
    case 'selector':
      return expr.at === null ? varying : known;
    case 'range':
      return expr.selector.at === null ? varying : literal;
    case 'subquery':
      if (constancy(expr.expr, found).constant) found.add(expr.expr);
      return expr.at === null ? varying : literal;
    case 'parenthesised':
    case 'aggregate':
      return constancy(expr.expr, found);
    case 'unary':
      return constancy(expr.operand, found);
    case 'binary':
      return ofParts([expr.left, expr.right], found, true);
    case 'call': {
      if (ofQuery.has(expr.name)) return literal;
      // The second argument of info() is not evaluated, and its first may look at several instants.
      if (expr.name === 'info') return ofParts(expr.args.slice(0, 1), found, false);
      const fixedTimes = expr.name === 'timestamp' && expr.args.every((arg) => arg.kind === 'selector');
      return ofParts(expr.args, found, fixedTimes || !timeDependent.has(expr.name));
    }
  }
}

function ofParts(parts: readonly Expr[], found: Set<Expr>, mayBeConstant: boolean): Constancy {
  const all = parts.map((part) => constancy(part, found));
  if (mayBeConstant && all.every(({ constant }) => constant)) return known;
  for (const [index, part] of parts.entries()) if (all[index]?.worthwhile === true) found.add(part);
  return varying;
}
