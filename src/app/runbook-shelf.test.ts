import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FileMemory } from './file-memory.ts';
import { loadRules, readRuleTexts } from './rule-shelf.ts';
import { loadShelf } from './runbook-shelf.ts';

const rule = (threshold: number) =>
  `groups:\n  - name: shop\n    rules:\n      - alert: ShopSlow\n        expr: shop_seconds > ${threshold}\n        labels: { severity: warning }\n`;

/** A page quotes its rule the way the public library does. */
const page = (threshold: number) => `---
title: ShopSlow
---
## Meaning
{{% rule "shop.yml" "ShopSlow" %}}

{{% comment %}}

\`\`\`yaml
alert: ShopSlow
expr: shop_seconds > ${threshold}
labels:
  severity: warning
\`\`\`

{{% /comment %}}

See [the map](map.md) and [nothing](gone.md).
`;

let directory = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'proxymedic-shelf-'));
  mkdirSync(join(directory, 'pages'));
  writeFileSync(join(directory, 'shop.yml'), rule(5));
  writeFileSync(join(directory, 'pages/map.md'), page(5).replaceAll('ShopSlow', 'ShopMap'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function findingsOf(threshold: number) {
  writeFileSync(join(directory, 'pages/ShopSlow.md'), page(threshold));
  const { findings } = await loadShelf([join(directory, 'pages')], await readRuleTexts([join(directory, '*.yml')]));
  return findings.filter(({ alert, check }) => alert === 'ShopSlow' && check !== 'missing-section').map(({ check }) => check);
}

test('a link to a file that is not there is found, one to a page beside it is not', async () => {
  expect(await findingsOf(5)).toEqual(['dead-link']);
});

test('a page that quotes another rule than is loaded is found', async () => {
  expect(await findingsOf(7)).toEqual(['rule-drift', 'dead-link']);
});

test('a second load reads again what changed, a page as well as the rule that it quotes, and nothing else', async () => {
  const memory = new FileMemory();
  const load = async (pageThreshold: number, ruleThreshold: number) => {
    writeFileSync(join(directory, 'pages/ShopSlow.md'), page(pageThreshold));
    writeFileSync(join(directory, 'shop.yml'), rule(ruleThreshold));
    const rules = await readRuleTexts([join(directory, '*.yml')], memory);
    const { pages, findings } = await loadShelf([join(directory, 'pages')], rules, memory);
    return {
      slow: pages.find(({ title }) => title === 'ShopSlow'),
      map: pages.find(({ title }) => title === 'ShopMap'),
      drifts: findings.some(({ check, alert }) => check === 'rule-drift' && alert === 'ShopSlow'),
    };
  };
  const first = await load(5, 5);
  const changedPage = await load(7, 5);
  const changedRule = await load(7, 7);
  writeFileSync(join(directory, 'shop.yml'), rule(5));
  expect([first.drifts, changedPage.drifts, changedRule.drifts]).toEqual([false, true, false]);
  expect(changedPage.slow).not.toBe(first.slow);
  expect(changedRule.slow).toBe(changedPage.slow);
  expect(changedRule.map).toBe(first.map);
});

test('the given pages quote the published rules, whatever is loaded', async () => {
  const { findings } = await loadShelf(['catalog'], await readRuleTexts([]));
  expect(new Set(findings.map(({ check }) => check))).toEqual(new Set(['impossible-label']));
});

test('a page that is too large is said to be left out', async () => {
  const large = join(directory, 'pages/Large.md');
  writeFileSync(large, '# Large\n'.repeat(40_000));
  const { findings } = await loadShelf([large]);
  rmSync(large);
  expect(findings).toMatchObject([{ check: 'page-too-large', file: large, message: 'the file has 320000 bytes, the limit is 262144' }]);
});

test('a rule file that cannot be read is left out of the comparison and said when the rules are loaded', async () => {
  const missing = join(directory, 'missing.yml');
  expect((await readRuleTexts([missing])).map(({ path }) => path)).not.toContain(missing);
  expect((await loadRules([missing])).errors).toEqual([`rules: ${missing}: no rule file is there`]);
});

test.each(['catalog', 'catalog/published'])('every rule of %s loads', async (source) => {
  const { errors, groups, alertNames } = await loadRules([source]);
  expect(errors).toEqual([]);
  expect(groups.length).toBeGreaterThan(3);
  expect(alertNames).toContain('HaproxyBackendDown');
  expect(alertNames).toContain('TraefikServiceDown');
});
