import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildReport, FileFinding, RunbookFileVerbs } from '../interfaces/cli/cli-verbs.ts';
import { indexHtml, searchIndex } from '../interfaces/site/index-html.ts';
import { pageHtml } from '../interfaces/site/page-html.ts';
import { placePages, type SitePage } from '../interfaces/site/site-page.ts';
import { allChecks } from '../respond/diagnosis/all-checks.ts';
import { type RuleFile, ruleOfPage } from '../respond/runbooks/findings.ts';
import type { LoadedRunbooks } from '../respond/runbooks/load-runbooks.ts';
import type { Page } from '../respond/runbooks/page.ts';
import { pageTree } from '../respond/runbooks/page-tree.ts';
import { missingSources } from './missing-sources.ts';
import { readRuleTexts } from './rule-shelf.ts';
import { loadShelf } from './runbook-shelf.ts';
import { runbookPageView } from './runbook-view.ts';

type BuildRequest = Parameters<RunbookFileVerbs['build']>[0];

/** Names what a build wrote, so that the next one may take it away. A directory without it is not ours. */
const manifestName = 'runbook-site.json';
const assets: readonly string[] = ['site.css', 'search.js'];
const assetsDirectory = fileURLToPath(new URL('../interfaces/site/assets/', import.meta.url));

/** Renders all pages into a directory of its own: a site that needs no server and no network. */
export async function buildSite({ sources, rules, directory }: BuildRequest): Promise<BuildReport | { readonly refused: string }> {
  const before = await writtenBefore(directory);
  if (before === null) return { refused: `${directory} holds files that no build wrote. Name a new directory, or an earlier site` };
  const texts = await readRuleTexts(rules);
  const shelf = await loadShelf(sources, texts);
  const findings: readonly FileFinding[] = [...(await missingSources(sources)), ...shelf.findings];
  if (shelf.pages.length === 0) return { refused: `there is no runbook page in ${sources.join(', ')}` };
  const files = await render(shelf.pages.map((page) => sitePage(page, shelf, texts)));
  await writeSite(directory, files, before);
  return { directory, pages: shelf.pages.length, files: files.size, findings };
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

/** Contents of all files of the site by their paths in it. */
async function render(pages: readonly SitePage[]): Promise<ReadonlyMap<string, string>> {
  const placed = placePages(pages);
  const checkTitles = new Map(allChecks.map(({ id, title }) => [id, title]));
  const files = new Map(placed.map((one) => [one.place, pageHtml(one, { pages: placed, checkTitles })]));
  files.set('index.html', indexHtml(placed));
  files.set('assets/pages.js', searchIndex(placed));
  for (const name of assets) files.set(`assets/${name}`, await readFile(join(assetsDirectory, name), 'utf8'));
  return files;
}

/** Files that an earlier build wrote here; none when the directory is new or empty; null when it is somebody else's. */
async function writtenBefore(directory: string): Promise<readonly string[] | null> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return [];
  if (!names.includes(manifestName)) return null;
  const manifest = parsed(await readFile(join(directory, manifestName), 'utf8'));
  return Array.isArray(manifest) ? manifest.filter(isPlaceInSite) : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Nothing outside the site is ever taken away, whatever the manifest says. */
function isPlaceInSite(place: unknown): place is string {
  return (
    typeof place === 'string' && /^(?:pages\/[\w./-]+\.html|assets\/[\w-]+\.(?:css|js)|index\.html)$/.test(place) && !place.includes('..')
  );
}

async function writeSite(directory: string, files: ReadonlyMap<string, string>, before: readonly string[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, manifestName), `${JSON.stringify([...new Set([...before, ...files.keys()])], null, 1)}\n`);
  for (const place of before) if (!files.has(place)) await rm(join(directory, place), { force: true });
  for (const [place, text] of files) {
    await mkdir(dirname(join(directory, place)), { recursive: true });
    await writeFile(join(directory, place), text);
  }
  await writeFile(join(directory, manifestName), `${JSON.stringify([...files.keys()], null, 1)}\n`);
}
