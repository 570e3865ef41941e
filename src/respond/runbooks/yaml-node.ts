import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Place } from './runbook-finding.ts';

/** What was read of a YAML text, with the way back from its nodes to lines. `mistake`: it is not YAML. */
export interface YamlText {
  readonly root: unknown;
  readonly mistake: { readonly message: string; readonly place: Place } | null;
  placeOf(node: unknown): Place;
}

/**
 * Parses YAML that somebody else wrote. Aliases stay unresolved nodes, which nobody here reads: a page cannot make
 * a small text large. `firstLine` is the line in the file on which the text begins.
 */
export function parseYamlText(text: string, firstLine: number): YamlText {
  const lines = new LineCounter();
  const document = read(text, lines);
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line) + firstLine - 1, column: Math.max(1, col) };
  };
  if (typeof document === 'string') {
    return { root: null, mistake: { message: document, place: at(0) }, placeOf: () => at(0) };
  }
  const error = document.errors[0];
  const mistake = error === undefined ? null : { message: firstSentence(error.message), place: at(error.pos[0]) };
  return { root: document.contents, mistake, placeOf: (node) => at(offsetOf(node)) };
}

/** The entries of a map in order; null when the node is no map. Keys that are no plain text are left out. */
export function mapEntries(node: unknown): readonly { readonly key: string; readonly keyNode: unknown; readonly value: unknown }[] | null {
  if (!isMap(node)) return null;
  return node.items.flatMap(({ key, value }) => (isScalar(key) ? [{ key: String(key.value), keyNode: key, value }] : []));
}

/** The items of a list; null when the node is no list. */
export function listItems(node: unknown): readonly unknown[] | null {
  return isSeq(node) ? node.items : null;
}

/** The text of a scalar, as written: nothing is taken for a number or a date. null for anything else. */
export function scalarText(node: unknown): string | null {
  return isScalar(node) && typeof node.value === 'string' ? node.value : null;
}

/** A map of texts; what is no text is left out. */
export function textMap(node: unknown): Readonly<Record<string, string>> {
  const texts: Record<string, string> = Object.create(null);
  for (const { key, value } of mapEntries(node) ?? []) {
    const text = scalarText(value);
    if (text !== null) texts[key] = text;
  }
  return texts;
}

/** The text that a node is written in, its lines moved left by the columns that stand before it. */
export function sourceOf(text: string, node: unknown, column: number): string {
  const range = (node as Partial<Node> | null | undefined)?.range;
  const [first = '', ...others] = text.slice(range?.[0] ?? 0, range?.[1] ?? 0).split(/\r\n|\r|\n/);
  const indent = ' '.repeat(column - 1);
  return [first, ...others.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line.trimStart()))].join('\n').trimEnd();
}

function read(text: string, lines: LineCounter): Document | string {
  try {
    return parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error', schema: 'failsafe' });
  } catch (error) {
    return error instanceof Error ? firstSentence(error.message) : 'cannot be read';
  }
}

function offsetOf(node: unknown): number {
  const range = (node as Partial<Node> | null | undefined)?.range;
  return range?.[0] ?? 0;
}

function firstSentence(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
