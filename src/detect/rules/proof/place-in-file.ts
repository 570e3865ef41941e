import type { RulePlace } from '../rule.ts';

/**
 * Where an offset of an expression stands in its file. YAML may have folded, quoted or indented the text, but it keeps the order of
 * what is not white space: counting that leads to the place in every style.
 */
export function placeInFile(fileText: string, start: RulePlace, exprText: string, offset: number): RulePlace {
  const before = countVisible(exprText.slice(0, offset));
  let at = offsetOf(fileText, start);
  const style = fileText[at];
  if (style === '|' || style === '>') at = fileText.indexOf('\n', at) + 1 || at;
  else if (style === '"' || style === "'") at++;
  let left = before;
  while (at < fileText.length && (left > 0 || isBlank(fileText[at]))) {
    if (!isBlank(fileText[at])) left--;
    // An escape stands for one character.
    if ((style === '"' && fileText[at] === '\\') || (style === "'" && fileText.startsWith("''", at))) at++;
    at++;
  }
  const lineStart = fileText.lastIndexOf('\n', at - 1) + 1;
  return { file: start.file, line: fileText.slice(0, at).split('\n').length, column: at - lineStart + 1 };
}

function offsetOf(text: string, { line, column }: RulePlace): number {
  let at = 0;
  for (let current = 1; current < line; current++) {
    const next = text.indexOf('\n', at);
    if (next < 0) return at;
    at = next + 1;
  }
  return at + column - 1;
}

function countVisible(text: string): number {
  let count = 0;
  for (const character of text) if (!isBlank(character)) count++;
  return count;
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t';
}
