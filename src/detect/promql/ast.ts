import type { LabelMatcher } from '../series/queryable.ts';

/** Where a node stands in its text: indices of UTF-16 code units, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type ValueType = 'scalar' | 'string' | 'vector' | 'matrix';

/** A duration as written. Computed ones need the step and the range of the query (`step()`, `range()`). All in seconds. */
export type Duration = Span &
  (
    | { readonly kind: 'fixed'; readonly seconds: number; readonly written: 'number' | 'duration' }
    | { readonly kind: 'step' }
    | { readonly kind: 'range' }
    | { readonly kind: 'sign'; readonly op: '+' | '-'; readonly operand: Duration }
    | { readonly kind: 'parenthesised'; readonly inner: Duration }
    | { readonly kind: 'operation'; readonly op: string; readonly left: Duration; readonly right: Duration }
    | { readonly kind: 'extreme'; readonly of: 'min_of' | 'max_of'; readonly left: Duration; readonly right: Duration }
  );

/** The instant that `@` fixes. */
export type At = { readonly kind: 'instant'; readonly atMs: number } | { readonly kind: 'start' } | { readonly kind: 'end' };

/** Which samples at the edges of a window count: those inside, or also their neighbours. */
export type Edges = 'anchored' | 'smoothed' | null;

export interface NumberLiteral extends Span {
  readonly kind: 'number';
  readonly value: number;
  /** Written as a duration (`5m`): printed again as one. */
  readonly isDuration: boolean;
}

export interface StringLiteral extends Span {
  readonly kind: 'string';
  readonly value: string;
}

export interface Selector extends Span {
  readonly kind: 'selector';
  /** The metric name written in front of or as the first thing in the braces; null without. Also among the matchers. */
  readonly metric: string | null;
  readonly matchers: readonly LabelMatcher[];
  readonly at: At | null;
  readonly offset: Duration | null;
  readonly edges: Edges;
}

/** `foo[5m]`; offset and `@` are those of its selector. */
export interface RangeSelector extends Span {
  readonly kind: 'range';
  readonly selector: Selector;
  readonly range: Duration;
}

export interface Subquery extends Span {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly range: Duration;
  /** null: the default interval. */
  readonly step: Duration | null;
  readonly at: At | null;
  readonly offset: Duration | null;
}

export interface Unary extends Span {
  readonly kind: 'unary';
  readonly op: '+' | '-';
  readonly operand: Expr;
}

export type Cardinality = 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';

export interface Matching {
  readonly cardinality: Cardinality;
  /** true: `on (labels)`; false: `ignoring (labels)`. */
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Labels that group_left or group_right copies from the one side. */
  readonly include: readonly string[];
  /** Values that stand in for a missing side (`fill`), else null. */
  readonly fillLeft: number | null;
  readonly fillRight: number | null;
}

export interface Binary extends Span {
  readonly kind: 'binary';
  readonly op: string;
  readonly left: Expr;
  readonly right: Expr;
  readonly bool: boolean;
  /** null unless both sides are vectors. */
  readonly matching: Matching | null;
}

export interface Call extends Span {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expr[];
}

export interface Aggregate extends Span {
  readonly kind: 'aggregate';
  readonly op: string;
  readonly expr: Expr;
  readonly parameter: Expr | null;
  readonly without: boolean;
  readonly grouping: readonly string[];
}

export interface Parenthesised extends Span {
  readonly kind: 'parenthesised';
  readonly expr: Expr;
}

/** A PromQL expression. Immutable. */
export type Expr = NumberLiteral | StringLiteral | Selector | RangeSelector | Subquery | Unary | Binary | Call | Aggregate | Parenthesised;

/** The expressions directly inside of an expression. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'selector':
      return [];
    case 'range':
      return [expr.selector];
    case 'subquery':
    case 'parenthesised':
      return [expr.expr];
    case 'unary':
      return [expr.operand];
    case 'binary':
      return [expr.left, expr.right];
    case 'call':
      return expr.args;
    case 'aggregate':
      return expr.parameter === null ? [expr.expr] : [expr.parameter, expr.expr];
  }
}

/** The expression itself and everything inside of it, parents first. */
export function* walk(expr: Expr): Generator<Expr> {
  // A stack of its own: a chain of thousands of operators is as deep as it is long.
  const waiting = [expr];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    waiting.push(...childrenOf(next).toReversed());
  }
}

/** How many nodes stand inside of each other at most. */
export function depthOf(expr: Expr): number {
  let depth = 0;
  for (let level: readonly Expr[] = [expr]; level.length > 0; level = level.flatMap(childrenOf)) depth += 1;
  return depth;
}

/** All selectors of an expression, in order of appearance. */
export function selectorsOf(expr: Expr): Selector[] {
  return [...walk(expr)].filter((node) => node.kind === 'selector');
}

/** An expression without the parentheses around it. */
export function unwrap(expr: Expr): Expr {
  return expr.kind === 'parenthesised' ? unwrap(expr.expr) : expr;
}
