import type { Root } from 'mdast';
import remarkParse from 'remark-parse';
import { unified } from 'unified';

/** Limits under which the Markdown parser needs milliseconds; beyond them it may need minutes. */
const nestingMax = 40;
const lineLengthMax = 10_000;
const specialsPerParagraphMax = 1_500;
/** Emphasis costs the square of the signs in a paragraph: the sum of these squares over a page. */
const costMax = 30_000_000;

const markdown = unified().use(remarkParse);

/** The tree of a CommonMark text, or the sentence that says why it cannot be read and on which line. */
export function parseMarkdown(text: string): Root | { readonly message: string; readonly line: number } {
  const trouble = tooCostly(text);
  if (trouble !== null) return trouble;
  try {
    return markdown.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { message: `the Markdown cannot be read: ${reason.slice(0, 200)}`, line: 1 };
  }
}

/** One pass over the lines: how deep they nest, and how much emphasis, links and quotes one paragraph holds. */
function tooCostly(text: string): { readonly message: string; readonly line: number } | null {
  let specials = 0;
  let cost = 0;
  let line = 0;
  for (const content of text.split(/\r\n|\r|\n/)) {
    line += 1;
    if (content.length > lineLengthMax) {
      return { message: `a line has ${content.length} characters, the limit is ${lineLengthMax}`, line };
    }
    if (nesting(content) > nestingMax) return { message: `lists or quotes nest deeper than ${nestingMax}`, line };
    const before = content.trim() === '' ? 0 : specials;
    specials = before + countSpecials(content);
    cost += specials * specials - before * before;
    if (specials > specialsPerParagraphMax || cost > costMax) {
      return { message: `too many signs of emphasis, links and code (${specialsPerParagraphMax} in one paragraph are the limit)`, line };
    }
  }
  return null;
}

/** Quotes and list markers in front of a line, and two blanks of indentation each count as one. */
function nesting(line: string): number {
  let blanks = 0;
  let depth = 0;
  for (const character of line) {
    if (character === ' ') blanks += 1;
    else if (character === '\t') blanks += 4;
    else if (character === '>' || character === '-' || character === '*' || character === '+') depth += 1;
    else if ((character >= '0' && character <= '9') || character === '.' || character === ')') continue;
    else break;
  }
  return depth + Math.floor(blanks / 2);
}

function countSpecials(line: string): number {
  let count = 0;
  for (const character of line) if ('*_[]`<!'.includes(character)) count += 1;
  return count;
}
