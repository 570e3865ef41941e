import { rememberedFor } from '../../base/remembered.ts';
import { formatLabels, type Labels, labelsKey, labelsOf } from '../../model/labels.ts';
import type { Annotations } from './annotations.ts';
import type { Binary, Matching } from './ast.ts';
import { EvaluationError } from './evaluation-error.ts';
import { pow } from './go-exponential.ts';
import { atan2 } from './go-trigonometry.ts';
import { LabelCache } from './label-cache.ts';
import { withoutName } from './metadata-labels.ts';
import { type Operand, operateOnHistograms, type Remark } from './native-binary.ts';
import { comparisons, setOperators, trims } from './token.ts';
import type { Vector, VectorSample } from './value.ts';

/** The value of an arithmetic operator; of a comparison 1 or 0. */
export function operate(op: string, left: number, right: number): number {
  switch (op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '^':
      return pow(left, right);
    case 'atan2':
      return atan2(left, right);
    default:
      return compare(op, left, right) ? 1 : 0;
  }
}

function compare(op: string, left: number, right: number): boolean {
  switch (op) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      throw new EvaluationError(`operator "${op}" is not defined between floats`);
  }
}

/** A vector with a scalar on one side. `scalarFirst`: the scalar stands on the left. */
export function vectorWithScalar(node: Binary, vector: Vector, scalar: number, scalarFirst: boolean, annotations: Annotations): Vector {
  const { op, bool } = node;
  const trim = trims.has(op);
  const filter = comparisons.has(op) && !bool;
  const result: VectorSample[] = [];
  let last: Remark | null = null;
  for (const sample of vector) {
    if (trim || sample.histogram !== null) {
      const operand = sample.histogram ?? sample.value;
      const { value, remark } = scalarFirst ? operateOnHistograms(node, scalar, operand) : operateOnHistograms(node, operand, scalar);
      last = remark ?? last;
      if (value !== null && typeof value !== 'boolean') result.push(sampleOf(sample.labels, value, trim ? sample.dropName : true));
      continue;
    }
    const value = scalarFirst ? operate(op, scalar, sample.value) : operate(op, sample.value, scalar);
    if (!filter) result.push({ labels: sample.labels, value, histogram: null, dropName: true });
    else if (value === 1) result.push(sample);
  }
  last?.(annotations);
  return result;
}

/** Two vectors. Throws `EvaluationError` when series cannot be told apart. */
export function vectorWithVector(node: Binary, left: Vector, right: Vector, annotations: Annotations): Vector {
  if (node.matching === null) throw new EvaluationError('vectors without matching');
  if (setOperators.has(node.op)) return combineSets(node.op, node.matching, left, right);
  return matchVectors(node, node.matching, left, right, annotations);
}

/** Whether what matches by name loses it, or comes from both sides: then one label set may come with a name and without, or twice. */
export function mayRepeatSeries({ op, matching }: Binary): boolean {
  return op === 'or' || (matching?.on === true && matching.labels.includes('__name__') && !setOperators.has(op));
}

function sampleOf(labels: Labels, value: Operand, dropName: boolean): VectorSample {
  const isHistogram = typeof value === 'object';
  return { labels, value: isHistogram ? Number.NaN : value, histogram: isHistogram ? value : null, dropName };
}

/** What says of a label set which others it goes with. */
const signaturesOf = rememberedFor((matching: Matching): ((labels: Labels) => string) => {
  const cache = new LabelCache((labels: Labels) => labelsKey(matchedLabels(labels, matching)));
  return (labels) => (isMatchedWhole(labels, matching) ? labelsKey(labels) : cache.get(labels));
});

/** Whether all labels take part in the matching, as it is between aggregations. */
function isMatchedWhole(labels: Labels, { on, labels: names }: Matching): boolean {
  return !on && names.length === 0 && labels['__name__'] === undefined;
}

