import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { indexHtml, searchIndex } from '../interfaces/site/index-html.ts';
import type { LiveAlert } from '../interfaces/site/live-html.ts';
import { pageHtml } from '../interfaces/site/page-html.ts';
import { type PlacedPage, placePages, type SitePage } from '../interfaces/site/site-page.ts';
import { allChecks } from '../respond/diagnosis/all-checks.ts';
import { type RuleFile, ruleOfPage } from '../respond/runbooks/findings.ts';
import type { LoadedRunbooks } from '../respond/runbooks/load-runbooks.ts';
import type { Page } from '../respond/runbooks/page.ts';
import { pageTree } from '../respond/runbooks/page-tree.ts';
import { runbookPageView } from './runbook-view.ts';

const assets: readonly string[] = ['site.css', 'search.js'];
const assetsDirectory = fileURLToPath(new URL('../interfaces/site/assets/', import.meta.url));
const checkTitles = new Map(allChecks.map(({ id, title }) => [id, title]));

/** All pages of a shelf with their places in a site. */
export function sitePages(shelf: LoadedRunbooks, rules: readonly RuleFile[]): readonly PlacedPage[] {
  return placePages(shelf.pages.map((page) => sitePage(page, shelf, rules)));
}

/** What a site consists of by its places; a page is rendered when it is asked for. */
export function siteFiles(pages: readonly PlacedPage[]): ReadonlyMap<string, (live: LiveAlert | null) => Promise<string>> {
  const files = new Map<string, (live: LiveAlert | null) => Promise<string>>(
    pages.map((one) => [one.place, (live) => Promise.resolve(pageHtml(one, { pages, checkTitles, live }))]),
  );
  files.set('index.html', () => Promise.resolve(indexHtml(pages)));
  files.set('assets/pages.js', () => Promise.resolve(searchIndex(pages)));
  for (const name of assets) files.set(`assets/${name}`, () => readFile(join(assetsDirectory, name), 'utf8'));
  return files;
}

function sitePage(page: Page, { findings }: LoadedRunbooks, rules: readonly RuleFile[]): SitePage {
  const rule = ruleOfPage(page, rules);
  return {
    ...runbookPageView(page, findings),
    description: page.description,
    folder: page.folder,
    tree: pageTree(page),
    shownRule:
      rule === null || page.rule === null
        ? null
        : {
            file: page.rule.file,
            alert: page.rule.alert,
            expr: rule.expr ?? '',
            for: rule.for ?? '',
            labels: rule.labels,
            annotations: rule.annotations,
          },
  };
}
