import type { Span } from '../../promql/ast.ts';
import type { AlertingRule } from '../rule.ts';
import { analyse } from './analyse.ts';
import { correctionOf } from './correction.ts';

/** Why no input gives an expression a sample. */
interface DeadProof {
  /** The part that the proof begins with. */
  readonly at: Span;
  readonly reasons: readonly string[];
  /** What to write instead; empty where nothing is known. */
  readonly correction: string;
}

/** The proof that an alert never fires, by facts alone and at once; null: there is none, which is no proof that it does. */
export function proveDead({ expr }: Pick<AlertingRule, 'expr'>): DeadProof | null {
  const reasons = analyse(expr).empty;
  const [first] = reasons ?? [];
  if (reasons === null || first === undefined) return null;
  return { at: first.at, reasons: reasons.map(({ text }) => text), correction: correctionOf(expr, reasons) };
}
