import type { Aggregate, At, Binary, Cardinality, Duration, Edges, Expr, Matching, Selector } from './ast.ts';
import { checkExpr } from './check.ts';
import { durationMs, isConstant } from './duration-value.ts';
import { readDuration } from './go-duration.ts';
import { parseNumber } from './go-float.ts';
import { quote } from './go-string.ts';
import { tokenize } from './lexer.ts';
import { labelMatcher } from './matcher.ts';
import { parseDurationExpr, parseDurationTerm } from './parse-duration.ts';
import { parseBraces, stringValue } from './parse-selector.ts';
import { PromqlError } from './promql-error.ts';
import { signatures } from './signatures.ts';
import { aggregators, comparisons, namesFunction, namesLabel, namesMetric, parameterised, setOperators, type Token } from './token.ts';
import { TokenReader } from './token-reader.ts';

/** Longest accepted expression. */
export const exprLengthMax = 100_000;
/** Deepest accepted nesting; a recursive reader must not run out of stack. */
const depthMax = 500;
/** Most operators in one expression: `a or b or …` is a tree as deep as it is long, and everything that reads trees is recursive. */
const operatorsMax = 3_000;

const fills: ReadonlySet<string> = new Set(['fill', 'fill_left', 'fill_right']);

const unaryPrecedence = 6;
const precedences: Readonly<Record<string, number>> = {
  or: 1,
  ...{ and: 2, unless: 2 },
  ...{ '==': 3, '!=': 3, '<': 3, '<=': 3, '>': 3, '>=': 3, '</': 3, '>/': 3 },
  ...{ '+': 4, '-': 4 },
  ...{ '*': 5, '/': 5, '%': 5, atan2: 5 },
  '^': 6,
};

/**
 * PromQL text as a checked tree. Accepts what Prometheus 3 accepts with all experimental parts of the language switched on.
 * Throws `PromqlError` with Prometheus' message and the place in the text.
 */
export function parseExpr(text: string): Expr {
  if (text.length > exprLengthMax)
    throw new PromqlError(`expression has ${text.length} characters, limit ${exprLengthMax}`, exprLengthMax, text.length);
  const tokens = new TokenReader(text, tokenize(text));
  if (tokens.peek().kind === 'eof') throw new PromqlError('no expression found in input', 0, 0);
  const parser = new ExprParser(tokens);
  const expr = parser.parse(1);
  if (tokens.peek().kind !== 'eof') tokens.unexpected('', '');
  if (parser.late !== null) throw parser.late;
  checkExpr(expr, text);
  return expr;
}

class ExprParser {
  private readonly tokens: TokenReader;
  private depth = 0;
  private operators = 0;
  /** Aggregations that are not complete yet: what does not fit in them is said to be wrong with them. */
  private openAggregations = 0;
  /** What Prometheus finds wrong only when the rest of the text is an expression. */
  late: PromqlError | null = null;

  constructor(tokens: TokenReader) {
    this.tokens = tokens;
  }

  /** An expression whose operators bind at least as tightly as `minPrecedence`. */
  parse(minPrecedence: number): Expr {
    this.enter();
    let left = this.parseUnary();
    for (;;) {
      const op = this.tokens.peek();
      const precedence = precedences[op.kind] ?? 0;
      if (precedence < minPrecedence) break;
      this.tokens.take();
      left = this.parseBinary(left, op, op.kind === '^' ? precedence : precedence + 1);
    }
    this.depth--;
    return left;
  }

  private enter(): void {
    this.depth++;
    const { start, end } = this.tokens.peek();
    if (this.depth > depthMax) throw new PromqlError(`expression is nested deeper than ${depthMax} levels`, start, end);
  }

  private parseUnary(): Expr {
    const sign = this.tokens.accept('+', '-');
    if (sign === null) return this.parsePostfix(this.parsePrimary());
    const operand = this.parse(unaryPrecedence);
    const op = sign.kind === '-' ? '-' : '+';
    if (operand.kind !== 'number') return { kind: 'unary', op, operand, start: sign.start, end: operand.end };
    return { ...operand, value: op === '-' ? -operand.value : operand.value, start: sign.start };
  }

