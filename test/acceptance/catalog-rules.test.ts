import { execFile } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogDirectory } from '../../src/app/catalog-directory.ts';
import { runRuleTests } from '../../src/app/rule-tests.ts';

/** The unit tests of the catalog's rules under our own runner, and what promtool says of the same files. */
const promtool = ['/usr/bin/promtool', '/usr/local/bin/promtool'].find((path) => existsSync(path)) ?? null;
const files = globSync('**/*.test.yml', { cwd: join(catalogDirectory, 'rules') }).sort();

/** Mistakes that a test must notice: the same edit is made in every place of a file. */
const mistakes: readonly (readonly [string, string, string])[] = [
  ['another text', 'summary: ', 'summary: not '],
  ['another value', 'value: 1', 'value: 7'],
  ['alerts where there are none', 'exp_alerts: []', 'exp_alerts: [{ exp_labels: { severity: critical } }]'],
];

let copy = '';

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'catalog-rules-'));
  cpSync(join(catalogDirectory, 'rules'), copy, { recursive: true });
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe.each(files)('%s', (file) => {
  test('passes under our runner', async () => {
    const [result] = await runRuleTests([join(catalogDirectory, 'rules', file)]);
    expect(result).toMatchObject({ passed: true, failures: [], warnings: [] });
  });

  const text = readFileSync(join(catalogDirectory, 'rules', file), 'utf8');
  const possible = mistakes.filter(([, right]) => text.includes(right));
  test.skipIf(promtool === null).each(possible)('fails as under promtool with %s', { timeout: 60_000 }, async (what, right, wrong) => {
    const path = join(copy, dirname(file), `${what.replaceAll(' ', '-')}-${basename(file)}`);
    writeFileSync(path, text.replaceAll(right, wrong));
    const [ours] = await runRuleTests([path]);
    expect({ ours: ours?.passed, promtool: await promtoolPasses(path) }).toEqual({ ours: false, promtool: false });
  });
});

async function promtoolPasses(path: string): Promise<boolean> {
  return await promisify(execFile)(promtool ?? '', ['test', 'rules', path]).then(
    () => true,
    () => false,
  );
}
