import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { freePort } from '../../lab/ports.ts';
import { findHaproxy } from '../../lab/proxies/haproxy.ts';
import { findTraefik } from '../../lab/proxies/traefik.ts';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';
import { launch, missing, readAs, type Visit, visit } from './browser.ts';

/** Everything real: the daemon, a proxy, servers that die, and a browser in front of it. */
const patienceMs = 90_000;
const reason = 'the process is gone, its log says nothing else';

class Stage {
  readonly lab: Lab;
  readonly port: number;
  readonly configPath: string;
  #daemon: Daemon | null = null;

  private constructor(lab: Lab, port: number, configPath: string) {
    this.lab = lab;
    this.port = port;
    this.configPath = configPath;
  }

  static async open(kind: 'haproxy' | 'traefik'): Promise<Stage> {
    const lab = await startLab({ proxies: [kind], topology: { backends: [{ name: 'api', servers: 3 }] } });
    const port = await freePort();
    const configPath = join(lab.directory, 'proxymedic.yml');
    await writeFile(configPath, lab.proxymedicConfig({ listen: `127.0.0.1:${port}`, scrapeInterval: '1s' }));
    const stage = new Stage(lab, port, configPath);
    await stage.startDaemon();
    lab.startTraffic('api', {});
    await eventually('every server is seen up', async () => {
      const { backends } = await stage.get(`/targets/${lab.proxies[0]?.name}/topology`);
      return backends.every((one: { servers: { state: string }[] }) => one.servers.every(({ state }) => state === 'up'));
    });
    return stage;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async startDaemon(): Promise<void> {
    this.#daemon = await startDaemon({ configPath: this.configPath, environment: {}, log: () => undefined });
  }

  async stopDaemon(): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = null;
  }

