import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { allChecks } from '../respond/diagnosis/all-checks.ts';
import { vocabulary } from '../respond/diagnosis/vocabulary.ts';
import { actions } from '../respond/mitigation/mitigations.ts';
import type { RuleFile } from '../respond/runbooks/findings.ts';
import { type LoadedRunbooks, loadRunbooks, type RunbookFile } from '../respond/runbooks/load-runbooks.ts';
import { pageSizeBytesMax } from '../respond/runbooks/parse-page.ts';
import { inOrder, type RunbookFinding } from '../respond/runbooks/runbook-finding.ts';
import { catalogDirectory } from './catalog-directory.ts';
import { knownExporters } from './exporter-shelf.ts';
import { FileMemory } from './file-memory.ts';

const filesMax = 5_000;

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Every check, action and cause a page may name. */
export const knownIds = {
  checks: allChecks.map((check) => check.id),
  actions: actions.map((action) => action.id),
  causes: vocabulary,
  answers: Object.fromEntries(actions.map(({ id, causes }) => [id, causes])),
};

/**
 * Reads all pages of the configured sources; `catalog` is ours. What cannot be read is a finding, never a failure, and so is
 * a page that quotes another rule than `rules` have, or one that is wrong itself (without them nothing is said about rules), or links to a
 * file that is not there.
 */
export async function loadShelf(
  sources: readonly string[],
  rules?: readonly RuleFile[],
  memory: FileMemory = new FileMemory(),
): Promise<LoadedRunbooks> {
  const found = await Promise.all(sources.map((source) => readSource(source, memory)));
  const files = found.flatMap((one) => one.files);
  const aboutRules = rules === undefined ? {} : { rules, exporters: await knownExporters() };
  const loaded = loadRunbooks(files, knownIds, { hashText: sha256, fileExists, ...aboutRules });
  return { pages: loaded.pages, findings: inOrder([...loaded.findings, ...found.flatMap((one) => one.findings)]) };
}

function fileExists(path: string): boolean {
  return existsSync(pathOnDisk(path));
}

/** Pages of the catalog go by paths of their own. */
export function pathOnDisk(path: string): string {
  const inCatalog = 'catalog/';
  return path.startsWith(inCatalog) ? join(catalogDirectory, path.slice(inCatalog.length)) : path;
}

interface ReadSource {
  readonly files: readonly RunbookFile[];
  /** What was left out, and why. */
  readonly findings: readonly RunbookFinding[];
}

async function readSource(source: string, memory: FileMemory): Promise<ReadSource> {
  const root = source === 'catalog' ? join(catalogDirectory, 'runbooks') : source;
  const paths = await listFiles(root);
  const read = await Promise.all(
    paths.slice(0, filesMax).map((path) => readOne(path, source === 'catalog' ? `catalog/runbooks/${relative(root, path)}` : path, memory)),
  );
  const findings = read.filter((one) => 'check' in one);
  const tooMany = paths.length <= filesMax ? [] : [leftOut(source, `${paths.length} pages are here, the limit is ${filesMax}`)];
  return { files: read.filter((one) => 'text' in one), findings: [...findings, ...tooMany] };
}

async function readOne(path: string, shown: string, memory: FileMemory): Promise<RunbookFile | RunbookFinding> {
  const { size } = await stat(path);
  if (size > pageSizeBytesMax) return leftOut(shown, `the file has ${size} bytes, the limit is ${pageSizeBytesMax}`);
  return memory.file(shown, await readFile(path, 'utf8'));
}

function leftOut(file: string, message: string): RunbookFinding {
  return { check: 'page-too-large', severity: 'error', file, line: 1, column: 1, alert: null, message, fix: 'Split it' };
}

async function listFiles(root: string): Promise<string[]> {
  const info = await stat(root).catch(() => null);
  if (info === null) return [];
  if (info.isFile()) return [root];
  const names = await readdir(root, { recursive: true });
  return names
    .filter((name) => /\.(md|bindings\.yml)$/.test(name) && !name.split('/').some((part) => part.startsWith('.')))
    .sort()
    .map((name) => join(root, name));
}
