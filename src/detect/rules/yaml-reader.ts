import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  visit,
  type YAMLMap,
} from 'yaml';
import { quote } from '../promql/go-string.ts';
import type { RuleProblem } from './rule.ts';

/** A node with its anchors followed; null where there is nothing. */
type Resolved = Node | null;

/** A key of a mapping with its value. */
export interface YamlEntry {
  readonly key: string;
  readonly keyNode: Node;
  readonly value: Node | null;
}

/** Enough to see what is wrong with a file that is no rule file at all. */
const problemsMax = 1_000;
/** Keys and items that are read, aliases followed: a small file of aliases can mean a huge one. */
const visitsMax = 2_000_000;
const mergeDepthMax = 50;

/**
 * Reads YAML node by node so that every mistake has a place. Problems are collected, never thrown; what is wrong reads as absent.
 * Problems are worded as by the decoder of Prometheus, which is why callers name the types that it has.
 */
export class YamlReader {
  readonly root: Node | null;
  readonly problems: RuleProblem[] = [];
  private readonly file: string;
  private readonly lines = new LineCounter();
  /** What each alias stands for. */
  private readonly targets = new Map<Alias, Node>();
  private readonly merged = new Map<YAMLMap, readonly YamlEntry[]>();
  private visits = 0;

  constructor(text: string, file: string) {
    this.file = file;
    this.root = this.attempt(() => this.compose(text.replace(/^\uFEFF/, '')));
  }

  private compose(text: string): Node | null {
    const composer = new Composer({ merge: true, version: '1.2', uniqueKeys: false, customTags: ['binary'] });
    // Only the first document counts, as in Prometheus: what comes after it is not even read.
    const document = composer.compose(new Parser(this.lines.addNewLine).parse(text)).next().value;
    if (document === undefined) return null;
    // The parser reports the end of its stack as a mistake of the text.
    for (const { message, pos } of document.errors) this.problemAt(pos[0], /call stack/.test(message) ? tooDeep : firstLine(message));
    if (this.problems.length > 0) return null;
    this.findTargets(document);
    return document.contents;
  }

  /** In one pass: the library would walk through the document for every alias. */
  private findTargets(document: Document): void {
    const anchors = new Map<string, Node>();
    visit(document, {
      Node: (_, node) => {
        if (!isAlias(node)) {
          if (node.anchor !== undefined) anchors.set(node.anchor, node);
          return;
        }
        const target = anchors.get(node.source);
        if (target !== undefined) this.targets.set(node, target);
      },
    });
  }

