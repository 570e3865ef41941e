import { labelsOf } from '../../model/labels.ts';
import type { Expr } from '../promql/ast.ts';
import { evaluateInstant, type QueryOptions } from '../promql/evaluate.ts';
import { EvaluationError } from '../promql/evaluation-error.ts';
import { parseExpr } from '../promql/parser.ts';
import type { RuleSample } from './evaluate-group.ts';

const noLabels = labelsOf([]);

/** Evaluates a rule's expression over our own series. Throws `EvaluationError` or `PromqlError`. */
export function queryForRule(expr: Expr, atMs: number, options: QueryOptions): readonly RuleSample[] {
  const { value } = evaluateInstant(expr, { ...options, atMs });
  if (value.type === 'vector') return value.samples;
  if (value.type === 'scalar') return [{ labels: noLabels, value: value.value }];
  throw new EvaluationError('rule result is not a vector or scalar');
}

/** The same for the `query` function of templates, which has only the text. */
export function queryForTemplate(text: string, atMs: number, options: QueryOptions): readonly RuleSample[] {
  return queryForRule(parseExpr(text), atMs, options);
}
