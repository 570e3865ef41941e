import type { Nodes, Root } from 'mdast';
import { parseMarkdown } from './markdown.ts';
import type { Shortcode, ShortcodeScan } from './shortcodes.ts';
import { scanShortcodes } from './shortcodes.ts';

type Range = readonly [start: number, end: number];

/** The Markdown of a page with its shortcodes taken out. Offsets are those of the page. */
export interface PageBody {
  /** The tree; where a shortcode stood there are characters that {@link withoutMask} removes. */
  readonly root: Root;
  /** Those that count: what stands in comments does not. In order. */
  readonly shortcodes: readonly Shortcode[];
  readonly mistakes: ShortcodeScan['mistakes'];
  /** From behind `{{% comment %}}` to before `{{% /comment %}}`. */
  readonly comments: readonly Range[];
  /** A comment that is never closed, and so is none. */
  readonly unclosed: Shortcode | null;
}

/** Stands where a shortcode stood, so that offsets stay and no Markdown rule sees its quotes and stars. */
const maskCharacter = '\ue000';

/** Reads the text of a page from `start`, where its front matter ends; a sentence with its line when it is too costly to read. */
export function readBody(text: string, start: number): PageBody | { readonly message: string; readonly line: number } {
  const body = blank(text, 0, start);
  const raw = parseMarkdown(body);
  if ('message' in raw) return raw;
  const scan = scanShortcodes(body, codeRanges(raw));
  const { ranges, unclosed } = commentRanges(scan.shortcodes);
  const root = parseMarkdown(masked(body, scan.shortcodes));
  if ('message' in root) return root;
  const shortcodes = scan.shortcodes.filter(({ start: at }) => !isWithin(ranges, at));
  return { root, shortcodes, mistakes: scan.mistakes, comments: ranges, unclosed };
}

/** Whether an offset lies in one of the ranges. */
export function isWithin(ranges: readonly Range[], offset: number): boolean {
  return ranges.some(([start, end]) => offset >= start && offset < end);
}

/** A text of the tree without what stands for shortcodes. */
export function withoutMask(text: string): string {
  return text.replaceAll(maskCharacter, ' ');
}

export function startOf(node: Nodes): number {
  return node.position?.start.offset ?? 0;
}

export function endOf(node: Nodes): number {
  return node.position?.end.offset ?? 0;
}

function commentRanges(shortcodes: readonly Shortcode[]): { readonly ranges: readonly Range[]; readonly unclosed: Shortcode | null } {
  const ranges: Range[] = [];
  let open: Shortcode | null = null;
  for (const shortcode of shortcodes) {
    if (shortcode.name === 'comment' && open === null) open = shortcode;
    else if (shortcode.name === '/comment' && open !== null) {
      ranges.push([open.end, shortcode.start]);
      open = null;
    }
  }
  return { ranges, unclosed: open };
}

/** Ranges in which braces are no shortcodes: code, and comments of HTML. In document order, never overlapping. */
function codeRanges(root: Nodes): Range[] {
  if (root.type === 'code' || root.type === 'inlineCode' || (root.type === 'html' && root.value.startsWith('<!--'))) {
    return [[startOf(root), endOf(root)]];
  }
  return 'children' in root ? root.children.flatMap((child) => codeRanges(child)) : [];
}

function masked(text: string, shortcodes: readonly Shortcode[]): string {
  let result = '';
  let at = 0;
  for (const { start, end } of shortcodes) {
    result += text.slice(at, start) + text.slice(start, end).replaceAll(/[^\r\n]/g, maskCharacter);
    at = end;
  }
  return result + text.slice(at);
}

/** The same text with everything but line ends made blank from `start` to `end`. */
function blank(text: string, start: number, end: number): string {
  return text.slice(0, start) + text.slice(start, end).replaceAll(/[^\r\n]/g, ' ') + text.slice(end);
}
