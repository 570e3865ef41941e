import { childrenOf, type Expr, type Selector } from './ast.ts';
import { trims } from './token.ts';

const ofCounts: ReadonlySet<string> = new Set(['histogram_count', 'histogram_sum', 'histogram_avg']);
const ofBuckets: ReadonlySet<string> = new Set([
  ...['histogram_quantile', 'histogram_quantiles', 'histogram_fraction', 'histogram_stddev', 'histogram_stdvar'],
]);
const none: ReadonlySet<Selector> = new Set();

/**
 * The selectors of which only counts and sums of native histograms are asked. Upstream reads those without their buckets, so that their
 * layouts never differ, but with each histogram knowing whether it was reset since the one before it; conflicts between series then show.
 */
export function countedSelectors(expr: Expr): ReadonlySet<Selector> {
  if (!holdsCountFunction(expr)) return none;
  const found = new Set<Selector>();
  collect(expr, false, found);
  return found;
}

function holdsCountFunction(expr: Expr): boolean {
  return (expr.kind === 'call' && ofCounts.has(expr.name)) || childrenOf(expr).some(holdsCountFunction);
}

/** The innermost function that says something about histograms decides, unless a subquery, a trim or a function of buckets stands around it. */
function collect(expr: Expr, counted: boolean, found: Set<Selector>): void {
  if (expr.kind === 'selector') {
    if (counted) found.add(expr);
    return;
  }
  if (expr.kind === 'subquery' || (expr.kind === 'call' && ofBuckets.has(expr.name)) || (expr.kind === 'binary' && trims.has(expr.op)))
    return;
  const inside = counted || (expr.kind === 'call' && ofCounts.has(expr.name));
  for (const child of childrenOf(expr)) collect(child, inside, found);
}
