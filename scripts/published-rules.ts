import { writeFileSync } from 'node:fs';
import { publishedRulesPage } from './published-rules-page.ts';

// node scripts/published-rules.ts: a test holds docs/published-rules.md against the rules, this brings it up to date.
writeFileSync(new URL('../docs/published-rules.md', import.meta.url), await publishedRulesPage());
