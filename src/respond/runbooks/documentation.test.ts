import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');

test('every kind of finding has its line in docs/runbooks.md', () => {
  const union = /export type RunbookCheck =([^;]+);/.exec(read('src/respond/runbooks/runbook-finding.ts'))?.[1] ?? '';
  const kinds = [...union.matchAll(/'([a-z-]+)'/g)].map((match) => match[1]);
  const documented = [...read('docs/runbooks.md').matchAll(/^\| `([a-z-]+)` \| (?:error|warning) \|/gm)].map((match) => match[1]);
  expect(new Set(documented)).toEqual(new Set(kinds));
  expect(documented).toHaveLength(kinds.length);
});

const files = globSync('catalog/rules/{haproxy,traefik}/*.yml', { cwd: root }).filter((path) => !path.endsWith('.test.yml'));
const alerts = files.flatMap((path) =>
  (parse(read(path)) as { groups: { rules: { alert: string }[] }[] }).groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)),
);

test.each([...new Set(alerts)])('%s has its line in docs/rules.md and in the table of the catalog', (alert) => {
  const row = new RegExp(`^\\|[^|\\n]*\\b${alert}\\b`, 'm');
  expect(read('docs/rules.md')).toMatch(row);
  expect(read('catalog/rules/README.md')).toMatch(row);
});
