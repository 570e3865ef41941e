import { formatDuration } from '../../base/duration.ts';
import type { LabelMatcher } from '../series/queryable.ts';
import type { Aggregate, At, Binary, Duration, Expr, Matching, Selector } from './ast.ts';
import { formatFixed } from './go-float.ts';
import { quote } from './go-string.ts';

/** An expression as Prometheus prints it: one line, one way of writing. Reading it again gives the same tree. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return expr.isDuration ? formatDuration(expr.value * 1_000) : formatFixed(expr.value);
    case 'string':
      return quote(expr.value);
    case 'parenthesised':
      return `(${printExpr(expr.expr)})`;
    case 'unary':
      return `${expr.op}${printExpr(expr.operand)}`;
    case 'selector':
      return printSelector(expr) + printAt(expr.at) + printEdges(expr) + printOffset(expr.offset);
    case 'range':
      return `${printSelector(expr.selector)}[${printDuration(expr.range)}]${printEdges(expr.selector)}${printTimes(expr.selector.offset, expr.selector.at)}`;
    case 'subquery':
      return printExpr(expr.expr) + printSubqueryTail(expr);
    case 'call':
      return `${expr.name}(${expr.args.map(printExpr).join(', ')})`;
    case 'aggregate':
      return printAggregate(expr);
    case 'binary':
      return printBinary(expr);
  }
}

/** `[5m:1m] offset 1m`: what makes a subquery of an expression. */
export function printSubqueryTail({ range, step, offset, at }: Extract<Expr, { kind: 'subquery' }>): string {
  return `[${printDuration(range)}:${step === null ? '' : printDuration(step)}]${printTimes(offset, at)}`;
}

const plainName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const plainLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function printLabel(name: string): string {
  return plainLabel.test(name) ? name : quote(name);
}

function printSelector({ metric, matchers }: Selector): string {
  const own = metric === null ? matchers : matchers.slice(0, -1);
  const plain = metric !== null && plainName.test(metric) && !own.some(({ name }) => name === '__name__');
  const parts = (plain ? own : matchers).map(printMatcher).sort();
  const name = plain ? metric : '';
  return parts.length === 0 ? name : `${name}{${parts.join(',')}}`;
}

function printMatcher({ name, op, value }: LabelMatcher): string {
  return `${printLabel(name)}${op}${quote(value)}`;
}

function printEdges({ edges }: Selector): string {
  return edges === null ? '' : ` ${edges}`;
}

function printTimes(offset: Duration | null, at: At | null): string {
  return printAt(at) + printOffset(offset);
}

function printOffset(offset: Duration | null): string {
  return offset === null ? '' : ` offset ${printDuration(offset)}`;
}

function printAt(at: At | null): string {
  if (at === null) return '';
  return at.kind === 'instant' ? ` @ ${(at.atMs / 1_000).toFixed(3)}` : ` @ ${at.kind}()`;
}

/** A duration as written, literals normalised. */
function printDuration(duration: Duration, inside = false): string {
  switch (duration.kind) {
    case 'fixed':
      // A number alone is a duration; in a computation it may be a factor.
      return inside && duration.written === 'number' ? formatFixed(duration.seconds) : formatDuration(duration.seconds * 1_000);
    case 'step':
    case 'range':
      return `${duration.kind}()`;
    case 'sign':
      return `${duration.op}${printDuration(duration.operand, true)}`;
    case 'parenthesised':
      return `(${printDuration(duration.inner, true)})`;
    case 'extreme':
      return `${duration.of}(${printDuration(duration.left, true)}, ${printDuration(duration.right, true)})`;
    case 'operation':
      return `${printDuration(duration.left, true)} ${duration.op} ${printDuration(duration.right, true)}`;
  }
}

function printAggregate(aggregate: Aggregate): string {
  const { expr, parameter } = aggregate;
  const args = parameter === null ? printExpr(expr) : `${printExpr(parameter)}, ${printExpr(expr)}`;
  return `${printAggregateHead(aggregate)}(${args})`;
}

/** `sum by (job) `: what stands before the arguments. */
export function printAggregateHead({ op, without, grouping }: Aggregate): string {
  const labels = grouping.map(printLabel).join(', ');
  return `${op}${without ? ` without (${labels}) ` : grouping.length > 0 ? ` by (${labels}) ` : ''}`;
}

function printBinary(binary: Binary): string {
  return `${printExpr(binary.left)} ${printBinaryHead(binary)} ${printExpr(binary.right)}`;
}

/** `> bool on (job)`: what stands between the operands. */
export function printBinaryHead({ op, bool, matching }: Binary): string {
  return `${op}${bool ? ' bool' : ''}${matching === null ? '' : printMatching(matching)}`;
}

function printMatching({ cardinality, on, labels, include, fillLeft, fillRight }: Matching): string {
  const grouped = cardinality === 'many-to-one' || cardinality === 'one-to-many';
  const list = labels.map(printLabel).join(', ');
  const match = on ? ` on (${list})` : labels.length > 0 || grouped ? ` ignoring (${list})` : '';
  const side = cardinality === 'many-to-one' ? 'left' : 'right';
  const group = grouped ? ` group_${side} (${include.map(printLabel).join(', ')})` : '';
  return match + group + printFill(fillLeft, fillRight);
}

function printFill(left: number | null, right: number | null): string {
  if (left !== null && Object.is(left, right)) return ` fill (${formatFixed(left)})`;
  return (left === null ? '' : ` fill_left (${formatFixed(left)})`) + (right === null ? '' : ` fill_right (${formatFixed(right)})`);
}
