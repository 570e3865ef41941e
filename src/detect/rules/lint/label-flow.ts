import { labelsOfAbsence } from '../../promql/absent.ts';
import type { Aggregate, Binary, Call, Expr, Selector, Span } from '../../promql/ast.ts';
import { typeOf } from '../../promql/check.ts';
import type { Exporters } from './exporter.ts';

/** What took a label away: the part of the expression, and how in words that follow "label x": "is not among by (a)". */
export interface Loss {
  readonly at: Span;
  readonly how: string;
}

/** How sure we are that series carry a label: a matcher demands it, the exporter sets it, or every scraped series has it. */
export type Certainty = 'demanded' | 'exported' | 'scraped';

interface CertainLabel {
  readonly how: Certainty;
  /** The one value it can have; null for any. */
  readonly value: string | null;
}

/**
 * The labels that elements of a vector can have. `gone` are surely missing. A closed one has no labels but those in `possible`, because
 * of `closedBy`; an open one may have any.
 */
export interface Branch {
  readonly possible: ReadonlySet<string> | null;
  readonly closedBy: Loss | null;
  readonly gone: ReadonlyMap<string, Loss>;
  readonly certain: ReadonlyMap<string, CertainLabel>;
}

/** A vector matching that finds no partner, with the label on which the sides differ. */
export interface Mismatch {
  readonly node: Binary;
  readonly label: string;
  readonly on: 'left' | 'right';
  readonly certainty: Certainty;
  readonly loss: Loss | null;
  /** Both sides have the label, with values that differ. */
  readonly values: readonly [string, string] | null;
}

/** Beyond so many alternatives of `or` nothing is claimed. */
const branchesMax = 48;

const anything: Branch = { possible: null, closedBy: null, gone: new Map(), certain: new Map() };

/** Why a branch surely lacks a label; null when it may have it. */
export function lossOf(branch: Branch, label: string): Loss | null {
  const gone = branch.gone.get(label);
  if (gone !== undefined) return gone;
  return branch.possible !== null && !branch.possible.has(label) ? branch.closedBy : null;
}

/** What a scrape of a target adds to every series. */
const scrapedLabels = ['job', 'instance'];

/** Follows labels through an expression. Sound: a label that is said to be missing is missing whatever the series. */
export class LabelFlow {
  readonly mismatches: Mismatch[] = [];
  readonly #exporters: Exporters;
  readonly #recorded: ReadonlySet<string>;
  readonly #known = new Map<Expr, readonly Branch[]>();

  /** `recorded` are metrics that rules write: those have the labels that their rules left. */
  constructor(exporters: Exporters, recorded: ReadonlySet<string>) {
    this.#exporters = exporters;
    this.#recorded = recorded;
  }

  /** The alternatives of an expression's elements; more than one comes from `or`. */
  of(expr: Expr): readonly Branch[] {
    const known = this.#known.get(expr);
    if (known !== undefined) return known;
    const made = this.#compute(expr);
    const bounded = made.length > branchesMax ? [anything] : made;
    this.#known.set(expr, bounded);
    return bounded;
  }

