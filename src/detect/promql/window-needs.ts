import type { LabelMatcher } from '../series/queryable.ts';
import type { At, Duration, Expr, Selector } from './ast.ts';
import { durationMs } from './duration-value.ts';
import { defaultLookbackMs } from './evaluate.ts';

/** What one selector reads: which series, and how far back from the instant of evaluation. */
export interface WindowNeed {
  readonly matchers: readonly LabelMatcher[];
  readonly rangeMs: number;
}

const instant = { stepMs: 0, rangeMs: 0 };

/**
 * How far back each selector of an expression reads when it is evaluated at one instant: its range (or the lookback
 * window), its offset, and the ranges and offsets of the subqueries around it. A fixed `@` counts as no distance.
 */
export function windowNeeds(expr: Expr, lookbackMs: number = defaultLookbackMs): WindowNeed[] {
  return needsOf(expr, 0, lookbackMs);
}

function needsOf(expr: Expr, aroundMs: number, lookbackMs: number): WindowNeed[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return [];
    case 'selector':
      return [need(expr, lookbackMs, aroundMs)];
    case 'range':
      return [need(expr.selector, durationMs(expr.range, instant), aroundMs)];
    case 'subquery': {
      const reachMs = back(expr.at, expr.offset, aroundMs) + durationMs(expr.range, instant);
      return needsOf(expr.expr, reachMs, lookbackMs);
    }
    case 'parenthesised':
      return needsOf(expr.expr, aroundMs, lookbackMs);
    case 'unary':
      return needsOf(expr.operand, aroundMs, lookbackMs);
    case 'binary':
      return [...needsOf(expr.left, aroundMs, lookbackMs), ...needsOf(expr.right, aroundMs, lookbackMs)];
    case 'call':
      return expr.args.flatMap((arg) => needsOf(arg, aroundMs, lookbackMs));
    case 'aggregate':
      return [expr.expr, ...(expr.parameter === null ? [] : [expr.parameter])].flatMap((part) => needsOf(part, aroundMs, lookbackMs));
  }
}

function need(selector: Selector, reachMs: number, aroundMs: number): WindowNeed {
  return { matchers: selector.matchers, rangeMs: Math.max(0, reachMs + back(selector.at, selector.offset, aroundMs)) };
}

function back(at: At | null, offset: Duration | null, aroundMs: number): number {
  return (at === null ? aroundMs : 0) + (offset === null ? 0 : durationMs(offset, instant));
}
