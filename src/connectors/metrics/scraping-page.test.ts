import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scrapeErrorCodes } from '../../detect/scrape/scrape-error.ts';
import { prometheusApiErrorCodes } from './prometheus-api/prometheus-api-error.ts';

const page = readFileSync(new URL('../../../docs/scraping.md', import.meta.url), 'utf8');

/** First column of the table under a heading. */
function codesUnder(heading: string): string[] {
  const section = page.split('\n## ').find((part) => part.startsWith(heading)) ?? '';
  return [...section.matchAll(/^\| `([a-z-]+)` +\|/gm)].map((match) => match[1] ?? '');
}

test.each([
  ['Why a scrape failed', scrapeErrorCodes],
  ['Why a query', prometheusApiErrorCodes],
])('the page lists every code under %j and no other', (heading, codes) => {
  expect(codesUnder(heading).sort()).toEqual([...codes].sort());
});
