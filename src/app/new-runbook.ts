import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewPageReport } from '../interfaces/cli/cli-verbs.ts';
import { newPage } from '../respond/runbooks/scaffold/new-page.ts';
import { readRuleTexts } from './rule-shelf.ts';

/** A page for the rule of an alert, from the given rule files first, then from what we ship. Nothing is written. */
export async function createPage(alert: string, rules: readonly string[]): Promise<NewPageReport> {
  return newPage(alert, await readRuleTexts(rules));
}

/** Writes a new page. A file that exists stays as it is: somebody may have worked on it. */
export async function savePage(
  directory: string,
  { name, text }: { readonly name: string; readonly text: string },
): Promise<{ readonly file: string } | { readonly refused: string }> {
  const file = join(directory, name);
  await mkdir(directory, { recursive: true });
  try {
    await writeFile(file, text, { flag: 'wx' });
    return { file };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return { refused: `${file} exists already` };
    throw error;
  }
}
