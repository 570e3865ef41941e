import type { Place, RunbookCheck, RunbookFinding } from './runbook-finding.ts';
import { shown } from './runbook-finding.ts';
import type { YamlText } from './yaml-node.ts';
import { listItems, mapEntries, parseYamlText, scalarText } from './yaml-node.ts';

/**
 * Reads a YAML file that a person wrote for us. Strict: an unknown key, a wrong type or a missing part becomes a finding with
 * line and column, and what could be read is given back all the same, so that one reading finds all mistakes.
 */
export class StrictYaml {
  readonly #path: string;
  readonly #check: RunbookCheck;
  readonly #yaml: YamlText;
  readonly #findings: RunbookFinding[] = [];

  constructor(text: string, path: string, check: RunbookCheck) {
    this.#path = path;
    this.#check = check;
    this.#yaml = parseYamlText(text, 1);
    const { mistake } = this.#yaml;
    if (mistake !== null) this.mistakeAt(mistake.place, mistake.message, 'Check the indentation, brackets and quotes here');
  }

  get root(): unknown {
    return this.#yaml.root;
  }

  get findings(): readonly RunbookFinding[] {
    return this.#findings;
  }

  placeOf(node: unknown): Place {
    return this.#yaml.placeOf(node);
  }

  /** Values of a map by key; null when it is none. Keys that are not `known` are mistakes. */
  map(node: unknown, known: readonly string[], what: string): Map<string, unknown> | null {
    const entries = mapEntries(node);
    if (entries === null) {
      this.mistake(node, `${what} is not a map`, `It may have ${known.join(', ')}`);
      return null;
    }
    for (const { key, keyNode } of entries) {
      if (!known.includes(key)) this.mistake(keyNode, `${what} has an unknown key ${shown(key)}`, `It may have ${known.join(', ')}`);
    }
    return new Map(entries.map(({ key, value }) => [key, value]));
  }

  /** Items of a list; none when it is absent. */
  list(node: unknown, what: string): readonly unknown[] {
    if (node === undefined) return [];
    const items = listItems(node);
    if (items === null) this.mistake(node, `${what} is not a list`, 'Write it as [a, b]');
    return items ?? [];
  }

  /** A list of texts; none when it is absent. */
  texts(node: unknown, key: string, of: string): string[] {
    return this.list(node, key).flatMap((item) => {
      const text = scalarText(item);
      if (text === null) this.mistake(item, `${key} holds something that is not a text`, `It is a list of ${of}`);
      return text === null ? [] : [text];
    });
  }

  /** A text that has to be there. */
  text(node: unknown, key: string, what: string): string | null {
    const text = scalarText(node);
    if (text !== null && text.trim() !== '') return text;
    this.mistake(node ?? this.root, `${key} is missing or not a text`, `Write ${what}`);
    return null;
  }

  mistake(node: unknown, message: string, fix: string): void {
    this.mistakeAt(this.placeOf(node), message, fix);
  }

  mistakeAt({ line, column }: Place, message: string, fix: string): void {
    this.#findings.push({ check: this.#check, severity: 'error', file: this.#path, line, column, alert: null, message, fix });
  }
}
