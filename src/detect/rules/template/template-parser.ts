import { parseFloat64 } from '../../promql/go-float.ts';
import { unquote } from '../../promql/go-string.ts';
import type { GoValue } from './go-value.ts';
import { TemplateError } from './template-error.ts';
import { type TemplateToken, tokenizeTemplate } from './template-lexer.ts';
import type { Command, Operand, ParsedTemplate, Pipeline, TemplateNode } from './template-nodes.ts';

const depthMax = 100;
/** Longest accepted template. */
const templateLengthMax = 1_000_000;

/** Reads a Go template. `hasFunction` says which functions exist. Throws `TemplateError` with Go's message. */
export function parseTemplate(name: string, text: string, hasFunction: (name: string) => boolean): ParsedTemplate {
  if (text.length > templateLengthMax)
    throw new TemplateError(`template: ${name}: has ${text.length} characters, limit ${templateLengthMax}`);
  return new TemplateParser(name, text, hasFunction).run();
}

interface Block {
  readonly nodes: TemplateNode[];
  readonly end: 'end' | 'else' | 'eof';
}

class TemplateParser {
  private readonly name: string;
  private readonly text: string;
  private readonly hasFunction: (name: string) => boolean;
  private readonly tokens: readonly TemplateToken[];
  private index = 0;
  private depth = 0;
  private loops = 0;
  /** Variables in scope, innermost last. */
  private variables: string[] = ['$'];
  private readonly definitions = new Map<string, readonly TemplateNode[]>();

  constructor(name: string, text: string, hasFunction: (name: string) => boolean) {
    this.name = name;
    this.text = text;
    this.hasFunction = hasFunction;
    this.tokens = tokenizeTemplate(name, text);
  }

  run(): ParsedTemplate {
    const { nodes, end } = this.parseBlock();
    if (end !== 'eof') this.fail(`unexpected {{${end}}}`);
    return { name: this.name, text: this.text, body: nodes, definitions: this.definitions };
  }

  private peek(ahead = 0): TemplateToken {
    return this.tokens[this.index + ahead] ?? { kind: 'eof', text: '', at: this.text.length };
  }

  private take(): TemplateToken {
    const token = this.peek();
    this.index++;
    return token;
  }

  private fail(problem: string): never {
    const line = this.text.slice(0, this.peek(-1).at).split('\n').length;
    throw new TemplateError(`template: ${this.name}:${line}: ${problem}`);
  }

  private unexpected(context: string): never {
    const { kind, text } = this.take();
    this.fail(`unexpected ${kind === 'eof' ? 'EOF' : `<${text}>`} in ${context}`);
  }

  private expect(kind: TemplateToken['kind'], context: string): TemplateToken {
    if (this.peek().kind !== kind) this.unexpected(context);
    return this.take();
  }

  private enter(): void {
    if (++this.depth > depthMax) this.fail(`template is nested deeper than ${depthMax} levels`);
  }