  private attempt<T>(read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.problem(null, tooDeep);
      return null;
    }
  }

  /** Notes a problem at a node; without one, at the start of the file. */
  problem(node: Node | null, message: string): void {
    this.problemAt(node?.range?.[0] ?? 0, message);
  }

  private problemAt(offset: number, message: string): void {
    if (this.problems.length >= problemsMax) return;
    this.problems.push({ file: this.file, ...this.placeAt(offset), message });
  }

  place(node: Node | null): { file: string; line: number; column: number } {
    return { file: this.file, ...this.placeAt(node?.range?.[0] ?? 0) };
  }

  private placeAt(offset: number): { line: number; column: number } {
    const { line, col } = this.lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  private resolve(node: unknown): Resolved {
    if (isAlias(node)) {
      const target = this.targets.get(node);
      if (target === undefined) this.problem(node, `unknown anchor '${node.source}' referenced`);
      return target ?? null;
    }
    return isMap(node) || isSeq(node) || isScalar(node) ? node : null;
  }

  /** The entries of a mapping, `<<` merged in, own keys first. null and a problem for anything else; empty for nothing. */
  entries(node: Node | null, type: string): YamlEntry[] | null {
    const map = this.resolve(node);
    if (map === null || isNull(map)) return [];
    if (!isMap(map)) {
      this.wrongKind(node, map, type);
      return null;
    }
    const entries = this.mergedEntries(map, 0);
    return this.visit(node, entries.length) ? [...entries] : null;
  }

  private mergedEntries(map: YAMLMap, depth: number): readonly YamlEntry[] {
    const known = this.merged.get(map);
    if (known !== undefined) return known;
    // For a mapping that is merged into itself.
    this.merged.set(map, []);
    const own = new Map<string, YamlEntry>();
    const sources: YAMLMap[] = [];
    for (const pair of map.items) {
      const keyNode = this.resolve(pair.key);
      const value = isMap(pair.value) || isSeq(pair.value) || isScalar(pair.value) || isAlias(pair.value) ? pair.value : null;
      // The library gives `<<` as a symbol when it means a merge.
      if (isScalar(keyNode) && (keyNode.value === '<<' || typeof keyNode.value === 'symbol')) sources.push(...this.mergeSources(value));
      else if (isScalar(keyNode)) this.addOwn(own, { key: textOf(keyNode), keyNode, value });
      else if (keyNode !== null) this.wrongKind(keyNode, keyNode, 'string');
    }
    for (const source of depth < mergeDepthMax ? sources : [])
      for (const entry of this.mergedEntries(source, depth + 1)) if (!own.has(entry.key)) own.set(entry.key, entry);
    const entries = [...own.values()];
    this.merged.set(map, entries);
    return entries;
  }

  /** False when a file means more than anybody could have written. */
  private visit(node: Node | null, count: number): boolean {
    const before = this.visits;
    this.visits += count + 1;
    if (before <= visitsMax && this.visits > visitsMax)
      this.problem(node, `document contains excessive aliasing: more than ${visitsMax} keys and items`);
    return this.visits <= visitsMax;
  }

  private addOwn(own: Map<string, YamlEntry>, entry: YamlEntry): void {
    const before = own.get(entry.key);
    if (before === undefined) own.set(entry.key, entry);
    else this.problem(entry.keyNode, `mapping key ${quote(entry.key)} already defined at line ${this.place(before.keyNode).line}`);
  }

  private mergeSources(value: Node | null): YAMLMap[] {
    const source = this.resolve(value);
    const sources = isSeq(source) ? source.items.map((item) => this.resolve(item)) : [source];
    return sources.filter((item) => isMap(item));
  }

  /** The items of a sequence without those that are nothing. null and a problem for anything else; empty for nothing. */
  items(node: Node | null, type: string): Node[] | null {
    const sequence = this.resolve(node);
    if (sequence === null || isNull(sequence)) return [];
    if (!isSeq(sequence)) {
      this.wrongKind(node, sequence, `[]${type}`);
      return null;
    }
    if (!this.visit(node, sequence.items.length)) return null;
    return sequence.items.filter((item): item is Node => {
      const resolved = this.resolve(item);
      return resolved !== null && !isNull(resolved);
    });
  }

  /** The text of a scalar as it was written (`1.0` stays `1.0`), empty for null. null and a problem for anything else. */
  text(node: Node | null): string | null {
    const scalar = this.resolve(node);
    if (scalar === null || isNull(scalar)) return '';
    if (isScalar(scalar)) return textOf(scalar);
    this.wrongKind(node, scalar, 'string');
    return null;
  }

  /** Whether there is a value at all: neither missing nor null. */
  isGiven(node: Node | null): boolean {
    const resolved = this.resolve(node);
    return resolved !== null && !isNull(resolved);
  }

  /** A whole number, 0 for null; a fraction is cut off. null and a problem for anything else. */
  integer(node: Node | null): number | null {
    const scalar = this.resolve(node);
    if (scalar === null || isNull(scalar)) return 0;
    const value = isScalar(scalar) && scalar.type === 'PLAIN' ? integerOf(textOf(scalar)) : null;
    if (value === null) this.wrongKind(node, scalar, 'int');
    return value;
  }

  private wrongKind(at: Node | null, node: Node, type: string): void {
    this.problem(at, `cannot unmarshal ${described(node)} into ${type}`);
  }
}

const tooDeep = 'nested too deeply';

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

function isNull(node: Node): boolean {
  return isScalar(node) && node.value === null;
}

function textOf(scalar: { readonly value: unknown; readonly source?: string }): string {
  if (scalar.value instanceof Uint8Array) return Buffer.from(scalar.value).toString();
  return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value));
}

/** `!!str `hello``: the kind of a node, and what it says when it is short. */
function described(node: Node): string {
  if (isMap(node)) return '!!map';
  if (isSeq(node) || !isScalar(node)) return '!!seq';
  const text = textOf(node);
  const kinds: Readonly<Record<string, string>> = {
    boolean: '!!bool',
    bigint: '!!int',
    number: /^[-+]?[\dxob_]+$/.test(text) ? '!!int' : '!!float',
  };
  return `${kinds[typeof node.value] ?? '!!str'} \`${text.length > 10 ? `${text.slice(0, 7)}...` : text}\``;
}

/** A number as Go reads it: in any base that its prefix names, with underscores, a float cut to a whole number. */
function integerOf(text: string): number | null {
  const plain = text.replaceAll('_', '');
  const [, sign = '', digits = ''] = /^([-+]?)(.*)$/s.exec(plain) ?? [];
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const isNumber = /^(?:0x[\da-f]+|0o[0-7]+|0b[01]+|\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?)$/i.test(octal);
  const value = isNumber ? Math.trunc(Number(octal)) * (sign === '-' ? -1 : 1) : Number.NaN;
  return Math.abs(value) < 2 ** 63 ? value : null;
}

/** Notes every key that is not known, in the words of Prometheus. */
export function refuseUnknownKeys(reader: YamlReader, entries: readonly YamlEntry[], known: readonly string[], type: string): void {
  for (const { key, keyNode } of entries) {
    if (!known.includes(key)) reader.problem(keyNode, `field ${key} not found in type ${type}; known are ${known.join(', ')}`);
  }
}
