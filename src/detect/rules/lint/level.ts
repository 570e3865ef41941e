import { type Expr, type Selector, unwrap } from '../../promql/ast.ts';
import { typeOf } from '../../promql/check.ts';
import { comparisons } from '../../promql/token.ts';

/** Functions that answer with a value of about the size of their argument's. */
const keeping: ReadonlySet<string> = new Set([
  'abs',
  'ceil',
  'floor',
  'round',
  'clamp',
  'clamp_max',
  'clamp_min',
  'sort',
  'sort_desc',
  'sort_by_label',
  'sort_by_label_desc',
  'label_replace',
  'label_join',
]);
/** The same over a window. */
const smoothing: ReadonlySet<string> = new Set(['avg_over_time', 'max_over_time', 'min_over_time', 'last_over_time', 'quantile_over_time']);
const merging: ReadonlySet<string> = new Set(['sum', 'avg', 'min', 'max', 'topk', 'bottomk', 'quantile']);

/**
 * The selectors whose values are what an expression says, scaled perhaps: not how often or how fast they changed, not how many there
 * are. `windowed` takes those along that are smoothed over a window.
 */
export function levelsOf(expr: Expr, windowed: boolean): readonly Selector[] {
  const plain = unwrap(expr);
  switch (plain.kind) {
    case 'selector':
      return [plain];
    case 'unary':
      return levelsOf(plain.operand, windowed);
    case 'aggregate':
      return merging.has(plain.op) ? levelsOf(plain.expr, windowed) : [];
    case 'call':
      return levelsOfCall(plain, windowed);
    case 'binary':
      return levelsOfBinary(plain, windowed);
    default:
      return [];
  }
}

function levelsOfCall({ name, args }: Extract<Expr, { kind: 'call' }>, windowed: boolean): readonly Selector[] {
  const argument = args.find((arg) => typeOf(arg) === 'vector' || typeOf(arg) === 'matrix');
  if (argument === undefined) return [];
  if (keeping.has(name)) return levelsOf(argument, windowed);
  const window = unwrap(argument);
  return windowed && smoothing.has(name) && window.kind === 'range' ? [window.selector] : [];
}

/** A difference of two vectors says how far apart they are; of a comparison or a condition, the left side stays. */
function levelsOfBinary({ op, left, right }: Extract<Expr, { kind: 'binary' }>, windowed: boolean): readonly Selector[] {
  const both = typeOf(left) !== 'scalar' && typeOf(right) !== 'scalar';
  if (both && (op === '-' || op === '%')) return [];
  if (both && (comparisons.has(op) || op === 'and' || op === 'unless')) return levelsOf(left, windowed);
  return [...levelsOf(left, windowed), ...levelsOf(right, windowed)];
}
