import { argumentCounts } from './argument-counts.ts';
import { methodOf } from './go-methods.ts';
import { formatGoValue, GoMap, GoStruct, type GoValue, isList, isTrue, sortedEntries, typeName } from './go-value.ts';
import { TemplateError, TemplateFunctionError } from './template-error.ts';
import type { Command, Operand, ParsedTemplate, Pipeline, TemplateNode } from './template-nodes.ts';

/** A function that a template may call. Throws `TemplateFunctionError`. */
export type TemplateFunction = (args: readonly GoValue[]) => GoValue;

/** How much work one expansion may be: rules come from outside, and so do the labels in them. */
const stepsMax = 100_000;
const outputMax = 1_000_000;
const callDepthMax = 100;

interface Variable {
  readonly name: string;
  value: GoValue;
}

/** `break` and `continue` on their way to their loop. */
type Flow = 'on' | 'break' | 'continue';

/** Fills a template. Throws `TemplateError` with Go's message. */
export function executeTemplate(template: ParsedTemplate, data: GoValue, functions: ReadonlyMap<string, TemplateFunction>): string {
  const executor = new TemplateExecutor(template, functions);
  executor.run(template.body, data);
  return executor.output;
}

class TemplateExecutor {
  output = '';
  private readonly template: ParsedTemplate;
  private readonly functions: ReadonlyMap<string, TemplateFunction>;
  private variables: Variable[] = [];
  private steps = 0;
  private calls = 0;

  constructor(template: ParsedTemplate, functions: ReadonlyMap<string, TemplateFunction>) {
    this.template = template;
    this.functions = functions;
  }

  run(nodes: readonly TemplateNode[], data: GoValue): void {
    const outer = this.variables;
    this.variables = [{ name: '$', value: data }];
    this.walk(nodes, data);
    this.variables = outer;
  }

