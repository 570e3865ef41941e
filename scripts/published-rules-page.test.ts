import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { publishedRulesPage } from './published-rules-page.ts';

test('docs/published-rules.md is what is known of the published rules; node scripts/published-rules.ts writes it anew', async () => {
  expect(readFileSync(new URL('../docs/published-rules.md', import.meta.url), 'utf8')).toBe(await publishedRulesPage());
}, 60_000);
