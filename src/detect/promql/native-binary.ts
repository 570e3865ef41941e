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

/** Comparisons give whether they hold; everything else a value. */
export type OperationResult = Operand | boolean | null;

/** Operators that only native histograms know. */
export const trims: ReadonlySet<string> = new Set(['</', '>/']);

/** An operation with a native histogram on at least one side, or a trim of floats. null: no result, and the annotations say why. */
export function operateOnHistograms(node: Binary, left: Operand, right: Operand, annotations: Annotations): OperationResult {
  const { op } = node;
  if (typeof left === 'object') {
    const result = typeof right === 'object' ? betweenTwo(node, left, right, annotations) : withFloat(op, left, right);
    if (result !== undefined) return result;
  } else if (typeof right === 'object' && op === '*') return scaleHistogram(right, left);
  annotations.incompatibleTypes(kindOf(left), op, kindOf(right), node);
  return null;
}

function kindOf(operand: Operand): string {
  return typeof operand === 'object' ? 'histogram' : 'float';
}

function withFloat(op: string, histogram: NativeHistogram, float: number): NativeHistogram | undefined {
  if (op === '*') return scaleHistogram(histogram, float);
  if (op === '/') return divideHistogram(histogram, float);
  if (op === '</') return trimHistogram(histogram, 'below', float);
  return op === '>/' ? trimHistogram(histogram, 'above', float) : undefined;
}

function betweenTwo(node: Binary, left: NativeHistogram, right: NativeHistogram, annotations: Annotations): OperationResult | undefined {
  if (node.op === '==') return equalHistograms(left, right);
  if (node.op === '!=') return !equalHistograms(left, right);
  if (node.op === '+') return remarked(node, addHistograms(left, right), annotations);
  if (node.op !== '-') return undefined;
  const difference = remarked(node, subtractHistograms(left, right), annotations);
  return difference === null ? null : asGauge(difference);
}

function remarked(node: Binary, combined: Combined | null, annotations: Annotations): NativeHistogram | null {
  if (combined === null) annotations.mixedBuckets('', node);
  else annotations.combined(combined, node.op === '+' ? 'addition' : 'subtraction', node);
  return combined?.histogram ?? null;
}
