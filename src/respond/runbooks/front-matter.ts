import type { Place } from './runbook-finding.ts';
import { mapEntries, parseYamlText, scalarText } from './yaml-node.ts';

/** The block between two `---` lines at the beginning of a page. */
export interface FrontMatter {
  readonly title: string | null;
  readonly description: string | null;
  /** Offset behind the block: where the page itself begins; 0 without a block. */
  readonly end: number;
  readonly mistake: { readonly message: string; readonly place: Place } | null;
}

const sizeMax = 16_384;

/** Reads the front matter. A page without one is fine; one that is not closed or not YAML is a mistake, never a crash. */
export function readFrontMatter(text: string): FrontMatter {
  const start = text.startsWith('\ufeff') ? 1 : 0;
  const first = /^---[ \t]*\r?\n/.exec(text.slice(start, start + 200));
  if (first === null) return { title: null, description: null, end: 0, mistake: null };
  const from = start + first[0].length;
  const close = closingLine(text, from);
  if (close === null) {
    const message = `the front matter is not closed within ${sizeMax} characters`;
    return { title: null, description: null, end: 0, mistake: { message, place: { line: 1, column: 1 } } };
  }
  const yaml = parseYamlText(text.slice(from, close.start), 2);
  const entries = mapEntries(yaml.root);
  const value = (key: string): string | null => scalarText(entries?.find((entry) => entry.key === key)?.value);
  return { title: value('title'), description: value('description'), end: close.end, mistake: yaml.mistake };
}

function closingLine(text: string, from: number): { start: number; end: number } | null {
  let lineStart = from;
  while (lineStart < text.length && lineStart - from <= sizeMax) {
    const newline = text.indexOf('\n', lineStart);
    const lineEnd = newline < 0 ? text.length : newline;
    if (lineEnd - lineStart < 100 && text.slice(lineStart, lineEnd).trimEnd() === '---') {
      return { start: lineStart, end: newline < 0 ? text.length : newline + 1 };
    }
    lineStart = lineEnd + 1;
  }
  return null;
}
