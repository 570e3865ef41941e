import { formatDuration } from '../../../../base/duration.ts';
import { type Call, type Duration, type Expr, unwrap, walk } from '../../../promql/ast.ts';
import { inExpr, type LintWorld, type Remark, type RuleCheck } from '../rule-check.ts';

/** Functions that need two samples in their window. */
const pairwise: ReadonlySet<string> = new Set([
  'rate',
  'increase',
  'irate',
  'delta',
  'idelta',
  'deriv',
  'predict_linear',
  'double_exponential_smoothing',
]);
const scrapesMin = 4;
/** Prometheus' own default. */
const usualIntervalMs = 60_000;

/** A window with room for less than four scrapes: one that is missed or late leaves too few samples for a rate. */
export const shortWindow: RuleCheck = {
  id: 'short-window',
  run({ rule }, world) {
    const found = [...walk(rule.expr)].flatMap((node) => (node.kind === 'call' && pairwise.has(node.name) ? judge(node, world) : []));
    // The same window in a numerator and its denominator is one thing to correct.
    return found.filter(({ message }, index) => found.findIndex((other) => other.message === message) === index);
  },
};

function judge(call: Call, { scrapeIntervalMs, recorded }: LintWorld): readonly Remark[] {
  const window = windowOf(call, recorded);
  if (window === null) return [];
  const windowMs = window.seconds * 1_000;
  const intervalMs = scrapeIntervalMs ?? usualIntervalMs;
  const shown = `the window of ${formatDuration(windowMs)} of ${call.name}()`;
  if (scrapeIntervalMs === null && windowMs > usualIntervalMs) return [];
  if (windowMs >= intervalMs * scrapesMin) return [];
  const fix = `Take at least ${formatDuration(intervalMs * scrapesMin)}, four scrapes`;
  if (scrapeIntervalMs === null) {
    const message = `${shown} holds a single sample at Prometheus' usual scrape interval of 1m, and two are needed: then there is never a value`;
    return [{ severity: 'information', at: inExpr(call), message, fix: `${fix}, or say how often you scrape with --scrape-interval` }];
  }
  const every = `at a scrape every ${formatDuration(scrapeIntervalMs)}`;
  return windowMs <= scrapeIntervalMs
    ? [{ severity: 'bug', at: inExpr(call), message: `${shown} never holds the two samples that it needs ${every}`, fix }]
    : [{ severity: 'warning', at: inExpr(call), message: `${shown} is shorter than four scrapes ${every}: a missed one leaves gaps`, fix }];
}

/** The window of a scraped metric, when it is written out. Recorded metrics come at the pace of their rules, subqueries at their own. */
function windowOf({ args }: Call, recorded: ReadonlySet<string>): Extract<Duration, { kind: 'fixed' }> | null {
  const window = args.map((arg): Expr => unwrap(arg)).find((arg) => arg.kind === 'range');
  if (window === undefined || window.range.kind !== 'fixed') return null;
  const metric = window.selector.metric ?? '';
  return metric.includes(':') || recorded.has(metric) ? null : window.range;
}