  private fail(place: { readonly at: number; readonly source: string }, problem: string): never {
    const before = this.template.text.slice(0, place.at);
    const line = before.split('\n').length;
    const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1));
    const { name } = this.template;
    throw new TemplateError(`template: ${name}:${line}:${column}: executing ${JSON.stringify(name)} at <${place.source}>: ${problem}`);
  }

  private step(place: { readonly at: number; readonly source: string }): void {
    if (++this.steps > stepsMax) this.fail(place, `the template takes more than ${stepsMax} steps`);
  }

  private write(text: string, place: { readonly at: number; readonly source: string }): void {
    this.output += text;
    if (this.output.length > outputMax) this.fail(place, `the text is longer than ${outputMax} characters`);
  }

  private walk(nodes: readonly TemplateNode[], dot: GoValue): Flow {
    for (const node of nodes) {
      const flow = this.visit(node, dot);
      if (flow !== 'on') return flow;
    }
    return 'on';
  }

  private visit(node: TemplateNode, dot: GoValue): Flow {
    switch (node.kind) {
      case 'text':
        this.write(node.text, { at: 0, source: '' });
        return 'on';
      case 'action':
        this.act(node.pipeline, dot);
        return 'on';
      case 'template':
        this.call(node, dot);
        return 'on';
      case 'if':
      case 'with':
        return this.branch(node, dot);
      case 'range':
        return this.range(node, dot);
      case 'break':
      case 'continue':
        return node.kind;
    }
  }

  private act(pipeline: Pipeline, dot: GoValue): void {
    const value = this.pipeline(pipeline, dot);
    if (pipeline.declares.length === 0) this.write(value === null ? '<no value>' : formatGoValue(value), pipeline);
  }

  private branch(node: Extract<TemplateNode, { kind: 'if' | 'with' | 'range' }>, dot: GoValue): Flow {
    const scope = this.variables.length;
    const value = this.pipeline(node.pipeline, dot);
    const flow = isTrue(value) ? this.walk(node.body, node.kind === 'with' ? value : dot) : this.walk(node.otherwise, dot);
    this.variables.length = scope;
    return flow;
  }

  private range(node: Extract<TemplateNode, { kind: 'if' | 'with' | 'range' }>, dot: GoValue): Flow {
    const scope = this.variables.length;
    const { pipeline } = node;
    const ranged = this.commandChain(pipeline, dot);
    if (typeof ranged === 'bigint' && pipeline.declares.length > 1)
      this.fail(pipeline, `can't use ${ranged} to iterate over more than one variable`);
    const entries = this.entriesOf(ranged, pipeline);
    for (const [key, value] of entries) {
      this.step(pipeline);
      this.declareLoop(pipeline, key, value);
      const flow = this.walk(node.body, value);
      this.variables.length = scope;
      if (flow === 'break') break;
    }
    return entries.length === 0 ? this.walk(node.otherwise, dot) : 'on';
  }

  private declareLoop({ declares, assigns }: Pipeline, key: GoValue, value: GoValue): void {
    const [first, second] = declares;
    if (second !== undefined && first !== undefined) {
      this.set(first, key, assigns);
      this.set(second, value, assigns);
    } else if (first !== undefined) this.set(first, value, assigns);
  }

  private entriesOf(value: GoValue, place: Pipeline): (readonly [GoValue, GoValue])[] {
    if (isList(value)) return value.map((item, index) => [BigInt(index), item] as const);
    if (value instanceof GoMap) return sortedEntries(value);
    if (value === null || value === undefined) return [];
    if (typeof value !== 'bigint') this.fail(place, `range can't iterate over ${formatGoValue(value)}`);
    if (value > BigInt(stepsMax)) this.fail(place, `the template takes more than ${stepsMax} steps`);
    return Array.from({ length: Math.max(0, Number(value)) }, (_, index) => [BigInt(index), BigInt(index)] as const);
  }

  private call(node: Extract<TemplateNode, { kind: 'template' }>, dot: GoValue): void {
    const place = { at: node.at, source: `{{template ${JSON.stringify(node.name)}}}` };
    const body = this.template.definitions.get(node.name);
    if (body === undefined) this.fail(place, `template ${JSON.stringify(node.name)} not defined`);
    this.step(place);
    if (++this.calls > callDepthMax) this.fail(place, `exceeded maximum template depth (${callDepthMax})`);
    this.run(body, node.pipeline === null ? null : this.pipeline(node.pipeline, dot));
    this.calls--;
  }

  private set(name: string, value: GoValue, assigns: boolean): void {
    const known = assigns ? this.variables.findLast((variable) => variable.name === name) : undefined;
    if (known === undefined) this.variables.push({ name, value });
    else known.value = value;
  }

  private pipeline(pipeline: Pipeline, dot: GoValue): GoValue {
    const value = this.commandChain(pipeline, dot);
    for (const name of pipeline.declares) this.set(name, value, pipeline.assigns);
    return value;
  }

  /** The value of the last command; each command's value is the last argument of the next. */
  private commandChain({ commands }: Pipeline, dot: GoValue): GoValue {
    let value: GoValue;
    for (const [index, command] of commands.entries()) value = this.command(command, dot, index === 0 ? [] : [value]);
    return value;
  }

  private command(command: Command, dot: GoValue, piped: readonly GoValue[]): GoValue {
    this.step(command);
    const [first, ...rest] = command.operands;
    if (first === undefined) return undefined;
    if (first.kind === 'function') return this.callFunction(first.name, command, rest, dot, piped);
    if (first.kind === 'literal' && first.value === null) this.fail(command, 'nil is not a command');
    if (rest.length === 0 && piped.length === 0) return this.operand(first, dot);
    return this.callMethod(first, command, rest, dot, piped);
  }

  private callFunction(name: string, command: Command, operands: readonly Operand[], dot: GoValue, piped: readonly GoValue[]): GoValue {
    if (name === 'and' || name === 'or') return this.shortCircuit(name, operands, dot, piped);
    const given = operands.length + piped.length;
    const wanted = argumentCounts.get(name) ?? given;
    if (given !== wanted) this.fail(command.operands[0] ?? command, `wrong number of args for ${name}: want ${wanted} got ${given}`);
    const args = [...operands.map((operand) => this.operand(operand, dot)), ...piped];
    return this.guarded(command, name, () => {
      const made = this.functions.get(name);
      if (made === undefined) throw new TemplateFunctionError(`function ${JSON.stringify(name)} not defined`);
      return made(args);
    });
  }

  private guarded(place: Command, name: string, call: () => GoValue): GoValue {
    try {
      return call();
    } catch (error) {
      // Go finds a wrong type before it calls.
      if (error instanceof TemplateFunctionError && error.message.startsWith('wrong type for value;')) this.fail(place, error.message);
      if (error instanceof TemplateFunctionError) this.fail(place, `error calling ${name}: ${error.message}`);
      throw error;
    }
  }

  private shortCircuit(name: 'and' | 'or', operands: readonly Operand[], dot: GoValue, piped: readonly GoValue[]): GoValue {
    let value: GoValue;
    for (const operand of operands) {
      value = this.operand(operand, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  /** A field with arguments is a method call, as in `$time.Format "2006"`. */
  private callMethod(first: Operand, command: Command, operands: readonly Operand[], dot: GoValue, piped: readonly GoValue[]): GoValue {
    const chain = 'chain' in first ? first.chain : [];
    const method = chain.at(-1);
    if (method === undefined) return this.fail(command, `can't give argument to non-function ${first.source}`);
    const base = this.fields(this.base(first, dot), chain.slice(0, -1), first);
    const made = methodOf(base, method);
    if (made === null && base instanceof GoMap) return this.fail(first, `${method} is not a method but has arguments`);
    if (made === null) return this.fail(first, `${method} has arguments but cannot be invoked as function`);
    const args = [...operands.map((operand) => this.operand(operand, dot)), ...piped];
    return this.guarded(command, method, () => made(args));
  }

  private operand(operand: Operand, dot: GoValue): GoValue {
    this.step(operand);
    if (operand.kind === 'literal') return operand.value;
    if (operand.kind === 'dot') return dot;
    if (operand.kind === 'function') return this.callFunction(operand.name, { operands: [operand], ...operand }, [], dot, []);
    return this.fields(this.base(operand, dot), operand.chain, operand);
  }

  private base(operand: Operand, dot: GoValue): GoValue {
    if (operand.kind === 'variable') return this.variables.findLast(({ name }) => name === operand.name)?.value;
    return operand.kind === 'pipeline' ? this.pipeline(operand.pipeline, dot) : dot;
  }

  private fields(base: GoValue, chain: readonly string[], place: Operand): GoValue {
    let value = base;
    for (const name of chain) value = this.field(value, name, place);
    return value;
  }

  private field(value: GoValue, name: string, place: Operand): GoValue {
    if (value instanceof GoMap) return value.entries.has(name) ? value.entries.get(name) : value.zero;
    if (value instanceof GoStruct && value.fields.has(name)) return value.fields.get(name);
    if (value === null || value === undefined) return this.fail(place, `nil data; no entry for key ${JSON.stringify(name)}`);
    const method = methodOf(value, name);
    if (method === null) return this.fail(place, `can't evaluate field ${name} in type ${typeName(value)}`);
    return this.guarded({ operands: [place], ...place }, name, () => method([]));
  }
}
