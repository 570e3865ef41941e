import { describe, expect, test } from 'vitest';
import { missing, readAs, visit } from './browser.ts';
import { hostileIncident } from './fixture-data.ts';
import { fixtureStage } from './fixture-stage.ts';

describe.skipIf(missing !== null)('the page of an incident', () => {
  const stage = fixtureStage();

  test('says what is broken, why, and what to do', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByRole('heading', { level: 1, name: /api on edge: 32 %/ }).waitFor();
    const verdict = await readAs(page.getByRole('region', { name: 'Cause found' }));
    expect(verdict).toContain('bad-server');
    expect(verdict).toContain('confidence 0.96');
    expect(verdict).toContain('96.4 %');
    expect(verdict).toContain('2 of 3');
    const plan = await readAs(page.getByRole('region', { name: /Plan 7f3a/ }));
    expect(plan).toContain('set server api/s3 state drain');
    expect(plan).toContain('set server api/s3 state ready');
    expect(plan).toContain('Guards: 7 of 7 allow');
    expect(plan).toContain('9f2c 71ab');
    const effect = await readAs(page.getByRole('region', { name: 'Effect' }));
    expect(effect).toContain('32.1 %');
    expect(effect).toContain('< 5 %');
    await page.getByRole('region', { name: 'Where' }).getByText('s3 up, failing').waitFor();
  });

  test('shows what could not be looked at as unknown, with the reason and what to change', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    const line = page.locator('#e7');
    await line.waitFor();
    expect(await readAs(line)).toMatch(/disk-full\s+unknown: no log_file and no host access.* → add servers\[api\/s3\]\.log_file/s);
    expect(await page.getByRole('region', { name: 'Evidence' }).locator('#e7').count()).toBe(0);
  });

  test('draws plots, and shows the same as a table on t', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page
      .getByRole('img', { name: /Plot: s3 answers 96.4 %/ })
      .locator('canvas')
      .waitFor();
    await page.keyboard.press('t');
    await page.locator('#e1').getByRole('columnheader', { name: 's3' }).waitFor();
    expect(await readAs(page.locator('#e1'))).toMatch(/9[567]\.?\d? %/);
  });

  test('opens the evidence that a link names, also when it is not among the first', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042#e6`);
    await page.locator('#e6').waitFor();
    expect(await page.locator('#e6').isVisible()).toBe(true);
  });

  test('reads the map from the state of a proxy, too, and leaves out rates nobody counted', async () => {
    const server1 = { name: 's1', address: { host: '10.0.4.11', port: 8080 }, state: 'up', administrative: 'ready', weight: 1 };
    stage.server.world.topology = {
      proxy: 'haproxy',
      readAt: stage.server.now(),
      entries: [{ name: 'web', binds: [':443'] }],
      routes: [{ name: 'default', entries: ['web'], rule: 'default_backend', backend: 'api' }],
      backends: [
        { name: 'api', servers: [server1, { ...server1, name: 's2', administrative: 'drain' }, { ...server1, name: 's3', state: 'down' }] },
      ],
    };
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    const where = page.getByRole('region', { name: 'Where' });
    await where.getByText('s2 draining').waitFor();
    const text = await readAs(where);
    expect(text).toContain('s1 up');
    expect(text).toContain('s3 down');
    expect(text).toContain('1 of 3 ready');
    expect(text).toContain('traffic unknown');
    expect(text).toContain('10.0.4.11:8080');
  });

  test('one part that fails leaves the others alone', async () => {
    stage.server.world.broken = ['/incidents/1042/evidence', '/incidents/1042/steps', '/targets'];
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.locator('#e1').getByRole('alert').waitFor();
    await page
      .getByRole('region', { name: /Runbook/ })
      .getByRole('alert')
      .waitFor();
    expect(await page.getByRole('button', { name: 'Approve: drain api/s3' }).isVisible()).toBe(true);
  });

  test('appends what happens to the timeline as it happens', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    const log = page.getByRole('log');
    await log.getByText('incident #1042 opened').waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    stage.server.tell('1042', 'note', 'jon looks at the deploy');
    await log.getByText('jon looks at the deploy').waitFor();
    expect(await log.getByText('jon looks at the deploy').count()).toBe(1);
  });

  test('ticks a manual step with a note, and shows who was faster', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByRole('checkbox', { name: /Roll back the last release/ }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('release 41 is back');
    await page.getByRole('button', { name: 'Tick off' }).click();
    await page.getByText(/ticked by mia.*release 41 is back/).waitFor();
    expect(stage.server.world.writes.at(-1)).toEqual({
      method: 'PUT',
      path: '/incidents/1042/steps/mitigation%2F3/tick',
      body: { done: true, note: 'release 41 is back', version: 1 },
    });
    await page.getByRole('checkbox', { name: /Add capacity/ }).click();
    const step = stage.server.world.steps.find((each) => each.id === 'mitigation/4')!;
    Object.assign(step, { version: 2, tick: { actor: 'jon', at: stage.server.now(), note: '' } });
    await page.getByRole('dialog').waitFor();
    stage.server.changed('1042');
    await page.getByText(/ticked by jon/).waitFor();
    await page.getByRole('button', { name: 'Tick off' }).click();
    await page.getByRole('dialog').getByText('Somebody was faster.').waitFor();
  });

  test('shows the report as text, with copy and download', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('e');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('<script>window.pwned = 1</script> is text here.').waitFor();
    expect(await dialog.getByRole('link', { name: 'Download' }).getAttribute('href')).toBe('/medic/v1/incidents/1042/report');
    await dialog.getByRole('button', { name: 'Copy' }).click();
    await dialog.getByText('copied').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  test('tells times in UTC or of this machine, switched by z', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`, { timezoneId: 'Asia/Tokyo' });
    const clock = page.getByRole('button', { name: /UTC/ });
    await clock.waitFor();
    await page.keyboard.press('z');
    await page.getByRole('button', { name: /Asia\/Tokyo/ }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: /Asia\/Tokyo/ }).waitFor();
  });

  test('pauses automation with a reason, shows the band everywhere, locks acts, and resumes', async () => {
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByRole('button', { name: 'Pause automation…' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('deploy is running');
    await page.getByRole('button', { name: 'Pause everything' }).click();
    await page.getByText('Automation is paused', { exact: true }).waitFor();
    await page.getByText('Automation is paused by mia: resume it first.').waitFor();
    expect(stage.server.world.writes[0]).toEqual({
      method: 'POST',
      path: '/pauses',
      body: { scope: 'all', reason: 'deploy is running', until: null },
    });
    await page.getByRole('button', { name: 'Resume…' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('deploy is done');
    await page.getByRole('button', { name: 'Resume automation' }).click();
    await page.getByText('Automation is paused', { exact: true }).waitFor({ state: 'detached' });
  });

  test.each([
    ['off', 'The mode is off'],
    ['observe', 'The mode is observe'],
    ['suggest', 'The mode is suggest'],
  ])('in mode %s nothing can be approved, and it says who can change that', async (mode, sentence) => {
    stage.server.world.mode = mode;
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByText(sentence).waitFor();
    expect(await page.getByRole('button', { name: /Approve/ }).getAttribute('aria-disabled')).toBe('true');
  });

  test.each([
    ['no-fault-found', [], /No fault found[\s\S]*checks? healthy: the alert may be wrong/],
    ['undetermined', [], /Undetermined[\s\S]*What would decide:[\s\S]*server\/log/],
  ] as const)('tells the verdict %s apart from a cause', async (verdict, causes, words) => {
    const incident = stage.server.world.incidents[0]!;
    incident.verdict = verdict;
    incident.plans = [];
    incident.diagnosis = { ...incident.diagnosis!, verdict, causes };
    const { page } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await readAs(page.getByRole('article'))).toMatch(words);
  });

  test('shows an incident before its first diagnosis', async () => {
    Object.assign(stage.server.world.incidents[0]!, { verdict: null, diagnosis: null, plans: [], causes: [], headline: [] });
    const { page, complaints } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByText('Being diagnosed').waitFor();
    expect(complaints).toEqual([]);
  });

  test('works with what the contract promises alone: no status, steps, series, effect, map or details of a plan', async () => {
    stage.server.world.absent = [/^\/status/, /\/steps/, /\/evidence\//, /^\/plans\/[^/]+$/, /\/effect$/, /^\/targets/];
    const incident = stage.server.world.incidents[0]!;
    const { approvals: _a, progress: _p, liftsAt: _l, seenAt: _s, ...plan } = incident.plans[0]!;
    const step = {
      id: 'diagnosis/1',
      section: 'Diagnosis',
      number: '1',
      text: 'Check the logs.',
      checks: [],
      actions: [],
      outcome: 'clear' as const,
    };
    incident.plans = [plan];
    incident.diagnosis = { ...incident.diagnosis!, steps: [{ ...step, manual: null, evidence: ['e4'] }] };
    Object.assign(incident, { headline: undefined, waitingFor: undefined, ackBy: undefined, version: undefined });
    const { page, complaints } = await visit(stage.browser, `${stage.server.url}/incidents/1042`);
    await page.getByText('Check the logs.').waitFor();
    await page.getByLabel(/Why is this right/).fill('it is');
    await page.locator('button[aria-disabled="false"]', { hasText: 'Approve' }).click();
    await page.getByText('approved by mia').waitFor();
    expect(complaints).toEqual([]);
  });

  test('hostile labels, summaries, guards and facts stay text, and the policy is never even asked', async () => {
    stage.server.world.incidents = [hostileIncident(stage.server.now())];
    const { page, complaints } = await visit(stage.browser, `${stage.server.url}/incidents`);
    await page.getByText('<img src=x').first().waitFor();
    await page.goto(`${stage.server.url}/incidents/666`);
    await page.getByRole('img', { name: /Plot/ }).first().locator('canvas').waitFor();
    await page.keyboard.press('e');
    await page.getByRole('dialog').getByText('<script>').waitFor();
    expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
    expect(await page.locator('img, main script, iframe, a[href^="javascript"]').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});
