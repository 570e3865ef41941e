import { type Html, html } from './html.ts';
import { document } from './layout.ts';
import type { PlacedPage } from './site-page.ts';
import { summaryOf } from './tree-html.ts';

const textMax = 4_000;

/** The first page of the site: all pages by folder. It needs no script. */
export function indexHtml(pages: readonly PlacedPage[]): string {
  const folders = [...new Set(pages.map(({ page }) => page.folder))].sort();
  const main = html`<h1>Runbooks</h1>
<p class="lead">${pages.length} pages. Each belongs to an alert and says what to look at, and what may be done.</p>
${folders.map((folder) =>
  folderHtml(
    folder,
    pages.filter(({ page }) => page.folder === folder),
  ),
)}`;
  return document('index.html', 'Runbooks', main);
}

function folderHtml(folder: string, pages: readonly PlacedPage[]): Html {
  return html`<section class="folder">
<h2>${folder === '' ? 'Pages' : folder} <span class="count">${pages.length}</span></h2>
<ul class="cards">
${pages.map(({ page, place }) => {
  const severity = page.shownRule?.labels['severity'];
  return html`<li><a href="${place}">${page.title}</a>
<p>${summaryOf(page.tree) ?? page.description ?? ''}</p>
<p class="facts">${page.steps} steps${page.unbound === 0 ? null : html`, <span class="open">${page.unbound} unbound</span>`}${severity === undefined ? null : html`, ${severity}`}</p></li>
`;
})}
</ul>
</section>
`;
}

/** What the search goes through, as a script: pages read from a disk may not fetch. */
export function searchIndex(pages: readonly PlacedPage[]): string {
  const entries = pages.map(({ page, place }) => ({
    title: page.title,
    place,
    folder: page.folder,
    names: [...page.aliases, page.rule?.alert ?? ''].filter((name) => name !== '' && name !== page.title),
    description: summaryOf(page.tree) ?? page.description ?? '',
    text: page.items
      .map((item) => [item.text, ...item.bound.flatMap(({ id, when, why }) => [id, ...when, why ?? ''])].join(' '))
      .join('\n')
      .slice(0, textMax),
  }));
  // Nothing in it can end the script or a line of it early.
  const json = JSON.stringify(entries).replaceAll(
    /[<\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `globalThis.runbookPages = ${json};\n`;
}
