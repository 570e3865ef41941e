import { describe, expect, test } from 'vitest';
import { missing, readAs, visit } from './browser.ts';
import { downExpr } from './fixture-server.ts';
import { fixtureStage } from './fixture-stage.ts';

describe.skipIf(missing !== null)('the page that alerts link to', () => {
  const stage = fixtureStage();
  const open = (expr: string) => visit(stage.browser, `${stage.server.url}/graph?${new URLSearchParams({ 'g0.expr': expr })}&g0.tab=1`);

  test('shows the expression, its rule with the alerts, and what it gives now', async () => {
    const { page, complaints } = await open(downExpr);
    const rule = page.getByRole('region', { name: 'Alert BackendDown' });
    await rule.waitFor();
    expect(await readAs(rule)).toMatch(/firing.*alertname="BackendDown", proxy="api"/s);
    const now = page.getByRole('region', { name: 'What it gives now' });
    await now.getByText('haproxy_backend_active_servers{proxy="api"}').waitFor();
    expect(await readAs(now)).toMatch(/PromQL info: odd.*\b0\b/s);
    expect(complaints).toEqual([]);
  });

  test('says that there is nothing, what is wrong with an expression, and what the page is for', async () => {
    const { page } = await open('up == 2');
    await page.getByText('no series satisfies it').waitFor();
    const { page: wrong } = await open('(');
    expect(await readAs(wrong.getByRole('alert'))).toMatch(/unclosed left parenthesis\s+bad_data/);
    const { page: bare } = await visit(stage.browser, `${stage.server.url}/graph`);
    await bare.getByText('alerts link to it').waitFor();
  });
});
