import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPage, savePage } from './new-runbook.ts';
import { readRuleTexts } from './rule-shelf.ts';
import { loadShelf } from './runbook-shelf.ts';

test('a page from a rule of ours is written once and has nothing wrong with it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'proxymedic-new-'));
  const rules = join(directory, 'shop.yml');
  writeFileSync(rules, 'groups:\n- name: g\n  rules:\n  - alert: ShopSlow\n    expr: |\n      shop_seconds\n        > 5\n    for: 2m\n');
  const page = await createPage('ShopSlow', [rules]);
  if ('impossible' in page) throw new Error(page.impossible);
  expect(await savePage(join(directory, 'pages'), page)).toEqual({ file: join(directory, 'pages/ShopSlow.md') });
  expect(await savePage(join(directory, 'pages'), { ...page, text: 'other' })).toEqual({
    refused: `${join(directory, 'pages/ShopSlow.md')} exists already`,
  });
  expect(readFileSync(join(directory, 'pages/ShopSlow.md'), 'utf8')).toBe(page.text);
  const { findings } = await loadShelf([join(directory, 'pages')], await readRuleTexts([rules]));
  expect(findings.map(({ check, message }) => `${check}: ${message}`)).toEqual([]);
  rmSync(directory, { recursive: true, force: true });
});

test('without rules of one’s own what we ship is known, and what is not there is said', async () => {
  expect(await createPage('HaproxyServerDown', [])).toMatchObject({ name: 'HaproxyServerDown.md' });
  expect(await createPage('Nothing', [])).toMatchObject({
    impossible: 'no rule has the alert "Nothing"',
    known: expect.arrayContaining(['TraefikDown']),
  });
});
