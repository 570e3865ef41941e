import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatConfigError } from './config-error.ts';
import { allKeyPaths } from './known-keys.ts';
import { loadConfig } from './load-config.ts';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

test('the page names every key of the file', () => {
  expect(allKeyPaths().filter((path) => !page.includes(`\`${path}`))).toEqual([]);
});

test('the page names no key that does not exist', () => {
  const named = [...page.matchAll(/`((?:targets|servers|receivers|mitigation|metrics|storage)[a-z_.[\]*]*)`/g)].map(
    (match) => match[1] ?? '',
  );
  const known = new Set(allKeyPaths());
  expect(named.filter((path) => !known.has(path) && !known.has(path.replace(/\.\*$/, '')))).toEqual([]);
});

test('every example on the page is read without an error', () => {
  const target = 'targets: [{ name: edge, proxy: haproxy, metrics_url: "http://h" }]\n';
  const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  expect(examples.length).toBeGreaterThan(2);
  for (const example of examples) {
    const loaded = loadConfig(example.startsWith('targets') ? example : target + example, 'proxymedic.yml', {});
    expect('errors' in loaded ? loaded.errors.map(formatConfigError) : []).toEqual([]);
  }
});