  #compute(expr: Expr): readonly Branch[] {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return [closed(expr, 'does not exist on a number', [])];
      case 'selector':
        return [this.#selected(expr)];
      case 'range':
        return this.of(expr.selector);
      case 'subquery':
      case 'parenthesised':
        return this.of(expr.expr);
      case 'unary':
        return this.of(expr.operand);
      case 'call':
        return this.#called(expr);
      case 'aggregate':
        return this.of(expr.expr).map((branch) => aggregated(expr, branch));
      case 'binary':
        return this.#combined(expr);
    }
  }

  #selected(selector: Selector): Branch {
    const gone = new Map<string, Loss>();
    const certain = new Map<string, CertainLabel>();
    const { metric, matchers } = selector;
    if (metric !== null) {
      if (this.#isScraped(metric)) for (const label of scrapedLabels) certain.set(label, { how: 'scraped', value: null });
      this.#fromExporters(selector, metric, gone, certain);
    }
    for (const { name, op, value, matches } of matchers) {
      if (op === '=' && value === '') gone.set(name, { at: selector, how: `is demanded to be empty by {${name}=""}` });
      else if (!matches('')) certain.set(name, { how: 'demanded', value: op === '=' ? value : null });
      if (certain.has(name)) gone.delete(name);
    }
    for (const name of gone.keys()) certain.delete(name);
    return { possible: null, closedBy: null, gone, certain };
  }

  /** Names with a colon are recorded by convention; ALERTS are written by the rule engine itself. */
  #isScraped(metric: string): boolean {
    return !metric.includes(':') && !this.#recorded.has(metric) && !metric.startsWith('ALERTS');
  }

  /** Labels of a sibling exporter that this metric does not have, in any version, are gone; its own are certain. */
  #fromExporters(selector: Selector, metric: string, gone: Map<string, Loss>, certain: Map<string, CertainLabel>): void {
    const known = this.#exporters.meantBy(selector);
    const [first] = known;
    if (first === undefined || this.#recorded.has(metric)) return;
    const own = new Set(known.flatMap(({ form }) => form.labels));
    for (const label of this.#exporters.labelsLike(metric)) {
      const has = [...own].join(', ');
      const how = `does not exist on ${metric} of ${this.#exporters.called(first.exporter)}, which has ${has === '' ? 'no labels of its own' : has}`;
      if (!own.has(label)) gone.set(label, { at: selector, how });
    }
    for (const label of own) {
      if (known.every(({ form }) => form.labels.includes(label))) certain.set(label, { how: 'exported', value: null });
    }
  }

  #called(call: Call): readonly Branch[] {
    const { name, args } = call;
    // Whatever becomes of their labels, there may be a mismatch inside.
    for (const arg of args) this.of(arg);
    if (typeOf(call) === 'scalar') return [closed(call, `does not exist on the number of ${name}()`, [])];
    if (name === 'vector') return [closed(call, 'does not exist on vector(), which has no labels', [])];
    if (name === 'absent' || name === 'absent_over_time') return [absence(call)];
    if (args.length === 0) return [closed(call, `does not exist on ${name}(), which has no labels`, [])];
    if (name === 'info') return [anything];
    const argument = args.find((arg) => typeOf(arg) === 'vector' || typeOf(arg) === 'matrix');
    const inner = argument === undefined ? [anything] : this.of(argument);
    if (name === 'label_replace' || name === 'label_join') return inner.map((branch) => withNew(branch, textOf(args[1])));
    if (name === 'histogram_quantiles') return inner.map((branch) => without(withNew(branch, textOf(args[1])), ['le'], lossBy(call)));
    if (name === 'histogram_quantile' || name === 'histogram_fraction') return inner.map((branch) => without(branch, ['le'], lossBy(call)));
    return inner;
  }

  #combined(node: Binary): readonly Branch[] {
    const { op, left, right } = node;
    if (typeOf(left) === 'scalar') return this.of(typeOf(right) === 'scalar' ? left : right);
    if (typeOf(right) === 'scalar') return this.of(left);
    const [lefts, rights] = [this.of(left), this.of(right)];
    if (op === 'or') return [...lefts, ...rights];
    if (op === 'unless') return lefts;
    if (lefts.length * rights.length > branchesMax) return [anything];
    const mismatches: Mismatch[] = [];
    const results: Branch[] = [];
    for (const one of lefts) {
      for (const other of rights) {
        const mismatch = mismatchOf(node, one, other);
        if (mismatch === null) results.push(op === 'and' ? one : matched(node, one, other));
        else mismatches.push(mismatch);
      }
    }
    const [first] = mismatches;
    if (results.length > 0 || first === undefined) return results;
    this.mismatches.push(first);
    return lefts;
  }
}

function closed(at: Span, how: string, labels: readonly string[]): Branch {
  return { possible: new Set(labels), closedBy: { at, how }, gone: new Map(), certain: new Map() };
}

function absence(call: Call): Branch {
  const labels = Object.entries(call.args[0] === undefined ? {} : labelsOfAbsence(call.args[0]));
  const names = labels.map(([name]) => name);
  const kept =
    names.length === 0 ? 'no labels here, as no matcher with = names one' : `only ${names.join(', ')}, which matchers with = name`;
  return {
    ...closed(call, `does not exist on ${call.name}(), which has ${kept}`, names),
    certain: new Map(labels.map(([name, value]) => [name, { how: 'demanded', value }])),
  };
}

function textOf(expr: Expr | undefined): string {
  return expr?.kind === 'string' ? expr.value : '';
}

function lossBy(call: Call): Loss {
  return { at: call, how: `is used up by ${call.name}()` };
}

function withNew(branch: Branch, label: string): Branch {
  const gone = new Map(branch.gone);
  const certain = new Map(branch.certain);
  gone.delete(label);
  certain.delete(label);
  return { ...branch, gone, certain, possible: branch.possible === null ? null : new Set([...branch.possible, label]) };
}

function without(branch: Branch, labels: readonly string[], loss: Loss): Branch {
  const gone = new Map(branch.gone);
  const certain = new Map(branch.certain);
  for (const label of labels) {
    if (lossOf(branch, label) === null) gone.set(label, loss);
    certain.delete(label);
  }
  return { ...branch, gone, certain };
}

/** Aggregations that pass some of their elements on as they are. */
const choosing: ReadonlySet<string> = new Set(['topk', 'bottomk', 'limitk', 'limit_ratio']);

