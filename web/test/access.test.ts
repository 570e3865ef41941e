import { AxeBuilder } from '@axe-core/playwright';
import { describe, expect, test } from 'vitest';
import { missing, visit } from './browser.ts';
import { hostileIncident } from './fixture-data.ts';
import { downExpr, drift } from './fixture-server.ts';
import { fixtureStage } from './fixture-stage.ts';

const pages = [
  ['the list', '/incidents', /api on edge/],
  ['an incident', '/incidents/1042', /bad-server/],
  ['an expression', `/graph?g0.expr=${encodeURIComponent(downExpr)}&g0.tab=1`, /BackendDown/],
  ['a page that is not there', '/nowhere', /There is no page here/],
] as const;

describe.skipIf(missing !== null)('for everybody', () => {
  const stage = fixtureStage();

  test.each(pages.flatMap(([name, path, text]) => (['dark', 'light'] as const).map((scheme) => [name, scheme, path, text] as const)))(
    'axe finds nothing on %s, %s',
    async (_name, colorScheme, path, text) => {
      const { page, complaints } = await visit(stage.browser, stage.server.url + path, { colorScheme });
      await page.getByText(text).first().waitFor();
      if (path === '/incidents/1042') await page.locator('canvas').first().waitFor();
      expect(await violations(page)).toEqual([]);
      expect(complaints).toEqual([]);
    },
  );

  test('axe finds nothing on a drifted form and in a dialog', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByLabel(/Why is this right/).fill('because');
    drift(stage.server, '1042');
    await page.getByText('Plan changed').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('heading', { level: 1 }).click();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test.each([...pages, ['hostile texts', '/incidents/666', /bad-server/] as const])(
    '%s fits 320 px without sideways scrolling',
    async (_name, path, text) => {
      stage.server.world.incidents.push(hostileIncident(stage.server.now()));
      const { page } = await visit(stage.browser, stage.server.url + path, { viewport: { width: 320, height: 640 } });
      await page.getByText(text).first().waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    },
  );

  test('the order for phones and readers is verdict, plan, effect, timeline, then the rest', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByRole('region', { name: 'Where' }).waitFor();
    await page.getByRole('region', { name: 'Effect' }).waitFor();
    const titles = await page.locator('main section h2').allInnerTexts();
    expect(titles.map((title) => title.split(/\s/)[0])).toEqual([
      'Cause',
      'Plan',
      'Effect',
      'Timeline',
      'Where',
      'Evidence',
      'Ruled',
      'Runbook',
    ]);
  });

  test('single keys can be switched off', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents`);
    await page.getByText('api on edge').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('checkbox', { name: 'Single keys are on' }).uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    expect(await page.getByRole('searchbox').evaluate((field) => field === document.activeElement)).toBe(false);
  });

  test('what can be pressed is at least 24 px high', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByRole('button', { name: /^Approve/ }).waitFor();
    const heights = await page.getByRole('button').evaluateAll((all) => all.map((button) => button.getBoundingClientRect().height));
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(24);
  });
});

async function violations(page: ConstructorParameters<typeof AxeBuilder>[0]['page']): Promise<string[]> {
  const found = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return found.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')}: ${node.failureSummary}`),
  );
}
