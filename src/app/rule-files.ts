import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { formatProblem, type Rule } from '../detect/rules/rule.ts';
import { parseRuleFile, type RuleFile } from '../detect/rules/rule-file.ts';
import type { FileFinding, ListedRule } from '../interfaces/cli/cli-verbs.ts';
import { CliError } from '../interfaces/cli/command.ts';
import { ruleFiles } from './rule-shelf.ts';
import { catalogDirectory } from './runbook-shelf.ts';

/** Every rule file of some sources with what is wrong in it; a source without a file, or a file that cannot be read, is a problem of its own. */
export async function readRuleFiles(sources: readonly string[]): Promise<readonly RuleFile[]> {
  const files: RuleFile[] = [];
  for (const source of sources) {
    const paths = await ruleFiles(source);
    if (paths.length === 0) files.push(unreadable(source, 'no rule file is there'));
    for (const path of paths) files.push(await readRuleFile(path));
  }
  return files;
}

async function readRuleFile(path: string): Promise<RuleFile> {
  const shown = path.startsWith(catalogDirectory) ? `catalog/${relative(catalogDirectory, path)}` : path;
  try {
    return parseRuleFile(await readFile(path, 'utf8'), shown);
  } catch (error) {
    return unreadable(shown, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function unreadable(path: string, message: string): RuleFile {
  return { path, groups: [], problems: [{ file: path, line: 1, column: 1, message }] };
}

/** Names of all alerts in rule files. */
export function alertNames(files: readonly RuleFile[]): readonly string[] {
  return allRules(files).flatMap(({ rule }) => (rule.kind === 'alerting' ? [rule.name] : []));
}

/** What is wrong in rule files, in the shape of findings. */
export async function checkRuleFiles(sources: readonly string[]) {
  const files = await readRuleFiles(sources);
  const findings = files.flatMap(({ problems }) =>
    problems.map(
      ({ file, line, column, message }): FileFinding => ({
        check: 'load',
        severity: 'error',
        file,
        line,
        column,
        alert: null,
        message,
        fix: '',
      }),
    ),
  );
  return { findings, files: files.length, rules: allRules(files).length };
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

function allRules(files: readonly RuleFile[]): readonly { readonly rule: Rule; readonly group: string }[] {
  return files.flatMap((file) => file.groups.flatMap((group) => group.rules.map((rule) => ({ rule, group: group.name }))));
}
