import { readFileSync, writeFileSync } from 'node:fs';
import { allRoutes } from '../src/interfaces/api/all-routes.ts';
import { openApiOf } from '../src/interfaces/api/openapi.ts';

// node scripts/write-openapi.ts: a test holds docs/openapi.json against the routes, this brings it up to date.
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
writeFileSync(new URL('../docs/openapi.json', import.meta.url), `${JSON.stringify(openApiOf(allRoutes, version), null, 2)}\n`);