/** The labels that say which series belong together. */
function matchedLabels(labels: Labels, { on, labels: names }: Matching): Labels {
  return labelsWhere(labels, (name) => (on ? names.includes(name) : name !== '__name__' && !names.includes(name)));
}

/** The labels with these names: the same object when those are all. */
function labelsWhere(labels: Labels, isKept: (name: string) => boolean): Labels {
  for (const name in labels) if (!isKept(name)) return labelsOf(Object.entries(labels).filter(([each]) => isKept(each)));
  return labels;
}

function combineSets(op: string, matching: Matching, left: Vector, right: Vector): Vector {
  const signatures = signaturesOf(matching);
  if (op === 'or') {
    const seen = new Set(left.map(({ labels }) => signatures(labels)));
    return [...left, ...right.filter(({ labels }) => !seen.has(signatures(labels)))];
  }
  const others = new Set(right.map(({ labels }) => signatures(labels)));
  return left.filter(({ labels }) => others.has(signatures(labels)) === (op === 'and'));
}

/** One side of a match, the one with many series first. */
interface Sides {
  readonly many: Vector;
  readonly one: Vector;
  /** The side with many series stands on the right. */
  readonly swapped: boolean;
  readonly fillMany: number | null;
  readonly fillOne: number | null;
}

/** With group_right the sides change places, and the fill values, as upstream, do not go with them. */
function sidesOf(matching: Matching, left: Vector, right: Vector): Sides {
  const { fillLeft, fillRight } = matching;
  return matching.cardinality === 'one-to-many'
    ? { many: right, one: left, swapped: true, fillMany: fillLeft, fillOne: fillRight }
    : { many: left, one: right, swapped: false, fillMany: fillLeft, fillOne: fillRight };
}

function matchVectors(node: Binary, matching: Matching, left: Vector, right: Vector, annotations: Annotations): Vector {
  const signatures = signaturesOf(matching);
  const sides = sidesOf(matching, left, right);
  const bySignature = indexOne(sides, matching);
  const matcher = new Matcher(node, matching, sides.swapped);
  for (const sample of sides.many) {
    const signature = signatures(sample.labels);
    const partner = bySignature.get(signature);
    if (partner !== undefined) matcher.add(sample, partner, signature);
    else if (sides.fillOne !== null) matcher.add(sample, filler(sample, matching, sides.fillOne), signature);
  }
  if (sides.fillMany !== null) {
    for (const [signature, partner] of bySignature) {
      if (!matcher.has(signature)) matcher.add(filler(partner, matching, sides.fillMany), partner, signature);
    }
  }
  return matcher.finish(annotations);
}

/** A stand-in for a missing series: the labels that both sides share. */
function filler({ labels }: VectorSample, matching: Matching, value: number): VectorSample {
  return { labels: matchedLabels(labels, matching), value, histogram: null, dropName: false };
}

function indexOne({ one, many, swapped }: Sides, matching: Matching): Map<string, VectorSample> {
  const signatures = signaturesOf(matching);
  const bySignature = new Map<string, VectorSample>();
  if (many.length === 0 && matching.fillLeft === null && matching.fillRight === null) return bySignature;
  for (const sample of one) {
    const signature = signatures(sample.labels);
    const duplicate = bySignature.get(signature);
    if (duplicate !== undefined) throw duplicateOnOneSide(duplicate, sample, matching, swapped ? 'left' : 'right');
    bySignature.set(signature, sample);
  }
  return bySignature;
}

function duplicateOnOneSide(first: VectorSample, second: VectorSample, matching: Matching, side: string): EvaluationError {
  const group = formatLabels(filler(second, matching, 0).labels);
  const pair = `[${[allLabels(first.labels), allLabels(second.labels)].sort().join(', ')}]`;
  const rule = 'many-to-many matching not allowed: matching labels must be unique on one side';
  return new EvaluationError(
    `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ${pair};${rule}`,
  );
}

