import { glob, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { RE2JS } from 're2js';
import {
  runUnitTestFile,
  type UnitTestFailure,
  type UnitTestFiles,
  type UnitTestOptions,
} from '../detect/rules/unit-test/run-unit-tests.ts';
import type { RuleTestFile, RuleTestOptions } from '../interfaces/cli/cli-verbs.ts';
import { CliError } from '../interfaces/cli/command.ts';

/** Runs unit test files in promtool's format, one after the other. Throws `CliError` for a regular expression that is none. */
export async function runRuleTests(paths: readonly string[], options: RuleTestOptions = allTests): Promise<readonly RuleTestFile[]> {
  const run: UnitTestOptions = { wanted: wantedBy(options.run), ignoreUnknownKeys: options.ignoreUnknownKeys };
  const results: FileResult[] = [];
  for (const path of paths) results.push(await runOne(path, run));
  if (options.junitPath !== null) await writeFile(options.junitPath, junitXml(results));
  return results.map(({ file, warnings, problems, tests }) => {
    const failures = [...problems, ...tests.flatMap((test) => test.failures)];
    return { file, passed: failures.length === 0, failures, warnings };
  });
}

const allTests: RuleTestOptions = { run: [], ignoreUnknownKeys: false, junitPath: null };

interface FileResult {
  readonly file: string;
  readonly warnings: readonly string[];
  /** Why nothing could be run. */
  readonly problems: readonly string[];
  readonly tests: readonly { readonly name: string; readonly failures: readonly string[] }[];
}

function wantedBy(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => true;
  try {
    const pattern = RE2JS.compile(patterns.join('|'));
    return (name) => pattern.matcher(name).find();
  } catch (error) {
    throw new CliError(`--run ${patterns.join('|')}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function runOne(file: string, options: UnitTestOptions): Promise<FileResult> {
  const warnings: string[] = [];
  try {
    const text = await readFile(file, 'utf8');
    const { problems, groups } = await runUnitTestFile(text, file, filesFrom(dirname(file), warnings), options);
    const tests = groups.map(({ name, failures }) => ({ name, failures: failures.map((failure) => failureText(name, failure)) }));
    return { file, warnings, problems, tests };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { file, warnings, problems: [`cannot be read: ${reason}`], tests: [] };
  }
}

/** The shape that promtool writes, which CI services read. */
function junitXml(results: readonly FileResult[]): string {
  const suites = results.map(({ file, problems, tests }) => {
    const cases = tests.map(({ name, failures }) => {
      const inner = failures.map((failure) => `<failure>${xmlText(failure)}</failure>`).join('');
      return `<testcase name="${xmlText(name)}">${inner}</testcase>`;
    });
    const aborted = problems.length === 0 ? [] : [`<testcase name="unknown"><error>${xmlText(problems.join('\n'))}</error></testcase>`];
    const failures = tests.flatMap((test) => test.failures).length;
    const counts = `tests="${cases.length + aborted.length}" failures="${failures}" errors="${aborted.length}" skipped="0"`;
    return `<testsuite name="${xmlText(file)}" ${counts}>${[...cases, ...aborted].join('')}</testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>${suites.join('')}</testsuites>\n`;
}

/** Characters that XML cannot hold, escaped or not, become the one that stands for them. */
function xmlText(text: string): string {
  const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#xA;', '\t': '&#x9;' };
  return text
    .toWellFormed()
    .replace(/[^\t\n\x20-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"\n\t]/g, (character) => escapes[character] ?? character);
}

/** Patterns are meant from where the test file lies; what matches is read as found. */
function filesFrom(directory: string, warnings: string[]): UnitTestFiles {
  return {
    async glob(pattern) {
      const path = isAbsolute(pattern) ? pattern : join(directory, pattern);
      const found = await matching(path);
      if (found.length === 0) warnings.push(`no file matches ${path}`);
      return found;
    },
    readFile: (path) => readFile(path, 'utf8'),
  };
}

async function matching(path: string): Promise<readonly string[]> {
  if (!/[*?[]/.test(path)) return (await stat(path).catch(() => null)) === null ? [] : [path];
  const found: string[] = [];
  for await (const name of glob(path)) found.push(name);
  return found.sort();
}

function failureText(test: string, { alert, atMs, message, diff }: UnitTestFailure): string {
  const place = [test, alert, atMs === null ? '' : `at ${atMs / 1000}s`].filter((part) => part !== '').join(', ');
  return `${place === '' ? '' : `${place}: `}${message}${diff === '' ? '' : `\n${diff}`}`;
}
