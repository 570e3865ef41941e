import type { FileText } from './file-text.ts';

/** A comment that silences a check: for a rule, or with `disable-file` for the file. */
export interface SilencingComment {
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly scope: 'rule' | 'file';
  /** The first line of the rule that it is for; null for the file. */
  readonly ruleLine: number | null;
  readonly check: string;
  /** Empty when none is given. */
  readonly reason: string;
}

const pattern = /^(.{0,2000}?)#\s*proxymedic\s+(disable|disable-file)\s+([A-Za-z0-9_-]{1,80})(?:\s*:\s*(.*))?\s*$/;

/** A comment that says what the rules of a file are for. */
export interface ExporterComment {
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly name: string;
}

const exporterPattern = /^(.{0,2000}?)#\s*proxymedic\s+exporter\s+(\S{1,80})\s*$/;

/** Reads `# proxymedic exporter haproxy@2.6` comments: the same as naming the exporter to the command, for one file. */
export function exporterComments(text: FileText): readonly ExporterComment[] {
  if (!text.text.includes('proxymedic')) return [];
  const found: ExporterComment[] = [];
  for (let line = 1; line <= text.lines; line += 1) {
    const match = exporterPattern.exec(text.line(line).slice(0, 4_000));
    if (match === null) continue;
    const [whole, before = '', name = ''] = match;
    found.push({ line, column: before.length + 1, length: whole.length - before.length, name });
  }
  return found;
}

/**
 * Reads `# proxymedic disable <id>: reason` comments. One stands in a rule, or in the comment right above it; `ruleLines` are the first
 * lines of all rules, ascending.
 */
export function silencingComments(text: FileText, ruleLines: readonly number[]): readonly SilencingComment[] {
  if (!text.text.includes('proxymedic')) return [];
  const found: SilencingComment[] = [];
  for (let line = 1; line <= text.lines; line += 1) {
    const match = pattern.exec(text.line(line).slice(0, 4_000));
    if (match === null) continue;
    const [whole, before = '', word, check = '', reason = ''] = match;
    const scope = word === 'disable' ? 'rule' : 'file';
    const ruleLine = scope === 'file' ? null : ruleOf(text, line, ruleLines);
    found.push({ line, column: before.length + 1, length: whole.length - before.length, scope, ruleLine, check, reason: reason.trim() });
  }
  return found;
}

/** A comment on lines of its own belongs to the rule that begins below it, if nothing but comments is between; else to the one it is in. */
function ruleOf(text: FileText, line: number, ruleLines: readonly number[]): number | null {
  let below = line;
  while (below <= text.lines && /^\s*(#|$)/.test(text.line(below))) below += 1;
  if (below !== line && ruleLines.includes(below)) return below;
  return ruleLines.findLast((start) => start <= line) ?? null;
}