  /** Nodes up to the matching end or else, whose keyword is taken and whose rest is not. */
  private parseBlock(): Block {
    this.enter();
    const nodes: TemplateNode[] = [];
    for (;;) {
      const token = this.take();
      if (token.kind === 'eof') return this.leave({ nodes, end: 'eof' });
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text });
        continue;
      }
      const keyword = this.peek().kind === 'keyword' ? this.peek().text : '';
      if (keyword === 'end' || keyword === 'else') {
        this.take();
        return this.leave({ nodes, end: keyword });
      }
      const node = keyword === '' ? this.parseAction() : this.parseControl(this.take().text);
      if (node !== null) nodes.push(node);
    }
  }

  private leave(block: Block): Block {
    this.depth--;
    return block;
  }

  private parseAction(): TemplateNode {
    const pipeline = this.parsePipeline('command');
    this.expect('close', 'command');
    return { kind: 'action', pipeline };
  }

  private parseControl(keyword: string): TemplateNode | null {
    if (keyword === 'if' || keyword === 'with' || keyword === 'range') return this.parseBranch(keyword);
    if (keyword === 'template') return this.parseCall();
    if (keyword === 'define') return this.parseDefinition();
    if (keyword === 'block') return this.parseInlineDefinition();
    if (keyword !== 'break' && keyword !== 'continue') this.fail(`unexpected {{${keyword}}}`);
    if (this.loops === 0) this.fail(`{{${keyword}}} outside {{range}}`);
    this.expect('close', keyword);
    return { kind: keyword };
  }

  private parseBranch(kind: 'if' | 'with' | 'range'): TemplateNode {
    const scope = this.variables.length;
    const pipeline = this.parsePipeline(kind);
    this.expect('close', kind);
    this.loops += kind === 'range' ? 1 : 0;
    const { nodes: body, end } = this.parseBlock();
    this.loops -= kind === 'range' ? 1 : 0;
    const otherwise = end === 'else' ? this.parseElse(kind) : this.closeEnd(end);
    this.variables.length = scope;
    return { kind, pipeline, body, otherwise };
  }

  private closeEnd(end: Block['end']): TemplateNode[] {
    if (end === 'eof') this.fail('unexpected EOF');
    this.expect('close', 'end');
    return [];
  }

  private parseElse(kind: string): readonly TemplateNode[] {
    const next = this.peek();
    if (next.kind === 'keyword' && next.text === kind && kind !== 'range' && (kind === 'if' || kind === 'with')) {
      this.take();
      // `else if` is an if inside of the else, which its own end closes too.
      return [this.parseBranch(kind)];
    }
    this.expect('close', 'else');
    const { nodes, end } = this.parseBlock();
    if (end === 'else') this.fail('expected end; found {{else}}');
    this.closeEnd(end);
    return nodes;
  }

  private parseCall(): TemplateNode {
    const { at } = this.peek(-1);
    const name = this.stringValue(this.expect('string', 'template clause'));
    const pipeline = this.peek().kind === 'close' ? null : this.parsePipeline('template clause');
    this.expect('close', 'template clause');
    return { kind: 'template', name, pipeline, at };
  }

  private parseDefinition(): null {
    const name = this.stringValue(this.expect('string', 'define clause'));
    this.expect('close', 'define clause');
    this.definitions.set(name, this.parseOwnScope());
    return null;
  }

  private parseInlineDefinition(): TemplateNode {
    const { at } = this.peek(-1);
    const name = this.stringValue(this.expect('string', 'block clause'));
    const pipeline = this.parsePipeline('block clause');
    this.expect('close', 'block clause');
    this.definitions.set(name, this.parseOwnScope());
    return { kind: 'template', name, pipeline, at };
  }

  /** A defined template sees none of the variables around it. */
  private parseOwnScope(): readonly TemplateNode[] {
    const outer = this.variables;
    const loops = this.loops;
    this.variables = ['$'];
    this.loops = 0;
    const { nodes, end } = this.parseBlock();
    if (end === 'else') this.fail('unexpected {{else}} in define clause');
    this.closeEnd(end);
    this.variables = outer;
    this.loops = loops;
    return nodes;
  }

  private parsePipeline(context: string): Pipeline {
    this.enter();
    const start = this.peek().at;
    const { names, assigns } = this.parseDeclaration(context);
    const commands = [this.parseCommand(context)];
    while (this.peek().kind === '|') {
      this.take();
      // Go lets a pipeline end in a bar.
      if (this.peek().kind === 'close' || this.peek().kind === ')') break;
      commands.push(this.parseCommand(context));
    }
    for (const command of commands.slice(1)) {
      const { kind } = command.operands[0] ?? { kind: 'literal' };
      if (kind === 'literal' || kind === 'dot') this.fail(`non executable command in pipeline stage ${commands.indexOf(command) + 1}`);
    }
    if (!assigns) this.variables.push(...names);
    this.depth--;
    return { declares: names, assigns, commands, at: start, source: this.sourceFrom(start) };
  }

  private parseDeclaration(context: string): { names: string[]; assigns: boolean } {
    if (this.peek().kind !== 'variable') return { names: [], assigns: false };
    const second = context === 'range' && this.peek(1).kind === ',' && this.peek(2).kind === 'variable';
    const operator = this.peek(second ? 3 : 1).kind;
    if (operator !== ':=' && operator !== '=') return { names: [], assigns: false };
    const names = [this.take().text];
    if (second) {
      this.take();
      names.push(this.take().text);
    }
    this.take();
    for (const name of names)
      if (operator === '=' && !this.variables.includes(name)) this.fail(`undefined variable ${JSON.stringify(name)}`);
    return { names, assigns: operator === '=' };
  }

  private parseCommand(context: string): Command {
    const { at } = this.peek();
    const operands: Operand[] = [];
    while (!['close', ')', '|'].includes(this.peek().kind)) operands.push(this.parseOperand(context));
    if (operands.length === 0 && this.peek().kind === '|') this.fail('unexpected "|" in command');
    if (operands.length === 0) this.fail(`missing value for ${context}`);
    return { operands, at, source: this.sourceFrom(at) };
  }

  private sourceFrom(at: number): string {
    const last = this.peek(-1);
    return this.text
      .slice(at, last.at + last.text.length)
      .replace(/\s+/g, ' ')
      .trim();
  }

  private parseOperand(context: string): Operand {
    const token = this.take();
    const { at } = token;
    switch (token.kind) {
      case 'field': {
        const chain = this.chain(token.text.slice(1));
        return { kind: 'field', chain, at: chain.length > 1 ? at + token.text.length : at, source: this.sourceFrom(at) };
      }
      case 'variable':
        if (!this.variables.includes(token.text)) this.fail(`undefined variable ${JSON.stringify(token.text)}`);
        return this.variable(token);
      case 'dot':
        return { kind: 'dot', at, source: '.' };
      case 'identifier':
        if (!this.hasFunction(token.text)) this.fail(`function ${JSON.stringify(token.text)} not defined`);
        return { kind: 'function', name: token.text, at, source: token.text };
      case '(': {
        const pipeline = this.parsePipeline('parenthesized pipeline');
        this.expect(')', 'parenthesized pipeline');
        return { kind: 'pipeline', pipeline, chain: this.chain(), at, source: this.sourceFrom(at) };
      }
      default:
        return { kind: 'literal', value: this.literal(token, context), at, source: token.text };
    }
  }

  /** A variable; as in Go, one with fields stands where they begin. */
  private variable({ text, at }: TemplateToken): Operand {
    const chain = this.chain();
    return { kind: 'variable', name: text, chain, at: chain.length > 0 ? at + text.length : at, source: this.sourceFrom(at) };
  }

  /** Fields that follow without a space. */
  private chain(...first: string[]): string[] {
    const names = first;
    for (let last = this.peek(-1); this.peek().kind === 'field' && last.at + last.text.length === this.peek().at; last = this.peek(-1)) {
      names.push(this.take().text.slice(1));
    }
    return names;
  }

  private literal(token: TemplateToken, context: string): GoValue {
    switch (token.kind) {
      case 'string':
        return this.stringValue(token);
      case 'character':
        return BigInt(unquote(token.text)?.codePointAt(0) ?? 0);
      case 'bool':
        return token.text === 'true';
      case 'nil':
        return null;
      case 'number':
        return this.numberValue(token.text);
      default:
        this.index--;
        return this.unexpected(context);
    }
  }

  private stringValue({ text }: TemplateToken): string {
    return unquote(text) ?? this.fail(`invalid syntax in string ${text}`);
  }

  private numberValue(text: string): GoValue {
    const digits = text.replaceAll('_', '').replace(/^\+/, '');
    const unsigned = digits.replace(/^-/, '');
    const isInteger = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/.test(unsigned);
    if (isInteger) {
      const magnitude = BigInt(/^0\d/.test(unsigned) ? `0o${unsigned.slice(1)}` : unsigned);
      return digits.startsWith('-') ? -magnitude : magnitude;
    }
    return parseFloat64(digits) ?? this.fail(`bad number syntax: ${JSON.stringify(text)}`);
  }
}
