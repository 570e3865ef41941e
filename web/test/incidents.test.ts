import { describe, expect, test } from 'vitest';
import { missing, readAs, visit } from './browser.ts';
import { badServerIncident } from './fixture-data.ts';
import { fixtureStage } from './fixture-stage.ts';

describe.skipIf(missing !== null)('the list of incidents', () => {
  const stage = fixtureStage();

  test('shows open incidents with cause, what they wait for, and counts', async () => {
    const { page } = await visit(stage.browser, stage.server.url);
    await page.getByRole('link', { name: /api on edge/ }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/incidents');
    const row = await readAs(page.getByRole('link', { name: /api on edge/ }));
    expect(row).toContain('critical');
    expect(row).toContain('bad-server');
    expect(row).toContain('waits for your approval');
    expect(await readAs(page.getByRole('navigation', { name: 'Which incidents' }))).toMatch(/open\s+3\s+waits for you\s+2\s+resolved\s+1/);
  });

  test('filters by state and text, and every view is a URL', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents`);
    await page
      .getByRole('link', { name: /waits for you/ })
      .first()
      .click();
    await page.getByText('cart@file on front').waitFor({ state: 'detached' });
    expect(page.url()).toContain('state=waits');
    await page.keyboard.press('/');
    await page.keyboard.type('certificate');
    await page.getByText('api on edge').waitFor({ state: 'detached' });
    await page.waitForURL(/q=certificate/);
    const { page: again } = await visit(stage.browser, page.url());
    await again.getByText('certificate of shop').waitFor();
    expect(await again.getByText('api on edge').count()).toBe(0);
  });

  test('says what is watched when nothing needs anybody', async () => {
    stage.server.world.incidents = [];
    const { page } = await visit(stage.browser, stage.server.url);
    await page.getByText('Nothing needs you.').waitFor();
    await page.getByText('36 rules, 2 targets watched.').waitFor();
  });

  test('says what failed, with the code, and tries again', async () => {
    stage.server.world.broken = ['/incidents'];
    const { page } = await visit(stage.browser, stage.server.url);
    const alert = page.getByRole('alert').filter({ hasText: 'storage-busy' });
    await alert.waitFor();
    expect(await readAs(alert)).toContain('The storage did not answer within 5 s.');
    stage.server.world.broken = [];
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('api on edge').waitFor();
  });

  test('lets new rows wait while somebody reads, and shows them at once otherwise', async () => {
    const { page } = await visit(stage.browser, stage.server.url);
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByText('api on edge').hover();
    stage.server.world.incidents.unshift({ ...badServerIncident(stage.server.now()), id: '1043', title: 'shop on front: new trouble' });
    stage.server.changed('1043');
    await page.getByRole('button', { name: '1 new' }).waitFor();
    expect(await page.getByText('shop on front: new trouble').count()).toBe(0);
    await page.getByRole('button', { name: '1 new' }).click();
    await page.getByText('shop on front: new trouble').waitFor();
    await page.mouse.move(0, 0);
    stage.server.world.incidents.unshift({ ...badServerIncident(stage.server.now()), id: '1044', title: 'search on edge: newer trouble' });
    stage.server.changed('1044');
    await page.getByText('search on edge: newer trouble').waitFor();
  });

  test('is walked with j, k and Enter, and g i leads back', async () => {
    const { page } = await visit(stage.browser, stage.server.url);
    await page.getByText('api on edge').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/incidents\/1042$/);
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.waitForURL(/\/incidents$/);
  });

  test('keeps a thousand incidents usable by drawing what is in sight', async () => {
    const one = badServerIncident(stage.server.now());
    stage.server.world.incidents = Array.from({ length: 1_000 }, (_, index) => ({
      ...one,
      id: String(index),
      title: `trouble number ${index}.`,
    }));
    const { page } = await visit(stage.browser, stage.server.url);
    await page.getByText('trouble number 0.').waitFor();
    expect(await page.getByRole('listitem').count()).toBeLessThan(80);
    expect(await page.getByRole('listitem').first().getAttribute('aria-setsize')).toBe('500');
    await page.getByText('The first 500 of 1000 are shown').waitFor();
    await page.mouse.wheel(0, 40_000);
    await page.getByText('trouble number 499.').waitFor();
  });

  test('helps where there is no page and no incident', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incident/7`);
    await page.getByRole('heading', { name: 'There is no page here' }).waitFor();
    await page.goto(`${stage.server.url}/incidents/nope`);
    await page.getByRole('heading', { name: 'There is no incident nope' }).waitFor();
  });
});
