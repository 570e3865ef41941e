import type { Expr } from './ast.ts';
import { printAggregateHead, printBinaryHead, printExpr, printSubqueryTail } from './print.ts';

/** An expression that prints longer than this is split over lines; in bytes, as Prometheus counts. */
const lineBytesMax = 100;

/** An expression over as many lines as it needs, laid out as Prometheus does. */
export function prettyExpr(expr: Expr): string {
  return pretty(expr, 0);
}

function pretty(expr: Expr, level: number): string {
  const indent = '  '.repeat(level);
  // As upstream: a sign stands before whatever its operand is, and a short subquery is not indented.
  if (expr.kind === 'unary') return `${indent}${expr.op}${pretty(expr.operand, level).trim()}`;
  const line = printExpr(expr);
  if (new TextEncoder().encode(line).length <= lineBytesMax) return expr.kind === 'subquery' ? line : indent + line;
  switch (expr.kind) {
    case 'aggregate': {
      const parameter = expr.parameter === null ? '' : `${pretty(expr.parameter, level + 1)},\n`;
      return `${indent}${printAggregateHead(expr)}(\n${parameter}${pretty(expr.expr, level + 1)}\n${indent})`;
    }
    case 'binary':
      return `${pretty(expr.left, level + 1)}\n${indent}${printBinaryHead(expr)}\n${pretty(expr.right, level + 1)}`;
    case 'call':
      return `${indent}${expr.name}(\n${expr.args.map((arg) => pretty(arg, level + 1)).join(',\n')}\n${indent})`;
    case 'parenthesised':
      return `${indent}(\n${pretty(expr.expr, level + 1)}\n${indent})`;
    case 'subquery':
      return pretty(expr.expr, level) + printSubqueryTail(expr);
    default:
      return indent + line;
  }
}
