import { glob, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { runUnitTestFile, type UnitTestFailure, type UnitTestFiles } from '../detect/rules/unit-test/run-unit-tests.ts';
import type { RuleTestFile } from '../interfaces/cli/cli-verbs.ts';

/** Runs unit test files in promtool's format, one after the other. */
export async function runRuleTests(paths: readonly string[]): Promise<readonly RuleTestFile[]> {
  const results: RuleTestFile[] = [];
  for (const path of paths) results.push(await runOne(path));
  return results;
}

async function runOne(file: string): Promise<RuleTestFile> {
  try {
    const warnings: string[] = [];
    const { ok, problems, groups } = await runUnitTestFile(await readFile(file, 'utf8'), file, filesFrom(dirname(file), warnings));
    const failures = groups.flatMap((group) => group.failures.map((failure) => failureText(group.name, failure)));
    return { file, passed: ok, failures: [...problems, ...failures], warnings };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { file, passed: false, failures: [`cannot be read: ${reason}`], warnings: [] };
  }
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
