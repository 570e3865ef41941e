import { formatDuration } from '../../../base/duration.ts';
import { depthOf, type Expr, selectorsOf, walk } from '../../promql/ast.ts';
import { typeOf } from '../../promql/check.ts';
import { printExpr } from '../../promql/print.ts';
import { PromqlError } from '../../promql/promql-error.ts';
import type { AlertingRule, RuleGroup, RulePlace } from '../rule.ts';
import { analyse } from './analyse.ts';
import { correctionOf } from './correction.ts';
import { boundOfPart } from './part-of-whole.ts';
import { placeInFile } from './place-in-file.ts';
import { type Found, findWitness, firstWithoutInput, provableDepthMax, type Witness } from './witness.ts';

/** One step of a proof and where it stands. */
export interface ProofStep {
  readonly place: RulePlace;
  readonly text: string;
}

/** What is known of one alert. */
export interface AlertProof {
  readonly rule: AlertingRule;
  readonly group: string;
  readonly verdict: 'fires' | 'never-fires' | 'unproven';
  /** In one sentence: what fires, why it never does, or what stopped the proof. */
  readonly reason: string;
  readonly steps: readonly ProofStep[];
  /** What to write instead; empty where nothing is known to be wrong. */
  readonly correction: string;
  /** null unless the alert fires. */
  readonly witness: Witness | null;
}

/** A rule file with the text it was read from. */
export interface ProvableFile {
  readonly text: string;
  readonly groups: readonly RuleGroup[];
}

/**
 * Proves every alert of a rule file: with input that made it fire, or with facts that hold for every input. A witness counts more than
 * any argument; without either the verdict is open.
 */
export async function* proveAlerts({ text, groups }: ProvableFile): AsyncGenerator<AlertProof> {
  for (const group of groups) {
    for (const rule of group.rules) {
      if (rule.kind === 'alerting') yield await proveAlert(text, group, rule, groups);
    }
  }
}

async function proveAlert(text: string, group: RuleGroup, rule: AlertingRule, groups: readonly RuleGroup[]): Promise<AlertProof> {
  const common = { rule, group: group.name, steps: [], correction: '', witness: null };
  const depth = depthOf(rule.expr);
  if (depth > provableDepthMax) {
    const text = `the expression is ${depth} operators deep, limit ${provableDepthMax}: split it with recording rules`;
    return { ...common, verdict: 'unproven', reason: text, steps: [{ place: rule.exprPlace, text }] };
  }
  const { witness, refused } = await witnessOf(rule, groups);
  if (witness !== null) return { ...common, verdict: 'fires', reason: firesBecause(witness), witness };
  const place = ({ start }: { readonly start: number }) => placeInFile(text, rule.exprPlace, rule.exprText, start);
  const reasons = analyse(rule.expr).empty;
  if (reasons !== null) {
    const steps = reasons.map((reason) => ({ place: place(reason.at), text: reason.text }));
    const reason = reasons.map((step) => step.text).join('; ');
    return { ...common, verdict: 'never-fires', reason, steps, correction: correctionOf(rule.expr, reasons) };
  }
  if (refused !== null) {
    const text = `the condition can hold, but Prometheus refuses the evaluation: ${refused}`;
    return { ...common, verdict: 'unproven', reason: text, steps: [{ place: rule.place, text }] };
  }
  const stopped = stoppedAt(rule.expr);
  const bound = boundOfPart(rule.expr);
  const correction = bound === null ? '' : `Multiply the ratio by 100, or compare it with ${bound / 100}.`;
  return { ...common, verdict: 'unproven', reason: stopped.text, steps: [{ place: place(stopped.at), text: stopped.text }], correction };
}

/** A duration that is out of range makes an expression that never has a value; it has no witness. */
async function witnessOf(rule: AlertingRule, groups: readonly RuleGroup[]): Promise<Found> {
  try {
    return await findWitness(rule, groups);
  } catch (error) {
    if (error instanceof PromqlError) return { witness: null, refused: error.message };
    throw error;
  }
}

function firesBecause({ inputSeries, evalTimeMs }: Witness): string {
  const what =
    inputSeries.length === 0 ? 'without any series' : inputSeries.length === 1 ? 'with one series' : `with ${inputSeries.length} series`;
  return evalTimeMs === 0 ? `fires ${what}, at once` : `fires ${what}, after ${formatDuration(evalTimeMs)}`;
}

/** The innermost part of an expression for which no input was found, and what is known to be in the way. */
function stoppedAt(expr: Expr): { readonly at: Expr; readonly text: string } {
  const parts = [...walk(expr)].filter((part) => part.kind !== 'string' && typeOf(part) === 'vector').reverse();
  const at = firstWithoutInput(parts.filter((part) => selectorsOf(part).length > 0)) ?? expr;
  return { at, text: `no input was found for which ${shortened(printExpr(at))} gives a sample${hintFor(at)}` };
}

function hintFor(expr: Expr): string {
  const bound = boundOfPart(expr);
  if (bound !== null) return `; a part is at most 1 times its whole while no counter falls below zero, and it is compared with ${bound}`;
  const calls = [...walk(expr)].flatMap((part) => (part.kind === 'call' ? [part.name] : []));
  if (calls.some((name) => /^histogram_(count|sum|avg|fraction|std\w+)$/.test(name)))
    return '; only native histograms can, which the notation of older unit tests does not know';
  if (calls.includes('histogram_quantile')) return '; if its aggregation removes le, only native histograms can';
  if (calls.some((name) => name === 'rate' || name === 'increase' || name === 'irate'))
    return '; counters that fall below zero were not tried';
  return '';
}

function shortened(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}
