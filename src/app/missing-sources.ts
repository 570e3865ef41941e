import { stat } from 'node:fs/promises';
import type { FileFinding } from '../interfaces/cli/cli-verbs.ts';

/** A finding for every source that is not there: nothing found in nothing would look like all is well. */
export async function missingSources(sources: readonly string[]): Promise<readonly FileFinding[]> {
  const found = await Promise.all(sources.map(async (source) => source === 'catalog' || (await stat(source).catch(() => null)) !== null));
  return sources.flatMap((file, index): FileFinding[] => {
    if (found[index] === true) return [];
    const message = 'no such file or directory';
    const fix = 'Name a directory of runbook pages, one page, or catalog';
    return [{ check: 'page-unreadable', severity: 'error', file, line: 1, column: 1, alert: null, message, fix }];
  });
}
