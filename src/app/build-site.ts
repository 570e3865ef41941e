import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BuildReport, FileFinding, RunbookFileVerbs } from '../interfaces/cli/cli-verbs.ts';
import { missingSources } from './missing-sources.ts';
import { readRuleTexts } from './rule-shelf.ts';
import { loadShelf } from './runbook-shelf.ts';
import { siteFiles, sitePages } from './site-files.ts';

type BuildRequest = Parameters<RunbookFileVerbs['build']>[0];

/** Names what a build wrote, so that the next one may take it away. A directory without it is not ours. */
const manifestName = 'runbook-site.json';

/** Renders all pages into a directory of its own: a site that needs no server and no network. */
export async function buildSite({ sources, rules, directory }: BuildRequest): Promise<BuildReport | { readonly refused: string }> {
  const before = await writtenBefore(directory);
  if (before === null) return { refused: `${directory} holds files that no build wrote. Name a new directory, or an earlier site` };
  const texts = await readRuleTexts(rules);
  const shelf = await loadShelf(sources, texts);
  const findings: readonly FileFinding[] = [...(await missingSources(sources)), ...shelf.findings];
  if (shelf.pages.length === 0) return { refused: `there is no runbook page in ${sources.join(', ')}` };
  const files = new Map<string, string>();
  for (const [place, render] of siteFiles(sitePages(shelf, texts))) files.set(place, await render(null));
  await writeSite(directory, files, before);
  return { directory, pages: shelf.pages.length, files: files.size, findings };
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