  private parseBinary(left: Expr, op: Token, nextPrecedence: number): Binary {
    if (++this.operators > operatorsMax) throw new PromqlError(`expression has more than ${operatorsMax} operators`, op.start, op.end);
    const bool = this.tokens.accept('bool') !== null;
    const matching = this.parseMatching(op.kind);
    const right = this.parse(nextPrecedence);
    return { kind: 'binary', op: op.kind, left, right, bool, matching, start: left.start, end: right.end };
  }

  private parseMatching(op: string): Matching {
    const keyword = this.tokens.accept('on', 'ignoring');
    const labels = keyword === null ? [] : this.parseLabels();
    const group = keyword === null ? null : this.tokens.accept('group_left', 'group_right');
    const include = group !== null && !beginsOperand(this.tokens.peek()) ? this.parseLabels() : [];
    return {
      cardinality: cardinality(group, op),
      on: keyword?.kind === 'on',
      labels,
      include,
      ...this.parseFill(),
    };
  }

  private parseFill(): { fillLeft: number | null; fillRight: number | null } {
    let fillLeft: number | null = null;
    let fillRight: number | null = null;
    while (fills.has(this.tokens.peek().kind)) {
      const { kind } = this.tokens.take();
      this.tokens.expect('(', this.context, '');
      const value = this.parseSignedNumber(this.context, '');
      this.tokens.expect(')', this.context, '');
      if (kind !== 'fill_right') fillLeft = value;
      if (kind !== 'fill_left') fillRight = value;
    }
    return { fillLeft, fillRight };
  }

  private parseSignedNumber(context: string, expected: string): number {
    const sign = this.tokens.accept('+', '-');
    const token = this.tokens.accept('number', 'duration') ?? this.tokens.unexpected(context, expected);
    const value = numberValue(token);
    return sign?.kind === '-' ? -value : value;
  }

  /** `(a, "b", c)` */
  private parseLabels(): string[] {
    const context = 'grouping opts';
    this.tokens.expect('(', context, '"("');
    const labels: string[] = [];
    while (this.tokens.accept(')') === null) {
      const token = this.tokens.peek();
      if (token.kind !== 'string' && token.kind !== 'metric' && !namesLabel(token)) this.tokens.unexpected(context, 'label');
      this.tokens.take();
      labels.push(token.kind === 'string' ? stringValue(token) : token.text);
      if (this.tokens.accept(',') !== null) continue;
      this.tokens.expect(')', context, '"," or ")"');
      break;
    }
    return labels;
  }

  private parsePrimary(): Expr {
    const token = this.tokens.peek();
    const { start, end, kind } = token;
    const next = this.tokens.peek(1).kind;
    if (kind === 'number' || kind === 'duration') {
      this.tokens.take();
      return { kind: 'number', value: numberValue(token), isDuration: kind === 'duration', start, end };
    }
    if (kind === 'string') {
      this.tokens.take();
      return { kind: 'string', value: stringValue(token), start, end };
    }
    if (kind === '(') return this.parseParentheses();
    if (kind === '{') return this.parseSelector(null);
    if (aggregators.has(kind) && ['(', 'by', 'without'].includes(next)) return this.parseAggregate();
    if (next === '(' && namesFunction(token)) return this.parseCall();
    if (namesMetric(token)) return this.parseSelector(this.tokens.take());
    return this.tokens.unexpected(this.context, '');
  }

  private get context(): string {
    return this.openAggregations > 0 ? 'aggregation' : '';
  }

  private parseParentheses(): Expr {
    const { start } = this.tokens.take();
    const expr = this.parse(1);
    this.tokens.expect(')', this.context, '');
    return { kind: 'parenthesised', expr, start, end: this.tokens.lastEnd };
  }

  private parseSelector(name: Token | null): Selector {
    const start = name?.start ?? this.tokens.peek().start;
    const braces = this.tokens.peek().kind === '{' ? parseBraces(this.tokens) : { metric: null, matchers: [] };
    const end = this.tokens.lastEnd;
    const metric = name?.text ?? braces.metric;
    if (name !== null && braces.metric !== null) {
      const message = `metric name must not be set twice: ${JSON.stringify(name.text)} or ${JSON.stringify(braces.metric)}`;
      this.late ??= new PromqlError(message, start, end);
    }
    const matchers = metric === null ? braces.matchers : [...braces.matchers, labelMatcher('__name__', '=', metric)];
    return { kind: 'selector', metric, matchers, at: null, offset: null, edges: null, start, end };
  }

