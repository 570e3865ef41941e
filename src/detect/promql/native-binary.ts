import type { NativeHistogram } from '../series/native-histogram.ts';
import type { Annotations } from './annotations.ts';
import type { Binary } from './ast.ts';
import {
  addHistograms,
  asGauge,
  type Combined,
  divideHistogram,
  equalHistograms,
  scaleHistogram,
  subtractHistograms,
} from './native-arithmetic.ts';
import { trimHistogram } from './native-trim.ts';

/** A float or a native histogram. */
export type Operand = number | NativeHistogram;

/** What is said about an operation, besides its value. */
export type Remark = (annotations: Annotations) => void;

/** Comparisons give whether they hold; everything else a value. null: no result, and the remark says why. */
export interface Operation {
  readonly value: Operand | boolean | null;
  readonly remark: Remark | null;
}

/** An operation with a native histogram on at least one side, or a trim of floats. */
export function operateOnHistograms(node: Binary, left: Operand, right: Operand): Operation {
  const { op } = node;
  if (typeof left === 'object') {
    const result = typeof right === 'object' ? betweenTwo(node, left, right) : withFloat(op, left, right);
    if (result !== null) return result;
  } else if (typeof right === 'object' && op === '*') return plain(scaleHistogram(right, left));
  return refused((annotations) => annotations.incompatibleTypes(kindOf(left), op, kindOf(right), node));
}

function plain(value: Operand | boolean): Operation {
  return { value, remark: null };
}

function refused(remark: Remark): Operation {
  return { value: null, remark };
}

function kindOf(operand: Operand): string {
  return typeof operand === 'object' ? 'histogram' : 'float';
}

function withFloat(op: string, histogram: NativeHistogram, float: number): Operation | null {
  if (op === '*') return plain(scaleHistogram(histogram, float));
  if (op === '/') return plain(divideHistogram(histogram, float));
  if (op === '</') return plain(trimHistogram(histogram, 'below', float));
  return op === '>/' ? plain(trimHistogram(histogram, 'above', float)) : null;
}

function betweenTwo(node: Binary, left: NativeHistogram, right: NativeHistogram): Operation | null {
  if (node.op === '==') return plain(equalHistograms(left, right));
  if (node.op === '!=') return plain(!equalHistograms(left, right));
  if (node.op === '+') return combinedBy(node, addHistograms(left, right));
  return node.op === '-' ? combinedBy(node, subtractHistograms(left, right)) : null;
}

function combinedBy(node: Binary, combined: Combined | null): Operation {
  if (combined === null) return refused((annotations) => annotations.incompatibleBuckets(node.op, node));
  const operation = node.op === '+' ? 'addition' : 'subtraction';
  const { histogram, conflictingResets, boundsReconciled } = combined;
  // As upstream, counters of which one was reset and the other was not have no sum and no difference.
  if (conflictingResets)
    return refused((annotations) => annotations.combined({ conflictingResets, boundsReconciled: false }, operation, node));
  const value = node.op === '-' ? asGauge(histogram) : histogram;
  return { value, remark: boundsReconciled ? (annotations) => annotations.combined(combined, operation, node) : null };
}
