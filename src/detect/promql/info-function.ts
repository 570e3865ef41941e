import { rememberedFor } from '../../base/remembered.ts';
import { type Labels, labelsOf, withLabels } from '../../model/labels.ts';
import type { LabelMatcher } from '../series/queryable.ts';
import { type At, type Call, childrenOf, type Duration, type Expr, type Selector, selectorsOf } from './ast.ts';
import { EvaluationError } from './evaluation-error.ts';
import { quote } from './go-string.ts';
import { labelMatcher } from './matcher.ts';
import type { StepEvaluator } from './query-context.ts';
import type { Vector, VectorSample } from './value.ts';

/** What tells whose information an info metric carries. */
const identifying = ['instance', 'job'];

interface InfoSource {
  readonly selector: Selector;
  /** Conditions on names; a base series that meets them all is an info metric itself. */
  readonly nameMatchers: readonly LabelMatcher[];
  /** Labels asked for; null: all. */
  readonly wanted: ReadonlySet<string> | null;
  /** Whether a series without information may stay. */
  readonly optional: boolean;
}

/** Where a call of `info` reads: `target_info` unless its second argument names metrics. */
const sourceOf = rememberedFor((call: Call): InfoSource => {
  const described = call.args[1]?.kind === 'selector' ? call.args[1].matchers : [];
  const named = described.filter(({ name }) => name === '__name__');
  const data = described.filter(({ name }) => name !== '__name__');
  const positive = named.some(({ op }) => op === '=' || op === '=~');
  const nameMatchers =
    named.length === 0
      ? [labelMatcher('__name__', '=', 'target_info')]
      : positive
        ? named
        : [...named, labelMatcher('__name__', '=~', '.+_info')];
  const { start, end } = call;
  const when = call.args[0] === undefined ? now : instantOf(call.args[0], now);
  return {
    selector: { kind: 'selector', metric: null, matchers: [...nameMatchers, ...data], ...when, edges: null, start, end },
    nameMatchers,
    wanted: data.length === 0 ? null : new Set(data.map(({ name }) => name)),
    optional: data.every((matcher) => matcher.matches('')),
  };
});

/** `@` and `offset` together. */
interface When {
  readonly at: At | null;
  readonly offset: Duration | null;
}

const now: When = { at: null, offset: null };

/** The instant that the first selector of an expression looks at: there the information must be read too. */
function instantOf(expr: Expr, around: When): When {
  if (expr.kind === 'selector') return within(expr, around);
  if (expr.kind === 'subquery') return instantOf(expr.expr, within(expr, around));
  const next = childrenOf(expr).find((child) => selectorsOf(child).length > 0);
  return next === undefined ? around : instantOf(next, around);
}

/** An `@` inside makes everything around it meaningless; offsets add up. */
function within({ at, offset }: When, around: When): When {
  if (at !== null) return { at, offset };
  if (offset === null || around.offset === null) return { at: around.at, offset: offset ?? around.offset };
  const { start, end } = offset;
  return { at: around.at, offset: { kind: 'operation', op: '+', left: offset, right: around.offset, start, end } };
}

/** `info`: adds the labels of info metrics to the series that they are about. Throws `EvaluationError` when two disagree. */
export function addInfo(evaluator: StepEvaluator, call: Call, base: Vector, atMs: number): Vector {
  const source = sourceOf(call);
  const byTarget = currentInfo(evaluator, source, atMs);
  return base.flatMap((sample) => {
    if (source.nameMatchers.every((matcher) => matcher.matches(sample.labels['__name__'] ?? ''))) return [sample];
    const added = addedLabels(sample, byTarget.get(targetKey(sample.labels)) ?? [], source);
    if (added === null) return source.optional ? [sample] : [];
    return [{ ...sample, labels: withLabels(sample.labels, added) }];
  });
}

function targetKey(labels: Labels): string {
  return identifying.map((name) => labels[name] ?? '').join('\u0001');
}

/** The info series of each target, of each metric the one with the youngest sample. */
function currentInfo(evaluator: StepEvaluator, { selector }: InfoSource, atMs: number): Map<string, Labels[]> {
  const histogram = evaluator.vector(selector, atMs).find((sample) => sample.histogram !== null);
  if (histogram !== undefined) {
    const metric = quote(histogram.labels['__name__'] ?? '');
    throw new EvaluationError(`info metric ${metric} holds native histograms: info metrics must be floats`);
  }
  const youngest = new Map<string, VectorSample>();
  for (const sample of evaluator.timestamps(selector, atMs)) {
    const key = `${sample.labels['__name__']}\u0001${targetKey(sample.labels)}`;
    const other = youngest.get(key);
    if (other !== undefined && other.value === sample.value) {
      throw new EvaluationError(`found duplicate series for info metric ${quote(sample.labels['__name__'] ?? '')}`);
    }
    if (other === undefined || other.value < sample.value) youngest.set(key, sample);
  }
  const byTarget = new Map<string, Labels[]>();
  for (const { labels } of youngest.values()) byTarget.set(targetKey(labels), [...(byTarget.get(targetKey(labels)) ?? []), labels]);
  return byTarget;
}

/** What the info series add to a base series, which keeps its own labels; null when there are none about it. */
function addedLabels(sample: VectorSample, infos: readonly Labels[], { wanted }: InfoSource): Labels | null {
  if (infos.length === 0) return null;
  const added = new Map<string, string>();
  for (const labels of infos) {
    for (const [name, value] of Object.entries(labels)) {
      if (name === '__name__' || identifying.includes(name) || sample.labels[name] !== undefined) continue;
      if (wanted !== null && !wanted.has(name)) continue;
      if ((added.get(name) ?? value) !== value) throw new EvaluationError(`conflicting label: ${name}`);
      added.set(name, value);
    }
  }
  return labelsOf(added);
}