  private parseCall(): Expr {
    const name = this.tokens.take();
    const args = this.parseArguments();
    // Prometheus accepts no other writing of a function's name than its own, and looks at it when the call is complete.
    if (!signatures.has(name.text)) {
      throw new PromqlError(`unknown function with name ${quote(name.text)}`, name.start, name.end);
    }
    return { kind: 'call', name: name.text, args, start: name.start, end: this.tokens.lastEnd };
  }

  private parseArguments(): Expr[] {
    this.tokens.take();
    if (this.tokens.accept(')') !== null) return [];
    const args = [this.parse(1)];
    for (;;) {
      const comma = this.tokens.accept(',');
      if (comma === null) break;
      if (!beginsExpr(this.tokens.peek()))
        throw new PromqlError('trailing commas not allowed in function call args', comma.start, comma.end);
      args.push(this.parse(1));
    }
    this.tokens.expect(')', this.context, '');
    return args;
  }

  private parseAggregate(): Aggregate {
    const name = this.tokens.take();
    this.openAggregations++;
    let clause = this.parseGrouping();
    if (this.tokens.peek().kind !== '(') this.tokens.unexpected('aggregation', '');
    const args = this.parseArguments();
    this.openAggregations--;
    clause ??= this.parseGrouping();
    const end = this.tokens.lastEnd;
    if (args.length === 0) throw new PromqlError('no arguments for aggregate expression provided', name.start, end);
    const wanted = parameterised.has(name.kind) ? 2 : 1;
    const expr = args[wanted - 1];
    if (args.length !== wanted || expr === undefined) {
      throw new PromqlError(
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
        name.start,
        end,
      );
    }
    const parameter = wanted === 2 ? (args[0] ?? null) : null;
    const grouping = clause ?? { without: false, grouping: [] };
    return { kind: 'aggregate', op: name.kind, expr, parameter, ...grouping, start: name.start, end };
  }

  private parseGrouping(): { without: boolean; grouping: string[] } | null {
    const keyword = this.tokens.accept('by', 'without');
    return keyword === null ? null : { without: keyword.kind === 'without', grouping: this.parseLabels() };
  }

  /** Brackets, `offset`, `@`, `anchored` and `smoothed`, which bind tighter than any operator. */
  private parsePostfix(primary: Expr): Expr {
    let expr = primary;
    for (;;) {
      const { kind } = this.tokens.peek();
      if (kind === '[') expr = this.parseBrackets(expr);
      else if (kind === 'offset') expr = this.parseOffset(expr);
      else if (kind === '@') expr = this.parseAt(expr);
      else if (kind === 'anchored' || kind === 'smoothed') expr = this.parseEdges(expr, kind);
      else return expr;
    }
  }

  private parseBrackets(expr: Expr): Expr {
    const bracket = this.tokens.take();
    const range = positive(parseDurationExpr(this.tokens, 'subquery or range selector'));
    if (this.tokens.accept(':') === null) {
      this.tokens.expect(']', 'subquery or range', '":" or "]"');
      return rangeSelector(expr, range, bracket.start, this.tokens.lastEnd);
    }
    const step = this.tokens.peek().kind === ']' ? null : positive(parseDurationExpr(this.tokens, 'subquery selector'));
    this.tokens.expect(']', 'subquery selector', '"]"');
    return { kind: 'subquery', expr, range, step, at: null, offset: null, start: expr.start, end: this.tokens.lastEnd };
  }

  private parseOffset(expr: Expr): Expr {
    this.tokens.take();
    const written = parseDurationTerm(this.tokens, 'offset');
    if (isConstant(written)) durationMs(written, { stepMs: 0, rangeMs: 0 });
    const offset = written.kind === 'fixed' && written.seconds === 0 ? null : written;
    const end = this.tokens.lastEnd;
    const node = modified(expr, 'offset');
    if (timed(node).offset !== null) throw new PromqlError('offset may not be set multiple times', node.start, node.end);
    return node.kind === 'range' ? { ...node, selector: { ...node.selector, offset }, end } : { ...node, offset, end };
  }

  private parseAt(expr: Expr): Expr {
    this.tokens.take();
    const at = this.parseInstant(expr);
    const node = modified(expr, '@');
    const end = this.tokens.lastEnd;
    if (timed(node).at !== null) throw new PromqlError('@ <timestamp> may not be set multiple times', node.start, node.end);
    return node.kind === 'range' ? { ...node, selector: { ...node.selector, at }, end } : { ...node, at, end };
  }

