import type { Aggregate, Binary, Call, Expr, Selector, ValueType } from './ast.ts';
import { childrenOf } from './ast.ts';
import { PromqlError } from './promql-error.ts';
import { signatures } from './signatures.ts';
import { comparisons, setOperators } from './token.ts';

const typeNames: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  string: 'string',
  vector: 'instant vector',
  matrix: 'range vector',
};

/** The type of the value of an expression. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
    case 'aggregate':
      return 'vector';
    case 'range':
    case 'subquery':
      return 'matrix';
    case 'parenthesised':
      return typeOf(expr.expr);
    case 'unary':
      return typeOf(expr.operand);
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
    case 'call':
      return signatures.get(expr.name)?.returns ?? 'vector';
  }
}

/** Whether the parts of a tree fit together, innermost first. Throws `PromqlError`. `text` is where the tree was read from. */
export function checkExpr(expr: Expr, text: string): void {
  // The second argument of info only describes labels; it selects nothing by itself.
  const children = expr.kind === 'call' && expr.name === 'info' ? expr.args.slice(0, 1) : childrenOf(expr);
  for (const child of children) checkExpr(child, text);
  if (expr.kind === 'binary') checkBinary(expr, text);
  else if (expr.kind === 'call') checkCall(expr);
  else if (expr.kind === 'aggregate') checkAggregate(expr);
  else if (expr.kind === 'selector') checkSelector(expr, text);
  else if (expr.kind === 'unary') checkUnary(expr.operand, expr);
  else if (expr.kind === 'subquery') checkSubquery(expr.expr, expr);
}

function fail(message: string, { start, end }: { readonly start: number; readonly end: number }): never {
  throw new PromqlError(message, start, end);
}

function expectType(expr: Expr, wanted: ValueType, context: string): void {
  const actual = typeOf(expr);
  if (actual !== wanted) fail(`expected type ${typeNames[wanted]} in ${context}, got ${typeNames[actual]}`, expr);
}

function checkUnary(operand: Expr, place: Expr): void {
  const type = typeOf(operand);
  if (type === 'scalar' || type === 'vector') return;
  fail(`unary expression only allowed on expressions of type scalar or instant vector, got ${JSON.stringify(typeNames[type])}`, place);
}

function checkSubquery(inner: Expr, place: Expr): void {
  const type = typeOf(inner);
  if (type !== 'vector') fail(`subquery is only allowed on instant vector, got ${type} instead`, place);
}

function checkAggregate({ op, expr, parameter }: Aggregate): void {
  expectType(expr, 'vector', 'aggregation expression');
  if (parameter !== null) expectType(parameter, op === 'count_values' ? 'string' : 'scalar', 'aggregation parameter');
}

function checkSelector(selector: Selector, source: string): void {
  const { metric, matchers } = selector;
  if (metric === null) {
    if (matchers.every((matcher) => matcher.matches(''))) fail('vector selector must contain at least one non-empty matcher', selector);
    return;
  }
  // `{"bar", __name__="baz"}` is allowed where `bar{__name__="baz"}` is not.
  if (source[selector.start] === '{') return;
  const second = matchers.slice(0, -1).find((matcher) => matcher.name === '__name__');
  if (second !== undefined)
    fail(`metric name must not be set twice: ${JSON.stringify(metric)} or ${JSON.stringify(second.value)}`, selector);
}

function checkCall(call: Call): void {
  const signature = signatures.get(call.name);
  if (signature === undefined) return;
  checkArgumentCount(call, signature.args.length, signature.variadic);
  if (call.name === 'info' && call.args[1] !== undefined) checkInfoSelector(call.args[1]);
  for (const [index, arg] of call.args.entries()) {
    const wanted = signature.args[Math.min(index, signature.args.length - 1)];
    if (wanted !== undefined) expectType(arg, wanted, `call to function ${JSON.stringify(call.name)}`);
  }
}

function checkArgumentCount(call: Call, wanted: number, variadic: number): void {
  const got = call.args.length;
  const end = `argument(s) in call to ${JSON.stringify(call.name)}, got ${got}`;
  if (variadic === 0) {
    if (got !== wanted) fail(`expected ${wanted} ${end}`, call);
    return;
  }
  const least = wanted - 1;
  if (got < least) fail(`expected at least ${least} ${end}`, call);
  if (variadic > 0 && got > least + variadic) fail(`expected at most ${least + variadic} ${end}`, call);
}

function checkInfoSelector(arg: Expr): void {
  if (arg.kind !== 'selector') fail('expected label selectors only', arg);
  if (arg.metric !== null) fail('expected label selectors only, got vector selector instead', arg);
}

function checkBinary(expr: Binary, source: string): void {
  const { op, bool, left, right } = expr;
  const leftType = typeOf(left);
  const rightType = typeOf(right);
  const comparison = comparisons.has(op);
  if (bool && !comparison) fail('bool modifier can only be used on comparison operators', operatorSpan(expr, source));
  if (comparison && !bool && leftType === 'scalar' && rightType === 'scalar') {
    fail('comparisons between scalars must use BOOL modifier', operatorSpan(expr, source));
  }
  checkGroupLabels(expr, source);
  for (const side of [left, right]) {
    const type = typeOf(side);
    if (type !== 'scalar' && type !== 'vector') fail('binary expression must contain only scalar and instant vector types', side);
  }
  if (leftType === 'vector' && rightType === 'vector') checkSetOperator(expr);
  else checkScalarSide(expr);
}

function checkScalarSide(expr: Binary): void {
  const { matching } = expr;
  if (matching !== null && (matching.labels.length > 0 || matching.include.length > 0)) {
    fail('vector matching only allowed between instant vectors', expr);
  }
  if (matching !== null && (matching.fillLeft !== null || matching.fillRight !== null)) {
    fail('filling in missing series only allowed between instant vectors', expr);
  }
  if (setOperators.has(expr.op)) fail(`set operator ${JSON.stringify(expr.op)} not allowed in binary scalar expression`, expr);
}

function checkGroupLabels(expr: Binary, source: string): void {
  const { matching } = expr;
  if (matching === null || !matching.on) return;
  const both = matching.labels.find((label) => matching.include.includes(label));
  if (both !== undefined) {
    fail(`label ${JSON.stringify(both)} must not occur in ON and GROUP clause at once`, operatorSpan(expr, source));
  }
}

function checkSetOperator(expr: Binary): void {
  const { op, matching } = expr;
  if (matching === null || !setOperators.has(op)) return;
  if (matching.cardinality !== 'many-to-many') fail(`no grouping allowed for ${JSON.stringify(op)} operation`, expr);
  if (matching.fillLeft !== null || matching.fillRight !== null) fail('filling in missing series not allowed for set operators', expr);
}

/** The operator with its modifiers. Prometheus ends the span one character early; its tests pin that. */
function operatorSpan({ left, right }: Binary, source: string): { start: number; end: number } {
  let start = left.end;
  let end = right.start;
  while (/\s/.test(source[start] ?? '')) start++;
  while (end > start && /\s/.test(source[end - 1] ?? '')) end--;
  return { start, end: Math.max(start, end - 1) };
}