/** `{__name__="a", b="c"}` */
function allLabels(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`;
}

/** Collects the results of matched pairs and refuses results that could not be told apart. */
class Matcher {
  private readonly result: VectorSample[] = [];
  /** Upstream keeps only the last one of a step. */
  private lastRemark: Remark | null = null;
  private readonly node: Binary;
  private readonly matching: Matching;
  private readonly swapped: boolean;
  private readonly seen = new Map<string, Set<string>>();
  private readonly resultLabels: LabelCache<Labels> | null;

  constructor(node: Binary, matching: Matching, swapped: boolean) {
    this.node = node;
    this.matching = matching;
    this.swapped = swapped;
    this.resultLabels = matching.include.length === 0 ? resultLabelsOf(node) : null;
  }

  /** Whether a pair with this signature had a result, be it that a comparison dropped it. */
  has(signature: string): boolean {
    return this.seen.has(signature);
  }

  finish(annotations: Annotations): VectorSample[] {
    this.lastRemark?.(annotations);
    return this.result;
  }

  add(many: VectorSample, one: VectorSample, signature: string): void {
    const { op, bool } = this.node;
    if (many.histogram !== null || one.histogram !== null || trims.has(op)) {
      this.addHistogram(many, one, signature);
      return;
    }
    const value = this.swapped ? operate(op, one.value, many.value) : operate(op, many.value, one.value);
    const filter = comparisons.has(op) && !bool;
    const labels = this.resultLabels?.get(many.labels) ?? resultLabels(this.node, this.matching, many.labels, one.labels);
    // A second partner is a mistake even when the comparison drops it.
    this.remember(signature, labels);
    if (filter && value !== 1) return;
    const kept = this.swapped ? one.value : many.value;
    // A name that was dropped before comes back, as upstream; where names are not removed at the end, there is none any more.
    this.result.push({ labels, value: filter ? kept : value, histogram: null, dropName: bool });
  }

  /** A pair with a native histogram among it. */
  private addHistogram(many: VectorSample, one: VectorSample, signature: string): void {
    const { node } = this;
    const [left, right] = this.swapped ? [one, many] : [many, one];
    const { value: made, remark } = operateOnHistograms(node, left.histogram ?? left.value, right.histogram ?? right.value);
    this.lastRemark = remark ?? this.lastRemark;
    if (made === null) return;
    const labels = this.resultLabels?.get(many.labels) ?? resultLabels(node, this.matching, many.labels, one.labels);
    this.remember(signature, labels);
    if (made === false && !node.bool) return;
    const kept = typeof made !== 'boolean' ? made : node.bool ? Number(made) : (left.histogram ?? left.value);
    this.result.push(sampleOf(labels, kept, node.bool));
  }

  private remember(signature: string, labels: Labels): void {
    const results = this.seen.get(signature);
    if (results === undefined) {
      this.seen.set(signature, this.matching.cardinality === 'one-to-one' ? onlyOne : new Set([labelsKey(labels)]));
      return;
    }
    if (this.matching.cardinality === 'one-to-one') {
      throw new EvaluationError('multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)');
    }
    const key = labelsKey(labels);
    if (results.has(key)) throw new EvaluationError('multiple matches for labels: grouping labels must ensure unique matches');
    results.add(key);
  }
}

const onlyOne = new Set<string>();

const resultLabelsOf = rememberedFor((node: Binary) => {
  return new LabelCache((labels: Labels) => (node.matching === null ? labels : resultLabels(node, node.matching, labels, labels)));
});

function resultLabels({ op }: Binary, { cardinality, on, labels: names, include }: Matching, many: Labels, one: Labels): Labels {
  const named = comparisons.has(op) || trims.has(op) ? many : withoutName(many);
  const kept = cardinality === 'one-to-one' ? labelsWhere(named, (name) => names.includes(name) === on) : named;
  if (include.length === 0) return kept;
  return labelsOf([...Object.entries(kept), ...include.map((name) => [name, one[name] ?? ''] as const)]);
}
