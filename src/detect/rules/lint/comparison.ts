import { type Binary, type Expr, unwrap, walk } from '../../promql/ast.ts';
import { typeOf } from '../../promql/check.ts';
import { comparisons } from '../../promql/token.ts';

/** A vector compared with a number that is written in the rule: `side op threshold`. */
export interface Threshold {
  readonly node: Binary;
  readonly side: Expr;
  readonly op: string;
  readonly threshold: number;
}

const mirrored: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** Every comparison of a vector with a constant, the number on the right. */
export function thresholdsOf(expr: Expr): readonly Threshold[] {
  return [...walk(expr)].flatMap((node) => {
    if (node.kind !== 'binary' || !comparisons.has(node.op)) return [];
    const [left, right] = [constantOf(node.left), constantOf(node.right)];
    if (right !== null && left === null && isVector(node.left)) return [{ node, side: node.left, op: node.op, threshold: right }];
    if (left === null || right !== null || !isVector(node.right)) return [];
    return [{ node, side: node.right, op: mirrored[node.op] ?? node.op, threshold: left }];
  });
}

function isVector(expr: Expr): boolean {
  return typeOf(expr) === 'vector';
}

/** The value of an expression of numbers only; null for any other. */
export function constantOf(expr: Expr): number | null {
  const plain = unwrap(expr);
  if (plain.kind === 'number') return plain.value;
  if (plain.kind === 'unary') {
    const value = constantOf(plain.operand);
    return value === null ? null : plain.op === '-' ? -value : value;
  }
  if (plain.kind !== 'binary') return null;
  const [left, right] = [constantOf(plain.left), constantOf(plain.right)];
  return left === null || right === null ? null : (arithmetic[plain.op]?.(left, right) ?? null);
}

const arithmetic: Readonly<Record<string, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '^': (left, right) => left ** right,
};

/** An expression without the comparisons with numbers that only let through what is big or small enough. */
export function unfiltered(expr: Expr): Expr {
  const plain = unwrap(expr);
  if (plain.kind !== 'binary' || !comparisons.has(plain.op) || plain.bool) return plain;
  return constantOf(plain.right) === null ? plain : unfiltered(plain.left);
}
