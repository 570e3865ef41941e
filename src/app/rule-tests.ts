import { glob, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { runUnitTestFile, type UnitTestFailure, type UnitTestFiles } from '../detect/rules/unit-test/run-unit-tests.ts';
import type { RuleTestFile } from '../interfaces/cli/cli-verbs.ts';

/** Runs unit test files in promtool's format, one after the other; what a file refers to is found from where the file lies. */
export async function runRuleTests(paths: readonly string[]): Promise<readonly RuleTestFile[]> {
  const results: RuleTestFile[] = [];
  for (const path of paths) results.push(await runOne(path));
  return results;
}

async function runOne(file: string): Promise<RuleTestFile> {
  try {
    const { ok, problems, groups } = await runUnitTestFile(await readFile(file, 'utf8'), file, filesFrom(dirname(file)));
    const failures = groups.flatMap((group) => group.failures.map((failure) => failureText(group.name, failure)));
    return { file, passed: ok, failures: [...problems, ...failures] };
  } catch (error) {
    return { file, passed: false, failures: [`${file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

function filesFrom(directory: string): UnitTestFiles {
  const resolved = (path: string) => (isAbsolute(path) ? path : join(directory, path));
  return {
    async glob(pattern) {
      const path = resolved(pattern);
      if (!/[*?[]/.test(pattern)) return (await stat(path).catch(() => null)) === null ? [] : [path];
      return (await Array.fromAsync(glob(path))).sort();
    },
    readFile: (path) => readFile(resolved(path), 'utf8'),
  };
}

function failureText(test: string, { alert, atMs, message, diff }: UnitTestFailure): string {
  const place = [test, alert, atMs === null ? '' : `at ${atMs / 1000}s`].filter((part) => part !== '').join(', ');
  return `${place === '' ? '' : `${place}: `}${message}${diff === '' ? '' : `\n${diff}`}`;
}
