import type { Span } from '../../promql/ast.ts';
import type { ValueSet } from './value-set.ts';

/** One step of a proof, and which part of the expression it is about. */
export interface Reason {
  readonly at: Span;
  readonly text: string;
}

/** What is known of one label of a result: an exact value (empty: it is not there), that it is there, or nothing. */
export type KnownLabel =
  | { readonly kind: 'value'; readonly value: string; readonly why: Reason }
  | { readonly kind: 'present'; readonly why: Reason }
  | { readonly kind: 'any' };

/** What is known of the labels of every sample of a result. `others`: of the labels that are not listed. */
export interface LabelFacts {
  readonly known: ReadonlyMap<string, KnownLabel>;
  readonly others: KnownLabel;
}

/** What holds for an expression whatever the input is. */
export interface Facts {
  /** Why it never gives a sample; null when it may. */
  readonly empty: readonly Reason[] | null;
  /** Where its floats lie. */
  readonly values: ValueSet;
  /** Whether NaN may be among them. */
  readonly nan: boolean;
  /** Whether native histograms may be among them. */
  readonly histograms: boolean;
  readonly labels: LabelFacts;
  /** Why the values lie there; empty when nothing restricts them. */
  readonly why: readonly Reason[];
}

const unknown: KnownLabel = { kind: 'any' };

export const anyLabels: LabelFacts = { known: new Map(), others: unknown };

export function labelOf({ known, others }: LabelFacts, name: string): KnownLabel {
  return known.get(name) ?? others;
}

/** A result without labels. */
export function noLabelsBecause(why: Reason): LabelFacts {
  return { known: new Map(), others: { kind: 'value', value: '', why } };
}

/** Only the given labels of a result; all others are gone, for the given reason. */
export function onlyLabels(labels: LabelFacts, names: readonly string[], why: Reason): LabelFacts {
  return { known: new Map(names.map((name) => [name, labelOf(labels, name)])), others: { kind: 'value', value: '', why } };
}

/** A result with some labels changed. */
export function changedLabels(labels: LabelFacts, changes: readonly (readonly [string, KnownLabel])[]): LabelFacts {
  return { known: new Map([...labels.known, ...changes]), others: labels.others };
}

/** What holds for samples of either of two results. */
export function eitherLabels(a: LabelFacts, b: LabelFacts): LabelFacts {
  const names = new Set([...a.known.keys(), ...b.known.keys()]);
  return {
    known: new Map([...names].map((name) => [name, either(labelOf(a, name), labelOf(b, name))])),
    others: either(a.others, b.others),
  };
}

function either(a: KnownLabel, b: KnownLabel): KnownLabel {
  if (a.kind === 'value' && b.kind === 'value' && a.value === b.value) return a;
  return isPresent(a) && isPresent(b) ? { kind: 'present', why: a.why } : unknown;
}

function isPresent(label: KnownLabel): label is Exclude<KnownLabel, { kind: 'any' }> {
  return label.kind === 'present' || (label.kind === 'value' && label.value !== '');
}

/** Why no two samples can agree on a label; null when they may. */
export function disagreement(name: string, left: KnownLabel, right: KnownLabel): readonly Reason[] | null {
  if (left.kind === 'any' || right.kind === 'any') return null;
  const differ =
    left.kind === 'value' && right.kind === 'value'
      ? left.value !== right.value
      : (left.kind === 'value' && left.value === '') || (right.kind === 'value' && right.value === '');
  if (!differ) return null;
  const text = (label: typeof left) => `${label.why.text}, so that ${name} ${stateOf(label)}`;
  return [
    { at: left.why.at, text: `left: ${text(left)}` },
    { at: right.why.at, text: `right: ${text(right)}` },
  ];
}

function stateOf(label: Exclude<KnownLabel, { kind: 'any' }>): string {
  if (label.kind === 'present') return 'is always there';
  return label.value === '' ? 'is not there' : `is ${JSON.stringify(label.value)}`;
}
