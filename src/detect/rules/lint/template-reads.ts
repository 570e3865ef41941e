import type { CompiledTemplate } from '../template/template.ts';
import type { Operand, Pipeline, TemplateNode } from '../template/template-nodes.ts';

/** A place in a template that reads a label or the value. Offsets are in the template as it was written. */
interface TemplateRead {
  readonly start: number;
  readonly end: number;
}

export interface LabelRead extends TemplateRead {
  readonly label: string;
}

/** What the template of an alert reads and prints. */
export interface TemplateReads {
  /** Labels that are read and nowhere asked for by `if` or `with`: the author expects them. */
  readonly labels: readonly LabelRead[];
  /** Where the value is printed, not only asked for by an `if`. */
  readonly values: readonly TemplateRead[];
}

/** Reads a template for what it reads. What a defined template or a moved dot reads is left out: there the names mean something else. */
export function readsOf(template: CompiledTemplate): TemplateReads {
  if (template.parsed === null) return { labels: [], values: [] };
  const reader = new Reader(template.parsed.text.length - template.source.length);
  reader.nodes(template.parsed.body, true);
  return { labels: reader.labels.filter(({ label }) => !reader.asked.has(label)), values: reader.values };
}

class Reader {
  readonly labels: LabelRead[] = [];
  readonly values: TemplateRead[] = [];
  readonly asked = new Set<string>();
  /** Length of what stands in front of every alert's template. */
  readonly #prefix: number;

  constructor(prefix: number) {
    this.#prefix = prefix;
  }

  /** `atTop`: the dot is still the alert. */
  nodes(nodes: readonly TemplateNode[], atTop: boolean): void {
    for (const node of nodes) {
      if (node.kind === 'action') this.#pipeline(node.pipeline, atTop, false);
      if (node.kind !== 'if' && node.kind !== 'with' && node.kind !== 'range') continue;
      this.#pipeline(node.pipeline, atTop, true);
      this.nodes(node.body, atTop && node.kind === 'if');
      this.nodes(node.otherwise, atTop);
    }
  }

  #pipeline(pipeline: Pipeline, atTop: boolean, asks: boolean): void {
    // The four variables that every template begins with.
    if (pipeline.at < this.#prefix) return;
    for (const { operands } of pipeline.commands) {
      this.#indexed(operands, asks);
      for (const operand of operands) this.#operand(operand, atTop, asks);
    }
  }

  #operand(operand: Operand, atTop: boolean, asks: boolean): void {
    if (operand.kind === 'pipeline') {
      this.#pipeline(operand.pipeline, atTop, asks);
      return;
    }
    const chain = chainOf(operand, atTop);
    const start = startOf(operand) - this.#prefix;
    const place = { start, end: start + operand.source.length };
    if (chain[0] === 'Value' && chain.length === 1 && !asks) this.values.push(place);
    if (chain[0] === 'Labels' && chain[1] !== undefined) this.#label(chain[1], place, asks);
  }

  /** `index $labels "name"` */
  #indexed(operands: readonly Operand[], asks: boolean): void {
    const [name, of, key] = operands;
    if (name?.kind !== 'function' || name.name !== 'index' || of === undefined || key?.kind !== 'literal') return;
    if (chainOf(of, true).join('.') !== 'Labels' || typeof key.value !== 'string') return;
    const start = startOf(of) - this.#prefix;
    this.#label(key.value, { start, end: key.at - this.#prefix + key.source.length }, asks);
  }

  #label(label: string, place: TemplateRead, asks: boolean): void {
    if (asks) this.asked.add(label);
    else this.labels.push({ label, ...place });
  }
}

/** What an operand asks of the alert, by the names of its fields: `$labels.job` is `Labels`, `job`. */
function chainOf(operand: Operand, atTop: boolean): readonly string[] {
  if (operand.kind === 'field') return atTop ? operand.chain : [];
  if (operand.kind !== 'variable') return [];
  if (operand.name === '$labels') return ['Labels', ...operand.chain];
  if (operand.name === '$value') return ['Value', ...operand.chain];
  return operand.name === '$' ? operand.chain : [];
}

/** Where an operand begins. The place of one with fields is where Go says its errors are: behind the first name. */
function startOf(operand: Operand): number {
  if (operand.kind === 'variable' && operand.chain.length > 0) return operand.at - operand.name.length;
  return operand.kind === 'field' && operand.chain.length > 1 ? operand.at - `.${operand.chain[0]}`.length : operand.at;
}
