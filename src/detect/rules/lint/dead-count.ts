import { type Expr, unwrap } from '../../promql/ast.ts';
import { printExpr } from '../../promql/print.ts';
import { thresholdsOf } from './comparison.ts';
import { type ProveDead, shownExpr } from './rule-check.ts';

/**
 * The commonest dead alert: a number of elements compared with 0. Where there is nothing to count, `count` has no result at all; and a sum over
 * `x == 0` sums zeros. A prover of everything else is plugged in beside it.
 */
export const proveDeadCount: ProveDead = ({ expr }) => {
  const plain = unwrap(expr);
  const [outer] = thresholdsOf(plain).filter(({ node }) => node === plain);
  if (outer === undefined) return null;
  const side = unwrap(outer.side);
  const value = rangeOf(side);
  if (value === null || canHold(value, outer.op, outer.threshold)) return null;
  const reasons = [value.because, `it is compared with ${outer.op} ${outer.threshold}`];
  return { at: outer.node, reasons, correction: value.correction };
};

interface ValueRange {
  readonly least: number;
  readonly most: number;
  readonly because: string;
  readonly correction: string;
}

function rangeOf(side: Expr): ValueRange | null {
  if (side.kind !== 'aggregate') return null;
  const shown = shownExpr(printExpr(side));
  if (side.op === 'count') {
    const by = side.grouping.length === 0 ? '' : ` ${side.without ? 'without' : 'by'} (${side.grouping.join(', ')})`;
    const inner = shownExpr(printExpr(unwrap(side.expr)));
    const correction = `To ask whether all of them are 0, write max${by} (${inner}) == 0; to ask whether there are none, absent(…)`;
    return { least: 1, most: Number.POSITIVE_INFINITY, because: `${shown} is at least 1 wherever it exists`, correction };
  }
  const [filter] = thresholdsOf(side.expr).filter(({ node }) => node === unwrap(side.expr));
  if (side.op !== 'sum' || filter === undefined || filter.op !== '==' || filter.threshold !== 0 || filter.node.bool) return null;
  const correction = `To count the elements that are 0, write count${side.grouping.length === 0 ? '' : ` ${side.without ? 'without' : 'by'} (${side.grouping.join(', ')})`} (${shownExpr(printExpr(filter.node))})`;
  return { least: 0, most: 0, because: `${shown} sums up elements that are all 0, so it is 0 wherever it exists`, correction };
}

function canHold({ least, most }: ValueRange, op: string, threshold: number): boolean {
  switch (op) {
    case '==':
      return threshold >= least && threshold <= most;
    case '!=':
      return least !== most || least !== threshold;
    case '<':
      return least < threshold;
    case '<=':
      return least <= threshold;
    case '>':
      return most > threshold;
    default:
      return most >= threshold;
  }
}
