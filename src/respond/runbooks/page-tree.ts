import type { Definition, Nodes, Root } from 'mdast';
import { toString as plainText } from 'mdast-util-to-string';
import { readFrontMatter } from './front-matter.ts';
import type { Page } from './page.ts';
import { isWithin, readBody, startOf, withoutMask } from './page-body.ts';

/** What a rendered page may be made of. Nothing else ever comes out of a page: no HTML, no images, no scripts. */
export type PageTag =
  | 'p'
  | 'h1'
  | 'h2'
  | 'h3'
  | 'h4'
  | 'h5'
  | 'h6'
  | 'ul'
  | 'ol'
  | 'li'
  | 'blockquote'
  | 'pre'
  | 'code'
  | 'strong'
  | 'em'
  | 'br'
  | 'hr'
  | 'a'
  /** Where the alert rule is shown. */
  | 'rule';

/** A part of a rendered page. Texts are texts: whoever writes them as HTML has to escape them. */
export type PageNode =
  | string
  | {
      readonly tag: PageTag;
      /** `a`: an http, https or mailto address, or a path or `#name` as the page writes it. */
      readonly href?: string;
      /** `ol`: the first number, when it is not 1. */
      readonly start?: number;
      /** `li`: the id of the step it is. */
      readonly step?: string;
      readonly children: readonly PageNode[];
    };

/** The page as a tree of harmless parts. Shortcodes and the quoted rule are gone; each step knows its id. */
export function pageTree(page: Page): readonly PageNode[] {
  const body = readBody(page.text, readFrontMatter(page.text).end);
  if ('message' in body) return [{ tag: 'p', children: [body.message] }];
  const rule = body.shortcodes.find(({ name }) => name === 'rule');
  const writer = new TreeWriter(page, body.root, rule?.start ?? null);
  return body.root.children.filter((node) => !isWithin(body.comments, startOf(node))).flatMap((node) => writer.write(node));
}

const headings = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'] as const;

class TreeWriter {
  /** Step ids by line and column of their items. */
  readonly #steps: ReadonlyMap<string, string>;
  readonly #definitions: ReadonlyMap<string, Definition>;
  readonly #ruleAt: number | null;

  constructor(page: Page, root: Root, ruleAt: number | null) {
    this.#steps = new Map(page.steps.map(({ id, place }) => [`${place.line}:${place.column}`, id]));
    this.#definitions = new Map(definitionsIn(root).map((node) => [node.identifier, node]));
    this.#ruleAt = ruleAt;
  }

  write(node: Nodes): readonly PageNode[] {
    switch (node.type) {
      case 'text':
        return text(node.value);
      case 'paragraph':
        return this.#paragraph(node);
      case 'heading':
        return [{ tag: headings[node.depth - 1] ?? 'h6', children: this.#children(node) }];
      case 'list':
        return [{ tag: node.ordered === true ? 'ol' : 'ul', ...startingAt(node.start), children: this.#children(node) }];
      case 'listItem':
        return [this.#item(node)];
      case 'blockquote':
      case 'strong':
      case 'emphasis':
        return [{ tag: node.type === 'emphasis' ? 'em' : node.type, children: this.#children(node) }];
      case 'inlineCode':
        return [{ tag: 'code', children: [node.value] }];
      case 'code':
        return [{ tag: 'pre', children: [{ tag: 'code', children: [node.value] }] }];
      case 'break':
        return [{ tag: 'br', children: [] }];
      case 'thematicBreak':
        return [{ tag: 'hr', children: [] }];
      case 'link':
        return this.#link(node.url, this.#children(node));
      case 'linkReference':
        return this.#link(this.#definitions.get(node.identifier)?.url ?? '', this.#children(node));
      case 'image':
      case 'imageReference':
        return text(node.alt ?? '');
      case 'html':
        return html(node.value);
      default:
        // Definitions are used where they are named; what else there may be is shown as its text.
        return node.type === 'definition' ? [] : text(plainText(node));
    }
  }

  #children(node: Nodes): readonly PageNode[] {
    return 'children' in node ? node.children.flatMap((child) => this.write(child)) : [];
  }

  /** A paragraph of nothing but shortcodes leaves nothing, or the rule. */
  #paragraph(node: Extract<Nodes, { type: 'paragraph' }>): readonly PageNode[] {
    const children = trimmed(this.#children(node));
    const rule: readonly PageNode[] = this.#holdsRule(node) ? [{ tag: 'rule', children: [] }] : [];
    return children.length === 0 ? rule : [{ tag: 'p', children }, ...rule];
  }

  #holdsRule(node: Nodes): boolean {
    return this.#ruleAt !== null && isWithin([[startOf(node), node.position?.end.offset ?? 0]], this.#ruleAt);
  }

  #item(node: Extract<Nodes, { type: 'listItem' }>): PageNode {
    const { line, column } = node.position?.start ?? { line: 0, column: 0 };
    const step = this.#steps.get(`${line}:${column}`);
    const spread = node.spread === true;
    const children = this.#children(node).flatMap((child) =>
      !spread && typeof child !== 'string' && child.tag === 'p' ? child.children : [child],
    );
    return { tag: 'li', ...(step === undefined ? {} : { step }), children };
  }

  #link(url: string, children: readonly PageNode[]): readonly PageNode[] {
    return isHarmless(url) ? [{ tag: 'a', href: url, children }] : children;
  }
}

function startingAt(start: number | null | undefined): { readonly start?: number } {
  return start === null || start === undefined || start === 1 ? {} : { start };
}

/** Addresses of the web and of mail, and paths that name no scheme and no host. */
function isHarmless(url: string): boolean {
  if (/^(?:https?|mailto):/i.test(url)) return URL.canParse(url);
  return url !== '' && !/^[\s\\/]/.test(url) && !/^[^/?#]*:/.test(url) && !/[\p{Cc}\\]/u.test(url);
}

function text(value: string): readonly PageNode[] {
  const shown = withoutMask(value);
  return shown === '' ? [] : [shown];
}

/** The frame that pages of the public library put around their rule, which is drawn anew. */
const frame: readonly string[] = ['<details>', '</details>', '<summary>Alert Rule</summary>'];

/** HTML is shown as the text it is; its comments and the frame around the rule are left out. */
function html(value: string): readonly PageNode[] {
  const trimmedValue = value.trim();
  if (trimmedValue.startsWith('<!--') && trimmedValue.endsWith('-->')) return [];
  const left = frame.reduce((rest, part) => rest.replaceAll(part, ''), withoutMask(trimmedValue)).trim();
  return left === '' ? [] : [{ tag: 'code', children: [left] }];
}

/** Without blanks at the ends: a shortcode behind a sentence leaves some. */
function trimmed(nodes: readonly PageNode[]): readonly PageNode[] {
  const kept = [...nodes];
  const [first] = kept;
  if (typeof first === 'string') kept[0] = first.trimStart();
  const last = kept.at(-1);
  if (typeof last === 'string') kept[kept.length - 1] = last.trimEnd();
  const filled = kept.filter((node) => node !== '');
  return filled.length === nodes.length || filled.length === 0 ? filled : trimmed(filled);
}

function definitionsIn(node: Nodes): Definition[] {
  if (node.type === 'definition') return [node];
  return 'children' in node ? node.children.flatMap((child) => definitionsIn(child)) : [];
}
