import { readFile, stat } from 'node:fs/promises';
import type { ReadRuleFile } from '../detect/rules/lint/lint-rules.ts';
import { formatProblem, type Rule } from '../detect/rules/rule.ts';
import { parseRuleFile, type RuleFile, ruleFileSizeMax } from '../detect/rules/rule-file.ts';
import type { FileFinding, ListedRule } from '../interfaces/cli/cli-verbs.ts';
import { CliError } from '../interfaces/cli/command.ts';
import { ruleFiles, shownPath, tooLarge } from './rule-shelf.ts';

/** Every rule file of some sources with what is wrong in it; a source without a file, or a file that cannot be read, is a problem of its own. */
export async function readRuleFiles(sources: readonly string[]): Promise<readonly RuleFile[]> {
  return (await readRuleFilesWithText(sources, ruleFileSizeMax)).map(({ file }) => file);
}

/** The same, each with its text. */
export async function readRuleFilesWithText(sources: readonly string[], sizeMax: number): Promise<readonly ReadRuleFile[]> {
  const files: ReadRuleFile[] = [];
  for (const source of sources) {
    const paths = await ruleFiles(source);
    if (paths.length === 0) files.push(unreadable(source, 'no rule file is there'));
    for (const path of paths) files.push(await readRuleFile(path, sizeMax));
  }
  return files;
}

/** One rule file with its text; one that cannot be read is a problem of its own. */
export async function readRuleFile(path: string, sizeMax: number): Promise<ReadRuleFile> {
  const shown = shownPath(path);
  try {
    const { size } = await stat(path);
    if (size > sizeMax) return unreadable(shown, tooLarge(size, sizeMax));
    const text = await readFile(path, 'utf8');
    return { file: parseRuleFile(text, shown, { sizeMax }), text };
  } catch (error) {
    return unreadable(shown, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function unreadable(path: string, message: string): ReadRuleFile {
  return { file: { path, groups: [], problems: [{ file: path, line: 1, column: 1, message }] }, text: '' };
}

/** Names of all alerts in rule files. */
export function alertNames(files: readonly RuleFile[]): readonly string[] {
  return allRules(files).flatMap(({ rule }) => (rule.kind === 'alerting' ? [rule.name] : []));
}

/** What does not load in rule files, in the shape of findings. */
export async function checkRuleFiles(sources: readonly string[], sizeMax: number) {
  const files = (await readRuleFilesWithText(sources, sizeMax)).map(({ file }) => file);
  return { findings: loadFindings(files), files: files.length, rules: allRules(files).length };
}

/** A file that does not load is an error: Prometheus would refuse it. */
export function loadFindings(files: readonly RuleFile[]): readonly FileFinding[] {
  return files.flatMap(({ problems }) =>
    problems.map(({ file, line, column, message }) => ({
      check: 'load',
      severity: 'error',
      file,
      line,
      column,
      alert: null,
      message,
      fix: '',
    })),
  );
}

export async function listRules(sources: readonly string[]): Promise<readonly ListedRule[]> {
  const files = await readRuleFiles(sources);
  const [problem] = files.flatMap((file) => file.problems);
  if (problem !== undefined) throw new CliError(`${formatProblem(problem)}. proxymedic rules check lists everything that is wrong`);
  return allRules(files).map(({ rule, group }) => ({
    file: rule.place.file,
    line: rule.place.line,
    group,
    kind: rule.kind === 'alerting' ? 'alert' : 'record',
    name: rule.name,
    expr: rule.exprText,
    forMs: rule.kind === 'alerting' ? rule.forMs : 0,
  }));
}

/** All rules of files, each with the name of its group. */
export function allRules(files: readonly RuleFile[]): readonly { readonly rule: Rule; readonly group: string }[] {
  return files.flatMap((file) => file.groups.flatMap((group) => group.rules.map((rule) => ({ rule, group: group.name }))));
}
