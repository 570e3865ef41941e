import { windowNeeds } from '../promql/window-needs.ts';
import type { Rule } from './rule.ts';

/**
 * How far back each of some rules reads before all that it needs can have been seen, in ms: its ranges and offsets, and those of the
 * rules whose series it reads. The latest sample of a series is there after one scrape and counts as nothing.
 */
export function reachesOf(rules: readonly Rule[]): ReadonlyMap<Rule, number> {
  const recorded = new Map<string, Rule[]>();
  for (const rule of rules) if (rule.kind === 'recording') recorded.set(rule.name, [...(recorded.get(rule.name) ?? []), rule]);
  const reaches = new Map<Rule, number>();
  for (const rule of rules) reach(rule, recorded, reaches);
  return reaches;
}

function reach(rule: Rule, recorded: ReadonlyMap<string, readonly Rule[]>, reaches: Map<Rule, number>): number {
  const known = reaches.get(rule);
  if (known !== undefined) return known;
  // A rule that reads its own series, by whatever way round, adds nothing to itself.
  reaches.set(rule, 0);
  const own = windowNeeds(rule.expr, 0).map(({ matchers, rangeMs }) => {
    const name = matchers.find((matcher) => matcher.name === '__name__');
    const sources = name?.op === '=' ? (recorded.get(name.value) ?? []) : [];
    return rangeMs + Math.max(0, ...sources.map((source) => reach(source, recorded, reaches)));
  });
  const reachMs = Math.max(0, ...own);
  reaches.set(rule, reachMs);
  return reachMs;
}
