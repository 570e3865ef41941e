import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildSite } from '../../src/app/build-site.ts';
import { launch, missing, readAs, visit } from './browser.ts';

const hostile = `---
title: Evil<img src=x onerror=alert(1)>
---
# Evil

<script>globalThis.owned = true</script>

## Diagnosis
1. <img src=x onerror="globalThis.owned = true"> zebra ${'unbroken'.repeat(40)}
2. [click](javascript:globalThis.owned=true)
`;

describe.skipIf(missing !== null)('the built site, read from a disk', () => {
  let browser: Browser;
  let directory = '';
  beforeAll(async () => {
    browser = await launch();
    directory = mkdtempSync(join(tmpdir(), 'proxymedic-site-'));
    writeFileSync(join(directory, 'Evil.md'), hostile);
    await buildSite({ sources: ['catalog', join(directory, 'Evil.md')], rules: [], directory: join(directory, 'site') });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const pages = [
    ['the list', 'index.html'],
    ['a given page', 'pages/catalog/runbooks/given/haproxy-exporter-v1/HaproxyBackendDown.html'],
    ['a page of ours', 'pages/catalog/runbooks/haproxy/HaproxyRequestsRejected.html'],
    ['a hostile page', ''],
  ] as const;

  /** The hostile page lies wherever the temporary directory puts it: it is reached from the list. */
  async function open(place: string, options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
    const opened = await visit(browser, pathToFileURL(join(directory, 'site', place === '' ? 'index.html' : place)).href, options);
    if (place === '') await opened.page.getByRole('link', { name: /^Evil/ }).click();
    return opened;
  }

  test.each(pages.flatMap(([name, place]) => (['dark', 'light'] as const).map((scheme) => [name, scheme, place] as const)))(
    'axe finds nothing on %s, %s, and nothing is refused by its policy',
    async (_name, colorScheme, place) => {
      const { page, complaints } = await open(place, { colorScheme });
      // Before axe looks: it asks for the style sheet by itself, which the policy refuses as it should.
      expect(complaints).toEqual([]);
      expect(await violations(page)).toEqual([]);
    },
  );

  test.each(pages)('%s fits 320 px without sideways scrolling', async (_name, place) => {
    const { page } = await open(place, { viewport: { width: 320, height: 640 } });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  });

  test('a hostile page is text', async () => {
    const { page } = await open('');
    expect(await readAs(page.getByRole('heading', { level: 1 }))).toBe('Evil<img src=x onerror=alert(1)>');
    expect(await readAs(page.getByRole('article'))).toContain('<script>globalThis.owned = true</script>');
    expect(await page.getByRole('link', { name: 'click' }).count()).toBe(0);
    expect(await page.evaluate(() => 'owned' in globalThis)).toBe(false);
    expect(await page.locator('img').count()).toBe(0);
  });

  test('the keyboard finds a page by the words of its steps', async () => {
    const { page } = await open('pages/catalog/runbooks/given/haproxy-exporter-v1/HaproxyBackendDown.html');
    await page.keyboard.press('/');
    await page.keyboard.type('burn a core without answering');
    await page.getByRole('status').getByText('1 page').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => document.activeElement?.querySelector('b')?.textContent)).toBe('TraefikDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'TraefikDown' }).waitFor();
    expect(page.url()).toMatch(/pages\/catalog\/runbooks\/traefik\/TraefikDown\.html$/);
  });

  test('the search shows hostile words as text, says when nothing fits, and ends by Escape', async () => {
    const { page } = await open('index.html');
    const field = page.getByRole('searchbox', { name: 'Search all pages' });
    await field.fill('zebra');
    await page.getByRole('list', { name: 'Pages found' }).getByText('Evil<img').waitFor();
    expect(await readAs(page.getByRole('list', { name: 'Pages found' }))).toContain('Evil<img src=x onerror=alert(1)>');
    await field.fill('nothing-has-this');
    await page.getByText('No page has these words').waitFor();
    await page.keyboard.press('Escape');
    expect(await field.inputValue()).toBe('');
    expect(await page.getByText('No page has these words').isVisible()).toBe(false);
  });

  test('without scripts every page is reached', async () => {
    const { page } = await open('index.html', { javaScriptEnabled: false });
    expect(await page.getByRole('searchbox').count()).toBe(0);
    await page.getByRole('link', { name: 'HaproxyBackendDown' }).click();
    await page.getByRole('heading', { level: 2, name: 'Mitigation' }).waitFor();
  });
});

async function violations(page: Page): Promise<string[]> {
  const found = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return found.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')}: ${node.failureSummary}`),
  );
}
