import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { formatProblem, type RuleGroup } from '../detect/rules/rule.ts';
import { parseRuleFile, ruleFileSizeMax } from '../detect/rules/rule-file.ts';
import type { RuleFile } from '../respond/runbooks/findings.ts';
import { catalogDirectory } from './catalog-directory.ts';
import { FileMemory } from './file-memory.ts';

/** All rule files of the configuration. A file that does not load is an error with its place; the others load all the same. */
export interface LoadedRules {
  readonly groups: readonly RuleGroup[];
  readonly alertNames: ReadonlySet<string>;
  readonly errors: readonly string[];
}

/**
 * The texts of the configured rule files and of all we ship, for what pages quote: a given page quotes the published rule
 * whether that is loaded or not. What cannot be read is left out; that it cannot is an error of {@link loadRules}.
 */
export async function readRuleTexts(sources: readonly string[], memory: FileMemory = new FileMemory()): Promise<readonly RuleFile[]> {
  const paths = await Promise.all([...sources, 'catalog', 'catalog/published', 'catalog/alternatives'].map(ruleFiles));
  const files = await Promise.all([...new Set(paths.flat())].map((path) => readRuleText(path, memory)));
  return files.flat();
}

async function readRuleText(path: string, memory: FileMemory): Promise<readonly RuleFile[]> {
  const info = await stat(path).catch(() => null);
  if (info === null || !info.isFile() || info.size > ruleFileSizeMax) return [];
  const text = await readFile(path, 'utf8').catch(() => null);
  return text === null ? [] : [memory.file(path, text)];
}

/**
 * Reads the rule files of `rules:`: `catalog` is what we ship corrected, `catalog/published` what was published, `catalog/alternatives`
 * what looks further back than a daemon should by default; else files, directories and globs.
 */
export async function loadRules(sources: readonly string[], sizeMax: number = ruleFileSizeMax): Promise<LoadedRules> {
  const groups: RuleGroup[] = [];
  const errors: string[] = [];
  for (const source of sources) {
    const paths = await ruleFiles(source);
    if (paths.length === 0) errors.push(`rules: ${source}: no rule file is there`);
    for (const path of paths) {
      const loaded = await loadFile(path, sizeMax);
      groups.push(...loaded.groups);
      errors.push(...loaded.errors);
    }
  }
  const alertNames = new Set(groups.flatMap((group) => group.rules.flatMap((rule) => (rule.kind === 'alerting' ? [rule.name] : []))));
  return { groups, alertNames, errors };
}

/** Paths of the rule files that a source means, in order. */
export async function ruleFiles(source: string): Promise<string[]> {
  if (source === 'catalog') return await rulesUnder(join(catalogDirectory, 'rules'), (name) => !/^(published|alternatives)\//.test(name));
  if (source.startsWith('catalog/')) return await rulesUnder(join(catalogDirectory, 'rules', source.slice('catalog/'.length)), () => true);
  if (/[*?[]/.test(basename(source))) return await globbed(source);
  const info = await stat(source).catch(() => null);
  if (info === null) return [];
  return info.isDirectory() ? await rulesUnder(source, () => true) : [source];
}

async function rulesUnder(root: string, wanted: (name: string) => boolean): Promise<string[]> {
  const names = await readdir(root, { recursive: true }).catch(() => []);
  return names
    .filter((name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && wanted(name))
    .sort()
    .map((name) => join(root, name));
}

/** `*` and `?` in the last part of a path, as Prometheus' `rule_files` takes them. */
async function globbed(pattern: string): Promise<string[]> {
  const directory = dirname(pattern);
  const names = await readdir(directory).catch(() => []);
  const matches = wildcard(basename(pattern));
  return names
    .filter(matches)
    .sort()
    .map((name) => join(directory, name));
}

/** Matches without a regular expression: the pattern is a person's, the names are anybody's. */
function wildcard(pattern: string): (name: string) => boolean {
  const match = (p: number, name: string, n: number): boolean => {
    if (p === pattern.length) return n === name.length;
    if (pattern[p] === '*')
      return Array.from({ length: name.length - n + 1 }, (_, skip) => skip).some((skip) => match(p + 1, name, n + skip));
    return n < name.length && (pattern[p] === '?' || pattern[p] === name[n]) && match(p + 1, name, n + 1);
  };
  return (name) => match(0, name, 0);
}

async function loadFile(
  path: string,
  sizeMax: number,
): Promise<{ readonly groups: readonly RuleGroup[]; readonly errors: readonly string[] }> {
  const shown = shownPath(path);
  const info = await stat(path);
  if (info.size > sizeMax) return { groups: [], errors: [`${shown}: ${tooLarge(info.size, sizeMax)}`] };
  const { groups, problems } = parseRuleFile(await readFile(path, 'utf8'), shown, { sizeMax });
  return { groups, errors: problems.map(formatProblem) };
}

/** How a rule file is called: those of the catalog go by paths of their own. */
export function shownPath(path: string): string {
  return path.startsWith(catalogDirectory) ? `catalog/${relative(catalogDirectory, path)}` : path;
}

/** Why a file is not even read. */
export function tooLarge(sizeBytes: number, sizeMax: number): string {
  return `has ${sizeBytes} bytes, the limit is ${sizeMax}: split it, or raise rule_file_size_max in proxymedic.yml, or --file-size-max of the command`;
}