  // biome-ignore lint/suspicious/noExplicitAny: what comes over HTTP is foreign here, as it is for a client.
  async get(path: string): Promise<any> {
    const response = await fetch(`${this.url}/medic/v1${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return await response.json();
  }

  async close(): Promise<void> {
    await this.stopDaemon();
    await this.lab.stop();
  }
}

async function eventually(what: string, look: () => Promise<unknown>): Promise<void> {
  const endsAt = Date.now() + patienceMs;
  while (!(await look().catch(() => false))) {
    if (Date.now() > endsAt) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

async function open(browser: Browser, url: string, options: Parameters<typeof visit>[2] = {}): Promise<Visit> {
  const seen = await visit(browser, url, options);
  seen.page.setDefaultTimeout(patienceMs);
  return seen;
}

/** What was loaded once is still there: the page was never loaded again. */
function markPage(page: Page): Promise<void> {
  return page.evaluate(() => document.documentElement.setAttribute('data-first', ''));
}

function isMarked(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.hasAttribute('data-first'));
}

async function fillReason(page: Page): Promise<void> {
  const field = page.getByLabel(/Why is this right/);
  await field.waitFor();
  await page.keyboard.press('a');
  await page.keyboard.type(reason);
  const tick = page.getByRole('checkbox', { name: 'I know that this cannot be undone' });
  if (await tick.isVisible()) await tick.check();
}

function armed(page: Page) {
  return page.locator('button[aria-disabled="false"]', { hasText: /^Approve: / });
}

/** A call that settles when as many have called as are awaited. */
function meeting(awaited: number): () => Promise<void> {
  const waiting: (() => void)[] = [];
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length >= awaited) for (const go of waiting) go();
    });
}

function idOf(page: Page): string {
  return new URL(page.url()).pathname.split('/').at(-1) ?? '';
}

const noHaproxy = missing ?? (findHaproxy() === null ? 'no haproxy is installed here' : null);
const noTraefik = missing ?? (findTraefik() === null ? 'no traefik is built here' : null);

describe.skipIf(noHaproxy !== null)('with the real daemon in front of a real HAProxy', { timeout: 2 * patienceMs }, () => {
  let browser: Browser;
  let stage: Stage;
  let visitor: Visit;

  beforeAll(async () => {
    [browser, stage] = await Promise.all([launch(), Stage.open('haproxy')]);
    visitor = await open(browser, `${stage.url}/incidents`);
    await markPage(visitor.page);
  }, 2 * patienceMs);
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  }, patienceMs);

  test('a fault becomes a row, a verdict and a plan on the open page, without a reload', async () => {
    const { page } = visitor;
    await page.getByText('Nothing needs you').waitFor();
    await stage.lab.inject('connection-refused', { backend: 'api', servers: ['s1'] });
    const row = page.getByRole('link', { name: /connection-refused/ });
    await row.waitFor();
    await row.click();
    await page.getByRole('heading', { level: 1, name: /api on edge: connection-refused/ }).waitFor();
    await page.getByRole('region', { name: 'Cause found' }).getByText('connection-refused').first().waitFor();
    await page.getByRole('button', { name: /^Approve: start api\/s1/ }).waitFor();
    const where = page.getByRole('region', { name: 'Where' });
    await where.getByText('s1 down').waitFor();
    expect(await readAs(where)).toContain('2 of 3 ready');
    await page.getByRole('region', { name: 'Evidence' }).locator('canvas').first().waitFor();
    expect(await isMarked(page)).toBe(true);
  });

  test('it fits 320 px, axe finds nothing, and a deep link leads to the plan', async () => {
    const { page, complaints } = await open(browser, visitor.page.url(), { viewport: { width: 320, height: 640 } });
    await page.getByRole('button', { name: /^Approve: start api\/s1/ }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    const { plans } = await stage.get(`/incidents/${idOf(visitor.page)}`);
    await page.setViewportSize({ width: 1400, height: 1000 });
    await page.goto(`${stage.url}/incidents/${idOf(visitor.page)}#plan-${plans.at(-1).id}`);
    await page.locator(`#plan-${plans.at(-1).id}`).waitFor();
    const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
    expect(found.violations.flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')}`))).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('the page comes back by itself after a restart of the daemon, and keeps what was typed', async () => {
    const { page } = visitor;
    await fillReason(page);
    await stage.stopDaemon();
    await page.getByText('connecting', { exact: true }).waitFor();
    await stage.startDaemon();
    await page.getByText('live', { exact: true }).waitFor();
    expect(await page.getByLabel(/Why is this right/).inputValue()).toBe(reason);
    expect(await isMarked(page)).toBe(true);
  });

  test('a second server that dies while somebody types locks the form and keeps the reason', async () => {
    const { page } = visitor;
    await stage.lab.inject('connection-refused', { backend: 'api', servers: ['s2'] });
    const alert = page.getByRole('alert').filter({ hasText: 'Plan changed' });
    await alert.waitFor();
    expect(await readAs(alert)).toContain('api/s2');
    expect(await page.getByRole('button', { name: /^Approve/ }).count()).toBe(0);
    expect(await page.getByLabel(/Why is this right/).inputValue()).toBe(reason);
    await page.getByRole('button', { name: 'Read the new plan' }).click();
    await page.getByRole('button', { name: /^Approve: start api\/s1, api\/s2/i }).waitFor();
    expect(await page.getByLabel(/Why is this right/).inputValue()).toBe(reason);
  });

  test('two browsers approve at once: one act, and both see it through to the recovery and the report', async () => {
    const mine = visitor.page;
    const other = await open(browser, mine.url());
    await mine.getByRole('checkbox', { name: 'I know that this cannot be undone' }).check();
    await fillReason(other.page);
    await Promise.all([armed(mine).waitFor(), armed(other.page).waitFor()]);
    // Both are held until both are on their way: neither browser can know of the other's yes.
    const bothSent = meeting(2);
    for (const page of [mine, other.page]) {
      await page.route('**/approval', async (route) => {
        await bothSent();
        await route.continue();
      });
    }
    await mine.getByLabel(/Why is this right/).press('Control+Enter');
    await armed(other.page).click();
    for (const page of [mine, other.page]) {
      await page.getByText('approved by local').waitFor();
      await page.getByRole('status').getByText('resolved', { exact: true }).waitFor();
    }
    const incident = await stage.get(`/incidents/${idOf(mine)}`);
    const kinds = incident.timeline.map((entry: { kind: string }) => entry.kind);
    expect(kinds.filter((kind: string) => kind === 'approval')).toHaveLength(1);
    const [plan] = incident.plans.filter((one: { state: string }) => one.state === 'done');
    expect(plan.progress.map((step: { state: string }) => step.state)).toEqual(['ok', 'ok']);
    await mine.getByRole('region', { name: 'Effect' }).getByText('recovered').waitFor();
    await mine.getByRole('button', { name: /^Report/ }).click();
    await mine.getByRole('dialog').getByText(reason).first().waitFor();
    expect([...visitor.complaints, ...other.complaints]).toEqual([]);
    expect(await isMarked(mine)).toBe(true);
    await other.page.context().close();
  });

  test('hostile labels of a pushed alert are text and nothing else', async () => {
    const evil = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';
    const startsAt = new Date().toISOString();
    const labels = { alertname: `HaproxyBackendDown${evil}`, proxy: evil, severity: evil, constructor: evil, note: '\u202Egnp.exe' };
    const response = await fetch(`${stage.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ labels, annotations: { summary: `${evil} {{constructor.constructor('window.pwned=1')()}}` }, startsAt }]),
    });
    expect(response.status).toBe(200);
    await eventually('the pushed alert has an incident', async () => (await stage.get('/incidents?state=open')).total === 1);
    const [{ id }] = (await stage.get('/incidents?state=open')).incidents;
    const { page, complaints } = await open(browser, `${stage.url}/incidents`, { viewport: { width: 320, height: 640 } });
    await page.getByText('<img src=x').first().waitFor();
    await page.goto(`${stage.url}/incidents/${id}`);
    await page.getByRole('heading', { level: 1, name: /<img src=x/ }).waitFor();
    await page.getByRole('region', { name: 'Timeline' }).getByText('<script>').first().waitFor();
    expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
    expect(await page.locator('img, main script, iframe').count()).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    expect(complaints).toEqual([]);
  });
});

describe.skipIf(noTraefik !== null)('with the real daemon in front of a real Traefik', { timeout: 2 * patienceMs }, () => {
  let browser: Browser;
  let stage: Stage;

  beforeAll(async () => {
    [browser, stage] = await Promise.all([launch(), Stage.open('traefik')]);
  }, 2 * patienceMs);
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  }, patienceMs);

  test('from the killed servers over the approval on the page to the recovery', async () => {
    const { page, complaints } = await open(browser, `${stage.url}/incidents`);
    await page.getByText('Nothing needs you').waitFor();
    await stage.lab.inject('connection-refused', { backend: 'api' });
    await page.getByRole('link', { name: /connection-refused/ }).click();
    await page.getByRole('region', { name: 'Cause found' }).waitFor();
    await page.getByRole('button', { name: /^Approve: start/i }).waitFor();
    await fillReason(page);
    await armed(page).click();
    await page.getByText('approved by local').waitFor();
    await page.getByRole('status').getByText('resolved', { exact: true }).waitFor();
    expect(await readAs(page.getByRole('region', { name: 'Timeline' }))).toContain(reason);
    expect(complaints).toEqual([]);
  });
});
