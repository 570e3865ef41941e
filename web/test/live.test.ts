import { describe, expect, test } from 'vitest';
import { missing, visit } from './browser.ts';
import { fixtureStage } from './fixture-stage.ts';

describe.skipIf(missing !== null)('staying live', () => {
  const stage = fixtureStage();

  test('comes back by itself after the stream was cut, and misses nothing', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByText('live', { exact: true }).waitFor();
    stage.server.cut();
    await page.getByText('connecting', { exact: true }).waitFor();
    stage.server.tell('1042', 'note', 'said while nobody listened');
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByRole('log').getByText('said while nobody listened').waitFor();
  });

  test('a server that is away: a band after 25 s, acts locked; and everything again when it is back', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.clock.install();
    await page.reload();
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByLabel(/Why is this right/).fill('typed before it went away');
    stage.server.world.isAway = true;
    stage.server.cut();
    await page.getByText('connecting', { exact: true }).waitFor();
    expect(await page.getByText(/Not live since/).count()).toBe(0);
    for (let second = 0; second < 30; second += 1) await page.clock.runFor(1_000);
    await page.getByText(/Not live since \d\d:\d\d:\d\d/).waitFor();
    await page.getByText('The server does not answer: what is shown may be old').waitFor();
    expect(await page.getByRole('button', { name: /^Approve/ }).getAttribute('aria-disabled')).toBe('true');
    expect(await page.getByLabel(/Why is this right/).inputValue()).toBe('typed before it went away');
    stage.server.world.isAway = false;
    for (let second = 0; second < 16; second += 1) await page.clock.runFor(1_000);
    await page.getByText('live', { exact: true }).waitFor();
    await page.clock.runFor(1_000);
    await page.locator('button[aria-disabled="false"]', { hasText: 'Approve' }).waitFor();
  });
});
