import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { RuleProblem } from './rule.ts';

/** A node with its anchors followed; null where there is nothing. */
type Resolved = Node | null;

/** A key of a mapping with its value. */
export interface YamlEntry {
  readonly key: string;
  readonly keyNode: Node;
  readonly value: Node | null;
}

/**
 * Reads YAML node by node so that every mistake has a place. Problems are collected, never thrown;
 * what is wrong reads as absent.
 */
export class YamlReader {
  readonly root: Node | null;
  readonly problems: RuleProblem[] = [];
  private readonly file: string;
  private readonly lines = new LineCounter();
  private readonly document: Document;

  constructor(text: string, file: string) {
    this.file = file;
    // Only the first document counts, as in Prometheus.
    const first = text.split(/^---(?=\s|$)/m);
    const lead = isOnlyComments(first[0] ?? '') ? 2 : 1;
    const source = first.slice(0, lead).join('---');
    this.document = parseDocument(source, { lineCounter: this.lines, merge: true, version: '1.2', uniqueKeys: true, prettyErrors: false });
    for (const { message, pos } of this.document.errors) this.problemAt(pos[0], message.split('\n', 1)[0] ?? message);
    this.root = this.problems.length === 0 ? this.document.contents : null;
  }

  /** Notes a problem at a node; without one, at the start of the file. */
  problem(node: Node | null, message: string): void {
    this.problemAt(node?.range?.[0] ?? 0, message);
  }

  private problemAt(offset: number, message: string): void {
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
    if (isAlias(node)) return node.resolve(this.document) ?? null;
    return isMap(node) || isSeq(node) || isScalar(node) ? node : null;
  }

  /** The entries of a mapping, `<<` merged in, own keys first. null and a problem for anything else; empty for nothing. */
  entries(node: Node | null, what: string): YamlEntry[] | null {
    const map = this.resolve(node);
    if (map === null || this.isNull(map)) return [];
    if (!isMap(map)) {
      this.problem(node, `${what}: expected a mapping`);
      return null;
    }
    return this.mergedEntries(map, 0);
  }

  private mergedEntries(map: Extract<Resolved, { items: unknown }> | Node, depth: number): YamlEntry[] {
    if (!isMap(map) || depth > 5) return [];
    const own: YamlEntry[] = [];
    const merged: YamlEntry[] = [];
    for (const pair of map.items) {
      const keyNode = this.resolve(pair.key);
      if (!isScalar(keyNode)) continue;
      // The library gives `<<` as a symbol when it means a merge.
      const key = typeof keyNode.value === 'symbol' ? '<<' : String(keyNode.value);
      const value = isMap(pair.value) || isSeq(pair.value) || isScalar(pair.value) || isAlias(pair.value) ? pair.value : null;
      if (key !== '<<') own.push({ key, keyNode, value });
      else for (const source of this.mergeSources(value)) merged.push(...this.mergedEntries(source, depth + 1));
    }
    const seen = new Set(own.map(({ key }) => key));
    return [...own, ...merged.filter(({ key }) => !seen.has(key) && seen.add(key))];
  }

  private mergeSources(value: Node | null): Node[] {
    const source = this.resolve(value);
    if (isSeq(source)) return source.items.map((item) => this.resolve(item)).filter((item) => item !== null);
    return source === null ? [] : [source];
  }

  /** The items of a sequence. null and a problem for anything else; empty for nothing. */
  items(node: Node | null, what: string): Node[] | null {
    const sequence = this.resolve(node);
    if (sequence === null || this.isNull(sequence)) return [];
    if (!isSeq(sequence)) {
      this.problem(node, `${what}: expected a list`);
      return null;
    }
    return sequence.items.filter((item) => isMap(item) || isSeq(item) || isScalar(item) || isAlias(item));
  }

  /** The text of a scalar as it was written (`1.0` stays `1.0`), empty for null. null and a problem for anything else. */
  text(node: Node | null, what: string): string | null {
    const scalar = this.resolve(node);
    if (scalar === null || this.isNull(scalar)) return '';
    if (isScalar(scalar)) return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value));
    this.problem(node, `${what}: expected a text`);
    return null;
  }

  private isNull(node: Node): boolean {
    return isScalar(node) && node.value === null;
  }
}

/** Whether a text says nothing: then the first document begins behind its separator. */
function isOnlyComments(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(#|$)/.test(line));
}

/** Notes every key that is not known. Prometheus' wording. */
export function refuseUnknownKeys(reader: YamlReader, entries: readonly YamlEntry[], known: readonly string[], type: string): void {
  for (const { key, keyNode } of entries) {
    if (!known.includes(key)) reader.problem(keyNode, `field ${key} not found in ${type}; known are ${known.join(', ')}`);
  }
}