  private parseInstant(place: Expr): At {
    const edge = this.tokens.accept('start', 'end');
    if (edge !== null) {
      this.tokens.expect('(', '@', 'timestamp');
      this.tokens.expect(')', '@', 'timestamp');
      return { kind: edge.kind === 'start' ? 'start' : 'end' };
    }
    const seconds = this.parseSignedNumber('@', 'timestamp');
    if (!(Math.abs(seconds) < 2 ** 63 / 1_000)) {
      const text = Number.isNaN(seconds) ? 'NaN' : seconds > 0 ? '+Inf' : '-Inf';
      throw new PromqlError(`timestamp out of bounds for @ modifier: ${text}`, place.start, place.end);
    }
    return { kind: 'instant', atMs: Math.round(seconds * 1_000) };
  }

  private parseEdges(expr: Expr, edges: Exclude<Edges, null>): Expr {
    this.tokens.take();
    const { start, end } = expr;
    if (expr.kind === 'subquery') throw new PromqlError(`${edges} modifier is not supported for subqueries`, start, end);
    const selector = expr.kind === 'range' ? expr.selector : expr;
    if (selector.kind !== 'selector') throw new PromqlError(`${edges} modifier not implemented`, start, end);
    if (selector.edges !== null && selector.edges !== edges)
      throw new PromqlError('anchored and smoothed modifiers cannot be used together', start, end);
    return expr.kind === 'range' ? { ...expr, selector: { ...selector, edges } } : { ...selector, edges };
  }
}

/** Whether the token can be the first of an expression; one that is none is complained about elsewhere. */
function beginsExpr(token: Token): boolean {
  const { kind } = token;
  const isOperand = ['number', 'duration', 'string', '(', '{', '+', '-', 'error'].includes(kind);
  return isOperand || aggregators.has(kind) || namesMetric(token) || namesFunction(token);
}

/** Whether the token can follow the matching of an operator that lists no labels. */
function beginsOperand(token: Token): boolean {
  return token.kind !== '(' && (beginsExpr(token) || fills.has(token.kind));
}

function numberValue({ kind, text, start, end }: Token): number {
  if (kind === 'duration') {
    const duration = readDuration(text);
    if ('problem' in duration) throw new PromqlError(duration.problem, start, end);
    return duration.ms / 1_000;
  }
  const value = parseNumber(text);
  if (value === null)
    throw new PromqlError(`error parsing number: strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`, start, end);
  if (!Number.isFinite(value) && !/^(inf|nan)$/i.test(text)) {
    throw new PromqlError(`error parsing number: strconv.ParseFloat: parsing ${JSON.stringify(text)}: value out of range`, start, end);
  }
  return value;
}

function cardinality(group: Token | null, op: string): Cardinality {
  if (group?.kind === 'group_left') return 'many-to-one';
  if (group?.kind === 'group_right') return 'one-to-many';
  return setOperators.has(op) && !comparisons.has(op) ? 'many-to-many' : 'one-to-one';
}

/** A window written as a literal must have a length; computed ones are checked when they are evaluated. */
function positive(range: Duration): Duration {
  if (range.kind === 'fixed' && range.seconds <= 0) {
    throw new PromqlError('duration must be greater than 0', range.start, range.end);
  }
  return range;
}

function rangeSelector(expr: Expr, range: Duration, start: number, end: number): Expr {
  if (expr.kind !== 'selector') throw new PromqlError('ranges only allowed for vector selectors', start, end);
  if (expr.offset !== null) throw new PromqlError('no offset modifiers allowed before range', start, end);
  if (expr.at !== null) throw new PromqlError('no @ modifiers allowed before range', start, end);
  return { kind: 'range', selector: expr, range, start: expr.start, end };
}

type Timed = Extract<Expr, { kind: 'selector' | 'range' | 'subquery' }>;

function modified(expr: Expr, modifier: string): Timed {
  if (expr.kind === 'selector' || expr.kind === 'range' || expr.kind === 'subquery') return expr;
  throw new PromqlError(
    `${modifier} modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
    expr.start,
    expr.end,
  );
}

function timed(node: Timed): { readonly offset: Duration | null; readonly at: At | null } {
  return node.kind === 'range' ? node.selector : node;
}
