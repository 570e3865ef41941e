import type { PageNode } from '../../respond/runbooks/page-tree.ts';
import { type Html, html, joined } from './html.ts';

/** What a page has around its text. */
export interface TreeSurroundings {
  /** The rule, where the page has it; null when there is none to show. */
  readonly rule: Html | null;
  /** What stands below a step. */
  readonly belowStep: (step: string) => Html | null;
  /** Where a link of the page leads to in the site; null when it leads nowhere that the site has. */
  readonly hrefOf: (href: string) => string | null;
  readonly title: string;
}

/** The text of a page as HTML. The first heading is the title of the document and not written again; others are one deeper than it. */
export function treeHtml(nodes: readonly PageNode[], around: TreeSurroundings): Html {
  let isTitleSeen = false;
  const pieces = nodes.map((node) => {
    if (typeof node !== 'string' && node.tag === 'h1' && !isTitleSeen) {
      isTitleSeen = true;
      return wordsIn(node.children) === around.title ? html`` : html`<h2>${written(node.children, around)}</h2>\n`;
    }
    return nodeHtml(node, around);
  });
  return joined(pieces);
}

/** What the page says before its first section, when it says anything; what the public library's pages begin with is no summary. */
export function summaryOf(nodes: readonly PageNode[]): string | null {
  const firstSection = nodes.findIndex((node) => typeof node !== 'string' && node.tag === 'h2');
  const before = firstSection < 0 ? nodes : nodes.slice(0, firstSection);
  const texts = before.flatMap((node) => (typeof node !== 'string' && node.tag === 'p' ? [wordsIn(node.children)] : []));
  return texts.find((text) => text !== '' && !text.startsWith('Here is ')) ?? null;
}

/** Headings of the page that its sections begin with, with the names by which links reach them. */
export function sectionsOf(nodes: readonly PageNode[]): readonly { readonly id: string; readonly title: string }[] {
  return nodes.flatMap((node) => {
    if (typeof node === 'string' || node.tag !== 'h2') return [];
    const title = wordsIn(node.children);
    return [{ id: anchorOf(title), title }];
  });
}

function nodeHtml(node: PageNode, around: TreeSurroundings): Html {
  if (typeof node === 'string') return html`${node}`;
  const inside = written(node.children, around);
  switch (node.tag) {
    case 'rule':
      return around.rule ?? html``;
    case 'h1':
      return html`<h2>${inside}</h2>\n`;
    case 'h2':
      return html`<h2 id="${anchorOf(wordsIn(node.children))}">${inside}</h2>\n`;
    case 'h3':
      return html`<h3>${inside}</h3>\n`;
    case 'h4':
    case 'h5':
    case 'h6':
      return html`<h4>${inside}</h4>\n`;
    case 'p':
      return html`<p>${inside}</p>\n`;
    case 'ul':
      return html`<ul>${inside}</ul>\n`;
    case 'ol':
      return node.start === undefined ? html`<ol>${inside}</ol>\n` : html`<ol start="${node.start}">${inside}</ol>\n`;
    case 'li':
      return node.step === undefined
        ? html`<li>${inside}</li>\n`
        : html`<li class="step" id="${anchorOf(node.step)}">${inside}${around.belowStep(node.step)}</li>\n`;
    case 'blockquote':
      return html`<blockquote>${inside}</blockquote>\n`;
    case 'pre':
      return html`<pre tabindex="0">${inside}</pre>\n`;
    case 'code':
      return html`<code>${inside}</code>`;
    case 'strong':
      return html`<strong>${inside}</strong>`;
    case 'em':
      return html`<em>${inside}</em>`;
    case 'br':
      return html`<br>`;
    case 'hr':
      return html`<hr>`;
    case 'a':
      return linkHtml(node.href ?? '', inside, around);
  }
}

function written(nodes: readonly PageNode[], around: TreeSurroundings): Html {
  return joined(nodes.map((node) => nodeHtml(node, around)));
}

function linkHtml(href: string, inside: Html, { hrefOf }: TreeSurroundings): Html {
  const target = hrefOf(href);
  return target === null ? inside : html`<a href="${target}" rel="noreferrer">${inside}</a>`;
}

function wordsIn(nodes: readonly PageNode[]): string {
  return nodes
    .map((node) => (typeof node === 'string' ? node : wordsIn(node.children)))
    .join('')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** A name for links: `Diagnosis` and `diagnosis/2.1` become `diagnosis` and `diagnosis-2.1`. */
function anchorOf(text: string): string {
  return (
    text
      .toLowerCase()
      .split(/[^a-z0-9.]+/)
      .filter((part) => part !== '')
      .join('-') || 'section'
  );
}