function aggregated(node: Aggregate, branch: Branch): Branch {
  const { op, grouping } = node;
  if (choosing.has(op)) return branch;
  const list = `${node.without ? 'without' : 'by'} (${grouping.join(', ')})`;
  const result = node.without
    ? without(branch, grouping, { at: node, how: `is taken away by ${op} ${list}` })
    : only(branch, grouping, {
        at: node,
        how: grouping.length === 0 ? `is taken away by ${op}, which keeps none` : `is not among ${list} of ${op}`,
      });
  return op === 'count_values' ? withNew(result, textOf(node.parameter ?? undefined)) : result;
}

/** What is left of a branch that keeps some labels only. */
function only(branch: Branch, labels: readonly string[], loss: Loss): Branch {
  const kept = labels.filter((label) => lossOf(branch, label) === null);
  const gone = new Map(
    labels.flatMap((label) => {
      const before = lossOf(branch, label);
      return before === null ? [] : [[label, before] as const];
    }),
  );
  return {
    possible: new Set(kept),
    closedBy: loss,
    gone,
    certain: new Map([...branch.certain].filter(([label]) => kept.includes(label))),
  };
}

/** The labels on which two sides have to agree, of all that are worth asking for. */
function comparedLabels({ matching }: Binary, left: Branch, right: Branch): readonly string[] {
  if (matching?.on) return matching.labels;
  const asked = new Set([...left.certain.keys(), ...right.certain.keys()]);
  for (const label of matching?.labels ?? []) asked.delete(label);
  asked.delete('__name__');
  return [...asked];
}

function mismatchOf(node: Binary, left: Branch, right: Branch): Mismatch | null {
  if (node.matching !== null && (node.matching.fillLeft !== null || node.matching.fillRight !== null)) return null;
  for (const label of comparedLabels(node, left, right)) {
    const [one, other] = [left.certain.get(label), right.certain.get(label)];
    const [leftLoss, rightLoss] = [lossOf(left, label), lossOf(right, label)];
    if (one !== undefined && rightLoss !== null) return { node, label, on: 'left', certainty: one.how, loss: rightLoss, values: null };
    if (other !== undefined && leftLoss !== null) return { node, label, on: 'right', certainty: other.how, loss: leftLoss, values: null };
    const [leftValue, rightValue] = [one?.value ?? null, other?.value ?? null];
    if (leftValue === null || rightValue === null || leftValue === rightValue) continue;
    return { node, label, on: 'left', certainty: 'demanded', loss: null, values: [leftValue, rightValue] };
  }
  return null;
}

/** The labels of a matched pair, as Prometheus puts them together. */
function matched(node: Binary, left: Branch, right: Branch): Branch {
  const { matching } = node;
  if (matching === null) return left;
  if (matching.cardinality === 'many-to-one') return grouped(left, right, matching.include);
  if (matching.cardinality === 'one-to-many') return grouped(right, left, matching.include);
  if (matching.fillLeft !== null || matching.fillRight !== null) return anything;
  const list = `(${matching.labels.join(', ')})`;
  if (matching.on)
    return only(agreed(left, right, matching.labels), matching.labels, { at: node, how: `is not among on ${list} of ${node.op}` });
  const both = without(left, matching.labels, { at: node, how: `is taken away by ignoring ${list} of ${node.op}` });
  return agreedOnAll(both, right, matching.labels);
}

/** Both sides have the same value of these labels: what one surely has or lacks, the other has or lacks. */
function agreed(left: Branch, right: Branch, labels: readonly string[]): Branch {
  const gone = new Map(left.gone);
  const certain = new Map(left.certain);
  for (const label of labels) {
    const loss = lossOf(right, label);
    const sure = right.certain.get(label);
    if (loss !== null && lossOf(left, label) === null) gone.set(label, loss);
    if (sure !== undefined) certain.set(label, sure);
  }
  return { ...left, gone, certain };
}

/** As {@link agreed} for every label but some. */
function agreedOnAll(left: Branch, right: Branch, ignored: readonly string[]): Branch {
  const asked = [...right.gone.keys(), ...right.certain.keys()].filter((label) => !ignored.includes(label));
  const both = agreed(left, right, asked);
  if (both.possible !== null || right.possible === null) return both;
  const possible = new Set([...right.possible].filter((label) => !ignored.includes(label)));
  return { ...both, possible, closedBy: right.closedBy };
}

/** The many side with what it takes from the one side. */
function grouped(many: Branch, one: Branch, include: readonly string[]): Branch {
  return include.reduce((branch, label) => {
    const loss = lossOf(one, label);
    return loss === null ? withNew(branch, label) : without(withNew(branch, label), [label], loss);
  }, many);
}
