/** Text from outside on one line, with everything a terminal would obey shown as `\xNN`: a label must not give it commands. */
export function safe(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => {
    if (character === '\n' || character === '\t') return ' ';
    return `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`;
  });
}

/** Text of several lines (a report, a page): line breaks stay, other control characters are shown. */
export function safeLines(text: string): string {
  return text
    .split('\n')
    .map((line) => safe(line.replaceAll('\t', '  ')))
    .join('\n');
}

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  bad(text: string): string;
  good(text: string): string;
  warn(text: string): string;
}

/** Colours, or none. Never the only carrier of a meaning: the words say it too. */
export function createStyle(color: boolean): Style {
  const paint = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: paint(1), dim: paint(2), bad: paint(31), good: paint(32), warn: paint(33) };
}

const columnsMin = 40;
const hangingColumns = 2;

/** Breaks a sentence at spaces so that no line is wider than `columns`; starts with `indent`, goes on two further in. */
export function wrap(text: string, columns: number, indent: string): string {
  const width = Math.max(columnsMin, columns) - indent.length - hangingColumns;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((part, index) => `${indent}${index === 0 ? '' : ' '.repeat(hangingColumns)}${part}`).join('\n');
}

/** Columns as wide as their widest cell, two spaces apart; the last one ends where it ends. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** `2026-11-20 10:00:00Z` from an ISO instant; other text stays. */
export function shortInstant(text: string | null): string {
  if (text === null) return '-';
  return /^\d{4}-\d\d-\d\dT/.test(text) ? `${text.slice(0, 10)} ${text.slice(11, 19)}Z` : safe(text);
}
