import type { LabelMatcher } from '../series/queryable.ts';
import { parseExpr } from './parser.ts';
import { lineAndColumn, PromqlError } from './promql-error.ts';

/** The matchers of a selector such as `up{job="a"}`, or what is wrong with the text, in the words of Prometheus. */
export function parseSelectorText(text: string): readonly LabelMatcher[] | string {
  try {
    const expr = parseExpr(text);
    if (expr.kind === 'selector' && expr.offset === null && expr.at === null && expr.edges === null) return expr.matchers;
    return '1:1: parse error: expected a selector, nothing more';
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    return `${lineAndColumn(text, error.start)}: parse error: ${error.message}`;
  }
}
