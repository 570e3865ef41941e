import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allChecks } from '../respond/diagnosis/all-checks.ts';
import { vocabulary } from '../respond/diagnosis/vocabulary.ts';
import { actions } from '../respond/mitigation/mitigations.ts';
import type { RuleFile } from '../respond/runbooks/findings.ts';
import { type LoadedRunbooks, loadRunbooks, type RunbookFile } from '../respond/runbooks/load-runbooks.ts';

/** What we ship: rules and pages. */
export const catalogDirectory = fileURLToPath(new URL('../../catalog/', import.meta.url));

const pageBytesMax = 262_144;
const filesMax = 5_000;

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Every check, action and cause a page may name. */
export const knownIds = {
  checks: allChecks.map((check) => check.id),
  actions: actions.map((action) => action.id),
  causes: vocabulary,
};

/**
 * Reads all pages of the configured sources; `catalog` is ours. What cannot be read is a finding, never a failure, and so is
 * a page that quotes another rule than `rules` have (without them nothing is said about rules), or links to a file that is not there.
 */
export async function loadShelf(sources: readonly string[], rules?: readonly RuleFile[]): Promise<LoadedRunbooks> {
  const found = await Promise.all(sources.map((source) => readSource(source)));
  return loadRunbooks(found.flat(), knownIds, { hashText: sha256, fileExists, ...(rules === undefined ? {} : { rules }) });
}

/** Pages of the catalog go by paths of their own. */
function fileExists(path: string): boolean {
  const inCatalog = 'catalog/';
  return existsSync(path.startsWith(inCatalog) ? join(catalogDirectory, path.slice(inCatalog.length)) : path);
}

async function readSource(source: string): Promise<RunbookFile[]> {
  const root = source === 'catalog' ? join(catalogDirectory, 'runbooks') : source;
  const paths = await listFiles(root);
  const files = await Promise.all(
    paths.map(async (path) => {
      const { size } = await stat(path);
      if (size > pageBytesMax) return [];
      return [{ path: source === 'catalog' ? `catalog/runbooks/${relative(root, path)}` : path, text: await readFile(path, 'utf8') }];
    }),
  );
  return files.flat();
}

async function listFiles(root: string): Promise<string[]> {
  const info = await stat(root).catch(() => null);
  if (info === null) return [];
  if (info.isFile()) return [root];
  const names = await readdir(root, { recursive: true });
  return names
    .filter((name) => /\.(md|bindings\.yml)$/.test(name) && !name.split('/').some((part) => part.startsWith('.')))
    .slice(0, filesMax)
    .map((name) => join(root, name));
}
