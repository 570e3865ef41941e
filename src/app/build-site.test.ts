import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildSite } from './build-site.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'proxymedic-site-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const site = (...parts: string[]): string => join(directory, 'site', ...parts);
const build = (sources: readonly string[]) => buildSite({ sources, rules: [], directory: site() });
const manifest = (): string[] => JSON.parse(readFileSync(site('runbook-site.json'), 'utf8'));

test('every page of the catalog is there with its rule, and every link leads to a file', async () => {
  expect(await build(['catalog'])).toMatchObject({ pages: expect.any(Number) });
  const places = manifest().filter((place) => place.endsWith('.html'));
  expect(places.length).toBeGreaterThanOrEqual(18);
  for (const place of places) {
    const text = readFileSync(site(place), 'utf8');
    if (place !== 'index.html') expect(text, place).toContain('<summary>Alert rule');
    for (const [, target = ''] of text.matchAll(/(?:href|src)="([^"#:]+)"/g)) {
      expect(existsSync(normalize(site(dirname(place), target))), `${place}: ${target}`).toBe(true);
    }
  }
});

test('a page that is gone goes from the site, and nothing else does', async () => {
  const [one, two] = ['One', 'Two'].map((name) => join(directory, `${name}.md`));
  writeFileSync(one!, '# One\n');
  writeFileSync(two!, '# Two\n');
  await build([one!, two!]);
  writeFileSync(site('mine.txt'), 'mine');
  await build([one!]);
  expect(existsSync(site('pages/One.html'))).toBe(true);
  expect(existsSync(site('pages/Two.html'))).toBe(false);
  expect(existsSync(site('mine.txt'))).toBe(true);
});

test('a directory of somebody else is left alone, and a manifest cannot lead out of the site', async () => {
  const page = join(directory, 'One.md');
  writeFileSync(page, '# One\n');
  expect(await buildSite({ sources: [page], rules: [], directory })).toEqual({
    refused: `${directory} holds files that no build wrote. Name a new directory, or an earlier site`,
  });
  await build([page]);
  writeFileSync(site('runbook-site.json'), JSON.stringify(['../One.md', 'pages/../../One.html', 7]));
  await build([page]);
  expect(existsSync(page)).toBe(true);
  writeFileSync(site('runbook-site.json'), 'broken');
  expect(await build([page])).toHaveProperty('refused');
});

test('no page is no site', async () => {
  expect(await build([join(directory, 'gone')])).toEqual({ refused: `there is no runbook page in ${join(directory, 'gone')}` });
  expect(existsSync(site())).toBe(false);
});
