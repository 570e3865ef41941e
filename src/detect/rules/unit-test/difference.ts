import { formatLabels, type Labels, labelsKey } from '../../../model/labels.ts';
import { formatShortest } from '../../promql/go-float.ts';
import { formatNativeHistogram } from '../../promql/native-text.ts';
import type { NativeHistogram } from '../../series/native-histogram.ts';
import type { RuleSample } from '../evaluate-group.ts';
import type { ExpectedSample } from './unit-test-file.ts';

/** An alert as one line, in which equal alerts read the same. */
export function alertLine(labels: Labels, annotations: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1));
  return `labels:${formatLabels(labels)} annotations:${formatLabels(Object.fromEntries(sorted))}`;
}

/** Lines that were only expected with a minus, lines that were only seen with a plus, each as often as it is missing. */
export function differenceOf(expected: readonly string[], got: readonly string[]): string {
  const left = [...got];
  const missing = expected.filter((line) => {
    const at = left.indexOf(line);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
  return [...missing.map((line) => `- ${line}`), ...left.map((line) => `+ ${line}`)].join('\n');
}

/** What differs between the samples of an expression and those expected; null: nothing. NaN equals nothing, as in promtool. */
export function judgeSamples(expected: readonly ExpectedSample[], got: readonly RuleSample[], fuzzy: boolean): string | null {
  const wanted = sorted(expected.map(({ histogram, ...sample }) => (histogram === null ? sample : { ...sample, histogram })));
  const seen = sorted(got);
  const same = wanted.length === seen.length && wanted.every((sample, index) => sameSample(sample, seen[index], fuzzy));
  return same ? null : differenceOf(wanted.map(sampleLine), seen.map(sampleLine)) || 'NaN is never equal to NaN here';
}

function sorted(samples: readonly RuleSample[]): RuleSample[] {
  return samples
    .map((sample) => ({ sample, key: labelsKey(sample.labels) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ sample }) => sample);
}

function sameSample(a: RuleSample, b: RuleSample | undefined, fuzzy: boolean): boolean {
  if (b === undefined || labelsKey(a.labels) !== labelsKey(b.labels)) return false;
  if (a.histogram !== undefined || b.histogram !== undefined) return histogramText(a.histogram) === histogramText(b.histogram);
  return a.value === b.value || (fuzzy && neighbours(a.value, b.value));
}

/** Whether two floats are equal or next to each other. */
function neighbours(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return false;
  const [x, y] = [ordinal(a), ordinal(b)];
  const distance = x > y ? x - y : y - x;
  return distance <= 1n;
}

/** The position of a float among all floats. */
function ordinal(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigInt64(0);
  return bits < 0n ? -(bits & 0x7fff_ffff_ffff_ffffn) : bits;
}

function sampleLine({ labels, value, histogram }: RuleSample): string {
  return `${labels['__name__'] ?? ''}${formatLabels(labels)} ${histogram === undefined ? formatShortest(value) : histogramText(histogram)}`;
}

/** Everything of a histogram: two are equal when this is. */
function histogramText(histogram: NativeHistogram | undefined): string {
  if (histogram === undefined) return '';
  const { schema, hint, zeroThreshold, customValues } = histogram;
  const bounds = customValues.length === 0 ? '' : `, custom values ${customValues.join(' ')}`;
  return `${formatNativeHistogram(histogram)} (schema ${schema}, zero up to ${zeroThreshold}, resets ${hint}${bounds})`;
}
