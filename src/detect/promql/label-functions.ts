import type { RE2JS } from 're2js';
import { labelsKey, withLabels } from '../../model/labels.ts';
import { isLabelName } from './aggregate-parameter.ts';
import { EvaluationError } from './evaluation-error.ts';
import { expandTemplate } from './go-regexp-expand.ts';
import { compileAnchored, RegexError } from './matcher.ts';
import { duplicateLabels } from './series-collector.ts';
import type { Vector, VectorSample } from './value.ts';

/** Changes the labels of a vector. Throws `EvaluationError` when label sets come out the same. */
type Relabelling = (vector: Vector) => Vector;

/** `label_replace`: sets a label from what a regular expression finds in another. Throws `EvaluationError` for bad arguments. */
export function labelReplace(args: readonly string[]): Relabelling {
  const [destination = '', replacement = '', source = '', pattern = ''] = args;
  const regex = compile(pattern);
  if (!isLabelName(destination)) throw new EvaluationError(`invalid destination label name in label_replace(): ${destination}`);
  return (vector) =>
    distinct(
      vector.map((sample) => {
        const value = replaced(regex, sample.labels[source] ?? '', replacement);
        return value === null ? sample : withLabel(sample, destination, value);
      }),
    );
}

/** As upstream, a float and a native histogram may come out with the same labels; then the float stays. */
function distinct(vector: Vector): Vector {
  const keys = (ofHistograms: boolean) =>
    new Set(vector.filter(({ histogram }) => (histogram !== null) === ofHistograms).map(({ labels }) => labelsKey(labels)));
  const [floats, histograms] = [keys(false), keys(true)];
  if (floats.size + histograms.size < vector.length) throw duplicateLabels();
  return vector.filter(({ labels, histogram }) => histogram === null || !floats.has(labelsKey(labels)));
}

function compile(pattern: string): RE2JS {
  try {
    return compileAnchored(pattern);
  } catch (error) {
    if (error instanceof RegexError)
      throw new EvaluationError(`invalid regular expression in label_replace(): ${pattern}`, { cause: error });
    throw error;
  }
}

function replaced(regex: RE2JS, text: string, template: string): string | null {
  const matcher = regex.matcher(text);
  if (!matcher.find()) return null;
  const names = regex.namedGroups();
  return expandTemplate(template, (group) => {
    const number = /^\d+$/.test(group) ? Number(group) : names[group];
    return number === undefined || number > matcher.groupCount() ? '' : (matcher.group(number) ?? '');
  });
}

/** `label_join`: sets a label to the values of others, joined. Throws `EvaluationError` for bad arguments. */
export function labelJoin([destination = '', separator = '', ...sources]: readonly string[]): Relabelling {
  for (const source of sources) {
    if (!isLabelName(source)) throw new EvaluationError(`invalid source label name in label_join(): ${source}`);
  }
  if (!isLabelName(destination)) throw new EvaluationError(`invalid destination label name in label_join(): ${destination}`);
  const joined = (sample: VectorSample) => sources.map((name) => sample.labels[name] ?? '').join(separator);
  return (vector) => distinct(vector.map((sample) => withLabel(sample, destination, joined(sample))));
}

function withLabel(sample: VectorSample, name: string, value: string): VectorSample {
  const labels = withLabels(sample.labels, { [name]: value });
  return { ...sample, labels, dropName: sample.dropName && name !== '__name__' };
}

/** `sort_by_label` and `sort_by_label_desc`: by the given labels in natural order, then by all. */
export function sortByLabels(vector: Vector, names: readonly string[], descending: boolean): Vector {
  const direction = descending ? -1 : 1;
  return [...vector].sort((a, b) => {
    for (const name of names) {
      const order = naturalOrder(a.labels[name] ?? '', b.labels[name] ?? '');
      if (order !== 0) return direction * order;
    }
    return direction * compareText(allText(a), allText(b));
  });
}

function allText({ labels }: VectorSample): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}\u0001${value}`)
    .join('\u0002');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Digits compare as numbers, everything else as text: `9` before `10`, `a2` before `a10`. */
function naturalOrder(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const [one = '', other = ''] = [left[index], right[index]];
    const numeric = /^\d/.test(one) && /^\d/.test(other);
    const order = numeric ? Number(one) - Number(other) || one.length - other.length : compareText(one, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
