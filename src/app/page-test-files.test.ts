import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogDirectory } from './catalog-directory.ts';
import { runPageTests } from './page-test-files.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'proxymedic-page-tests-'));
  writeFileSync(join(directory, 'Down.md'), '# Down\n## Diagnosis\n- look {{% check "proxy/log" %}}\n');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('every page that we ship does what its tests say', async () => {
  const files = await runPageTests(['catalog'], null);
  const failed = files.flatMap(({ file, tests, findings }) => [
    ...findings,
    ...tests.filter(({ differences }) => differences.length > 0).map((one) => ({ file, ...one })),
  ]);
  expect(failed).toEqual([]);
  expect(files.length).toBeGreaterThanOrEqual(17);
});

test('the example of docs/runbooks.md is a test that passes', async () => {
  const [, example] =
    readFileSync(join(catalogDirectory, '../docs/runbooks.md'), 'utf8')
      .split('## Testing pages')[1]
      ?.split(/^```\w*$/m) ?? [];
  const path = join(directory, 'HaproxyServerDown.test.yml');
  writeFileSync(path, example ?? '');
  cpSync(join(catalogDirectory, 'runbooks/haproxy/HaproxyServerDown.md'), join(directory, 'HaproxyServerDown.md'));
  expect(await runPageTests([path], null)).toMatchObject([{ findings: [], tests: [{ differences: [] }] }]);
  rmSync(path);
});

test('--name takes those whose name contains the words', async () => {
  const [file] = await runPageTests([join(catalogDirectory, 'runbooks/haproxy/HaproxyDown.md')], 'says nothing');
  expect(file?.tests.map(({ name }) => name)).toEqual(['it accepts and says nothing']);
});

test.each([
  ['page: Gone.md\ntests: [{ name: a, expect: { verdict: undetermined } }]', 'the page "Gone.md" does not stand beside its tests'],
  ['page: Down.md\ntests: [{ name: a, recorded: gone.json, expect: { verdict: undetermined } }]', 'the recording "gone.json" is not there'],
  [
    'page: Down.md\ntests: [{ name: a, recorded: Down.md, expect: { verdict: undetermined } }]',
    'Down.md is no recording: its format is not "proxymedic recording 1"',
  ],
  ['page: Down.md\ntests: []', 'there is no test'],
])('what cannot be run is said: %j', async (text, message) => {
  const path = join(directory, 'Down.test.yml');
  writeFileSync(path, text);
  expect(await runPageTests([path], null)).toMatchObject([{ findings: [{ check: 'page-test', message }], tests: [] }]);
  rmSync(path);
});

test('a directory without tests is no success', async () => {
  expect(await runPageTests([directory], null)).toMatchObject([{ findings: [{ message: 'no test file is here' }] }]);
});
