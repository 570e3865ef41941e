import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { missing, readAs, visit } from './browser.ts';
import { drainPlan } from './fixture-data.ts';
import { drift, finish } from './fixture-server.ts';
import { fixtureStage } from './fixture-stage.ts';

const reason = 's3 answers 500 on all paths';

async function writeReason(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Approve/ }).waitFor();
  await page.keyboard.press('a');
  await page.keyboard.type(reason);
}

async function approve(page: Page): Promise<void> {
  await writeReason(page);
  await page.locator('button[aria-disabled="false"]', { hasText: 'Approve: drain api/s3' }).click();
}

describe.skipIf(missing !== null)('approving a plan', () => {
  const stage = fixtureStage();
  const approvals = () => stage.server.world.writes.filter((write) => write.path.endsWith('/approval'));

  test('by keyboard alone: a, the reason, Ctrl+Enter; then it follows the plan to the recovery', async () => {
    const { page, complaints } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await writeReason(page);
    await page.locator('button[aria-disabled="false"]', { hasText: 'Approve: drain api/s3' }).waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByText(`approved by mia`).waitFor();
    expect(approvals()).toEqual([{ method: 'POST', path: '/plans/7f3a/approval', body: { planHash: drainPlan(0).hash, reason } }]);
    finish(stage.server, '1042');
    await page.getByText('read back DRAIN').waitFor();
    await page.getByRole('region', { name: 'Effect' }).getByText('recovered').waitFor();
    expect(await readAs(page.getByRole('region', { name: 'Effect' }))).toContain('409/s');
    await page.keyboard.press('u');
    await page.getByRole('dialog').getByRole('textbox').fill('s3 is repaired');
    await page.getByRole('button', { name: 'Undo: Drain api/s3' }).click();
    await page.getByText('undone', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('needs a reason', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByText('A reason is required.').waitFor();
    await page.keyboard.press('a');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('button', { name: /^Approve/ }).click({ force: true });
    expect(approvals()).toEqual([]);
  });

  test('is not armed in the moment after the plan has changed on the page', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.clock.install();
    await page.reload();
    await page.getByRole('button', { name: /^Approve/ }).waitFor();
    await page.clock.runFor(2_000);
    await page.getByLabel(/Why is this right/).fill(reason);
    const button = page.getByRole('button', { name: /^Approve/ });
    expect(await button.getAttribute('aria-disabled')).toBe('false');
    const plan = stage.server.world.incidents[0]!.plans[0]!;
    const guards = plan.guards.map((guard) => (guard.id === 'fresh-state' ? { ...guard, reason: 'read 0.2 s ago' } : guard));
    stage.server.world.incidents[0]!.plans = [{ ...plan, guards, version: 2 }];
    stage.server.changed('1042');
    await page.clock.runFor(200);
    await page.getByText('read 0.2 s ago').waitFor();
    await page.getByText('It has just changed: look again.').waitFor();
    await page.getByLabel(/Why is this right/).press('Control+Enter');
    expect(approvals()).toEqual([]);
    await page.clock.runFor(700);
    await page.getByText('It has just changed: look again.').waitFor({ state: 'detached' });
    expect(await button.getAttribute('aria-disabled')).toBe('false');
  });

  test('drift while typing locks the form, shows old and new, and keeps the reason', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await writeReason(page);
    drift(stage.server, '1042');
    const alert = page.getByRole('alert').filter({ hasText: 'Plan changed' });
    await alert.waitFor();
    expect(await readAs(alert)).toContain('set server api/s2 state drain');
    expect(await page.getByRole('button', { name: /^Approve/ }).count()).toBe(0);
    await page.keyboard.press('Control+Enter');
    expect(approvals()).toEqual([]);
    expect(await page.getByLabel(/Why is this right/).inputValue()).toBe(reason);
    await page.getByRole('button', { name: 'Read the new plan' }).click();
    expect(await page.getByLabel(/Why is this right/).inputValue()).toBe(reason);
    await page.locator('button[aria-disabled="false"]', { hasText: 'Approve: drain api/s3 and api/s2' }).click();
    await page.getByText('approved by mia').waitFor();
    expect(approvals().map((write) => write.path)).toEqual(['/plans/7f3c/approval']);
  });

  test('drift found by the server (409) is the same: nothing approved, reason kept', async () => {
    stage.server.world.approval = 'drift';
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await approve(page);
    await page.getByRole('alert').filter({ hasText: 'Plan changed' }).waitFor();
    stage.server.world.approval = 'accept';
    await page.getByRole('button', { name: 'Read the new plan' }).click();
    expect(await page.getByLabel(/Why is this right/).inputValue()).toBe(reason);
    await page.locator('button[aria-disabled="false"]', { hasText: 'api/s2' }).waitFor();
  });

  test('a guard that refuses now (422) comes first, with what it saw, and can be asked again', async () => {
    stage.server.world.approval = 'refuse';
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await approve(page);
    const alert = page.getByRole('alert').filter({ hasText: 'a guard refuses now' });
    await alert.waitFor();
    expect(await readAs(alert)).toContain('min-healthy only 1 of 3 servers would stay ready; 2 needed');
    const guards = page.getByRole('list').filter({ hasText: 'capacity' });
    expect(await readAs(guards.getByRole('listitem').first())).toContain('refuses: only 1 of 3');
    expect(await page.getByLabel(/Why is this right/).inputValue()).toBe(reason);
    stage.server.world.approval = 'accept';
    await page.getByRole('button', { name: 'Check again' }).click();
    await alert.waitFor({ state: 'detached' });
    await page.locator('button[aria-disabled="false"]', { hasText: 'Approve' }).click();
    await page.getByText('approved by mia').waitFor();
  });

  test.each([
    ['expire', 'The plan has expired.', 'Check again'],
    ['forbid', 'approver or admin may; you are viewer.', 'Reject…'],
  ] as const)('%s: says so and keeps the reason', async (behaviour, sentence, next) => {
    stage.server.world.approval = behaviour;
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await approve(page);
    await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
    expect(await page.getByRole('button', { name: next }).isVisible()).toBe(true);
    expect(await page.getByLabel(/Why is this right/).inputValue()).toBe(reason);
  });

  test('a lost answer is unknown and is never sent a second time', async () => {
    stage.server.world.approval = 'lose';
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    // Counted at the page: a browser repeats by itself what broke on a kept connection, which is why the hash makes it one act.
    let sent = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/approval')) sent += 1;
    });
    await approve(page);
    await page.getByText('The answer was lost').waitFor();
    await page.keyboard.press('Control+Enter');
    expect(sent).toBe(1);
    const incident = stage.server.world.incidents[0]!;
    incident.plans = incident.plans.map((plan) => ({
      ...plan,
      state: 'approved' as const,
      approvals: [{ actor: 'mia', at: stage.server.now(), reason }],
      version: 2,
    }));
    stage.server.changed('1042');
    await page.getByText('approved by mia').waitFor();
    expect(sent).toBe(1);
  });

  test('what another browser approves is shown here, and cannot be approved again', async () => {
    const mine = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    const other = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await writeReason(mine.page);
    await approve(other.page);
    await mine.page.getByText('approved by mia').waitFor();
    expect(await mine.page.getByRole('button', { name: /^Approve/ }).count()).toBe(0);
    expect(approvals()).toHaveLength(1);
  });

  test('rejects with a reason, and what was typed for an approval approves nothing', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await writeReason(page);
    await page.locator('button[aria-disabled="false"]', { hasText: 'Approve' }).waitFor();
    await page.getByRole('button', { name: 'Reject…' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('s3 is being redeployed');
    await page.getByRole('button', { name: 'Reject: drain api/s3' }).click();
    await page.getByText('rejected', { exact: true }).waitFor();
    expect(stage.server.world.writes.map((write) => [write.path, write.body])).toEqual([
      ['/plans/7f3a/rejection', { reason: 's3 is being redeployed' }],
    ]);
  });

  test('what cannot be undone says so and needs a tick', async () => {
    const incident = stage.server.world.incidents[0]!;
    incident.plans = [{ ...drainPlan(stage.server.now()), undo: [], risk: 'disruptive', summary: 'Restart api/s3' }];
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await writeReason(page);
    await page.getByText('It cannot be undone: confirm that first.').waitFor();
    await page.getByRole('checkbox', { name: 'I know that this cannot be undone' }).check();
    await page.locator('button[aria-disabled="false"]', { hasText: 'Approve: restart api/s3' }).waitFor();
  });
});
