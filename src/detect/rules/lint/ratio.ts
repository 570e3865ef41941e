import { type Binary, type Expr, type Selector, selectorsOf, unwrap } from '../../promql/ast.ts';
import { printExpr } from '../../promql/print.ts';
import { constantOf, unfiltered } from './comparison.ts';

/** A quotient of two vectors, times a constant. */
export interface Ratio {
  readonly division: Binary;
  /** 1 for a plain ratio, 100 for a percentage. */
  readonly scale: number;
  /** The numerator counts some of what the denominator counts: the quotient cannot exceed 1. */
  readonly isShare: boolean;
  /** A share, or by its names a rate of failures divided by a rate of everything. */
  readonly looksLikeShare: boolean;
}

/** The quotient that an expression is, scaled; null when it is none. */
export function ratioOf(expr: Expr): Ratio | null {
  const plain = unfiltered(expr);
  if (plain.kind !== 'binary') return null;
  const [left, right] = [constantOf(plain.left), constantOf(plain.right)];
  if (plain.op === '*' && right !== null) return scaled(ratioOf(plain.left), right);
  if (plain.op === '*' && left !== null) return scaled(ratioOf(plain.right), left);
  if (plain.op === '/' && right !== null) return scaled(ratioOf(plain.left), 1 / right);
  if (plain.op === '-' && left !== null) return complement(ratioOf(plain.right), left);
  if (plain.op !== '/' || left !== null) return null;
  const scale = plain.matching === null ? 1 : scaleOf(plain.left) / scaleOf(plain.right);
  const isShare = isShareOf(plain.left, plain.right);
  return { division: plain, scale, isShare, looksLikeShare: isShare || dividesFailures(plain.left, plain.right) };
}

const failing = /error|fail|reject|denied|dropped|timeout|5xx/i;

/** Rates on both sides, of which only the upper one counts failures by its name. */
function dividesFailures(numerator: Expr, denominator: Expr): boolean {
  const [part, whole] = [unscaled(numerator), unscaled(denominator)];
  if (!isAdditive(part) || !isAdditive(whole)) return false;
  const [upper, lower] = [selectorsOf(part)[0]?.metric ?? '', selectorsOf(whole)[0]?.metric ?? ''];
  return failing.test(upper) && lower !== '' && !failing.test(lower);
}

function scaled(ratio: Ratio | null, factor: number): Ratio | null {
  return ratio === null ? null : { ...ratio, scale: ratio.scale * factor };
}

/** `1 - share` and `100 - 100 * share` are shares too. */
function complement(ratio: Ratio | null, whole: number): Ratio | null {
  return ratio?.isShare && ratio.scale === whole ? ratio : null;
}

/** The constant that a side is multiplied with. */
function scaleOf(expr: Expr): number {
  const plain = unfiltered(expr);
  if (plain.kind !== 'binary' || plain.op !== '*') return 1;
  return constantOf(plain.left) ?? constantOf(plain.right) ?? 1;
}

function unscaled(expr: Expr): Expr {
  const plain = unfiltered(expr);
  if (plain.kind !== 'binary' || plain.op !== '*') return plain;
  if (constantOf(plain.right) !== null) return unscaled(plain.left);
  return constantOf(plain.left) === null ? plain : unscaled(plain.right);
}

/** What can be summed up so that a part of it stays a part. */
const additive: ReadonlySet<string> = new Set(['rate', 'increase', 'irate', 'count_over_time']);

/** The same expression on both sides, but for matchers that the numerator has on top. */
function isShareOf(numerator: Expr, denominator: Expr): boolean {
  const [part, whole] = [unscaled(numerator), unscaled(denominator)];
  if (!isAdditive(part) || withoutMatchers(part) !== withoutMatchers(whole)) return false;
  const [ofPart, ofWhole] = [selectorsOf(part)[0], selectorsOf(whole)[0]];
  return ofPart !== undefined && ofWhole !== undefined && demandsMore(ofPart, ofWhole);
}

/** `sum` around at most one counting function, or `count`, around one selector. A sum of bare values may have negative ones in it. */
function isAdditive(expr: Expr): boolean {
  const plain = unwrap(expr);
  if (plain.kind === 'aggregate' && plain.op === 'count') return unwrap(plain.expr).kind === 'selector' || isAdditive(plain.expr);
  if (plain.kind === 'aggregate') return plain.op === 'sum' && isAdditive(plain.expr);
  return plain.kind === 'call' && additive.has(plain.name) && unwrap(plain.args[0] ?? plain).kind === 'range';
}

/** An expression as text with the parentheses and the conditions on labels left out. */
function withoutMatchers(expr: Expr): string {
  const plain = unwrap(expr);
  if (plain.kind === 'aggregate') {
    const grouping = [...plain.grouping].sort().join(',');
    return `${plain.op} ${plain.without ? 'without' : 'by'} (${grouping}) ${withoutMatchers(plain.expr)}`;
  }
  if (plain.kind === 'call') return `${plain.name} ${plain.args.map(withoutMatchers).join(',')}`;
  if (plain.kind === 'selector')
    return printExpr({ ...plain, matchers: [plain.matchers.at(-1) ?? { name: '', op: '=', value: '', matches: () => true }] });
  return plain.kind === 'range'
    ? printExpr({ ...plain, selector: { ...plain.selector, matchers: plain.selector.matchers.slice(-1) } })
    : printExpr(plain);
}

function demandsMore(part: Selector, whole: Selector): boolean {
  const texts = ({ matchers }: Selector) => matchers.map(({ name, op, value }) => JSON.stringify([name, op, value]));
  const demanded = texts(part);
  return texts(whole).every((text) => demanded.includes(text));
}
