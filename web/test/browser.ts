import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
const index = fileURLToPath(new URL('../dist/index.html', import.meta.url));

/** Why pages cannot be tested here, or null. */
export const missing = !existsSync(executablePath)
  ? `${executablePath} is absent: the pages are not tested`
  : !existsSync(index)
    ? 'web/dist is absent: run "npm run build:web" to test the pages'
    : null;

if (missing !== null) console.warn(missing);

export function launch(): Promise<Browser> {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  return chromium.launch({ executablePath, args });
}

export interface Visit {
  readonly page: Page;
  /** Errors of scripts and refusals of the content security policy. */
  readonly complaints: string[];
}

/** A page of its own context, told apart from every other visitor. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    const isNetwork = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isNetwork) complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}

/** The text as a person sees it: without what is hidden, one line per block. */
export function readAs(locator: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: what is hidden must not count as shown.
  return locator.innerText();
}
