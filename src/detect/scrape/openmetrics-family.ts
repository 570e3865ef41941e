import { labelsKey, withoutLabels } from '../../model/labels.ts';
import { checkHistogram, type FamilySample } from './openmetrics-histogram.ts';

/** What breaks the rules of a family. */
export class FamilyError extends Error {
  override readonly name = 'FamilyError';
}

export const familyTypes = ['unknown', 'gauge', 'counter', 'stateset', 'info', 'histogram', 'gaugehistogram', 'summary'] as const;
export type FamilyType = (typeof familyTypes)[number];

/** What may follow the family's name in the names of its samples. */
const suffixes: Readonly<Record<FamilyType, readonly string[]>> = {
  unknown: [''],
  gauge: [''],
  stateset: [''],
  counter: ['_total', '_created'],
  summary: ['', '_count', '_sum', '_created'],
  histogram: ['_count', '_sum', '_bucket', '_created'],
  gaugehistogram: ['_gcount', '_gsum', '_bucket'],
  info: ['_info'],
};

/**
 * One metric family of an OpenMetrics document: its metadata, and the rules for its samples. Every method throws `FamilyError`.
 * Source: OpenMetrics 1.0, sections on metric types, interleaving and exemplars.
 */
export class MetricFamily {
  readonly name: string;
  help: string | null = null;
  #type: FamilyType | null = null;
  #unit: string | null = null;
  readonly #samples: FamilySample[] = [];
  readonly #groups = new Set<string>();
  #group: string | null = null;
  #groupAtS: number | null = null;

  constructor(name: string) {
    this.name = name;
  }

  get type(): FamilyType {
    return this.#type ?? 'unknown';
  }

  /** Whether a sample of this name can belong here. */
  owns(sampleName: string): boolean {
    return sampleName.startsWith(this.name) && suffixes[this.type].includes(sampleName.slice(this.name.length));
  }

  /** Every name that no other family may claim. */
  claimedNames(): string[] {
    return [...new Set(['', ...suffixes[this.type]])].map((suffix) => this.name + suffix);
  }

  setMetadata(keyword: 'HELP' | 'TYPE' | 'UNIT', text: string): void {
    if (this.#samples.length > 0) throw new FamilyError(`${keyword} of ${this.name} must stand before its samples`);
    const before = { HELP: this.help, TYPE: this.#type, UNIT: this.#unit }[keyword];
    if (before !== null) throw new FamilyError(`has a second ${keyword} for ${this.name}`);
    if (keyword === 'HELP') this.help = text;
    else if (keyword === 'UNIT') this.#unit = text;
    else this.#type = familyTypes.find((type) => type === text) ?? unknownType(this.name, text);
  }

  add(sample: FamilySample): void {
    const suffix = (sample.labels['__name__'] ?? '').slice(this.name.length);
    this.#checkLabels(sample, suffix);
    this.#checkGroup(sample, suffix);
    this.#checkValue(sample, suffix);
    if (sample.hasExemplar && !mayHaveExemplar(this.type, suffix))
      throw new FamilyError(`exemplars are not allowed on ${this.type} samples like this`);
    this.#samples.push(sample);
  }

  /** Called when the last of its samples was seen. */
  finish(): void {
    if (this.#unit !== null && this.#unit !== '' && !this.name.endsWith(`_${this.#unit}`))
      throw new FamilyError(`unit ${this.#unit} is not the end of the name ${this.name}`);
    if (this.#unit !== null && this.#unit !== '' && (this.type === 'info' || this.type === 'stateset'))
      throw new FamilyError(`${this.type} ${this.name} may not have a unit`);
    if (this.type !== 'histogram' && this.type !== 'gaugehistogram') return;
    const problem = checkHistogram(this.name, this.#samples, (sample) => this.#groupOf(sample));
    if (problem !== null) throw new FamilyError(`${this.type} ${this.name}: ${problem}`);
  }

  #checkLabels({ labels, value }: FamilySample, suffix: string): void {
    if (this.type === 'stateset' && labels[this.name] === undefined)
      throw new FamilyError(`stateset ${this.name} needs a label ${this.name}`);
    const isCount = suffix === '_count' || suffix === '_gcount';
    const isBucket = suffix === '_bucket' && (this.type === 'histogram' || this.type === 'gaugehistogram');
    if (isBucket && !isBound(labels['le'])) throw new FamilyError(`bucket of ${this.name} needs a label le with a number or +Inf`);
    if (this.type !== 'unknown' && (isBucket || isCount) && Number.isFinite(value) && !Number.isInteger(value))
      throw new FamilyError(`${suffix.slice(1)} of ${this.name} must be a whole number`);
    if (this.type !== 'summary' || suffix !== '') return;
    const quantile = Number(isNumber(labels['quantile']) ? labels['quantile'] : Number.NaN);
    if (!(quantile >= 0 && quantile <= 1)) throw new FamilyError(`sample of summary ${this.name} needs a label quantile from 0 to 1`);
  }

  /** Samples of one group stand together, all with or all without a timestamp, and do not go back in time. */
  #checkGroup(sample: FamilySample, suffix: string): void {
    const group = this.#groupOf(sample, suffix);
    if (this.#group !== null && group !== this.#group && this.#groups.has(group))
      throw new FamilyError(`samples of one group of ${this.name} must stand together`);
    if (group === this.#group) {
      if ((sample.atS === null) !== (this.#groupAtS === null))
        throw new FamilyError(`samples of one group of ${this.name} must all have a timestamp, or none`);
      if (sample.atS !== null && this.#groupAtS !== null && sample.atS < this.#groupAtS && this.type !== 'info')
        throw new FamilyError(`timestamps of one group of ${this.name} must not go back`);
    }
    this.#group = group;
    this.#groupAtS = sample.atS;
    this.#groups.add(group);
  }

  #groupOf({ labels }: FamilySample, suffix = (labels['__name__'] ?? '').slice(this.name.length)): string {
    if (this.type === 'info') return '';
    const own = [];
    if (this.type === 'summary' && suffix === '') own.push('quantile');
    if (this.type === 'stateset') own.push(this.name);
    if (suffix === '_bucket') own.push('le');
    return labelsKey(withoutLabels(labels, ['__name__', ...own]));
  }

  #checkValue({ value }: FamilySample, suffix: string): void {
    const what = `${this.type} ${this.name}`;
    if (this.type === 'stateset' && value !== 0 && value !== 1) throw new FamilyError(`${what} must be 0 or 1`);
    if (this.type === 'info' && value !== 1) throw new FamilyError(`${what} must be 1`);
    if (this.type === 'unknown' || this.type === 'gauge' || suffix === '' || suffix === '_created') return;
    if (Number.isNaN(value)) throw new FamilyError(`${suffix.slice(1)} of ${what} must not be NaN`);
    // The specification forbids negative observations in summaries and sums. Prometheus' own client library writes them, so that refusing
    // them would lose targets that are well.
    if (value < 0 && suffix !== '_gsum' && suffix !== '_sum') throw new FamilyError(`${suffix.slice(1)} of ${what} must not be negative`);
  }
}

function unknownType(name: string, text: string): never {
  throw new FamilyError(`${JSON.stringify(text.slice(0, 40))} is not a type of ${name}; there are ${familyTypes.join(', ')}`);
}

function mayHaveExemplar(type: FamilyType, suffix: string): boolean {
  return type === 'counter' ? suffix === '_total' : (type === 'histogram' || type === 'gaugehistogram') && suffix === '_bucket';
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text);
}

function isBound(text: string | undefined): boolean {
  return text === '+Inf' || isNumber(text);
}
