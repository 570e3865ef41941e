import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allRoutes } from './all-routes.ts';
import { openApiOf } from './openapi.ts';
import { problems } from './problem.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test('docs/api.md has a line for every route, and for nothing else', () => {
  const lines = [...read('docs/api.md').matchAll(/^\| `((?:GET|POST|PUT|DELETE) [^`]*)` *\|/gm)].map((match) => match[1]);
  expect(lines.toSorted()).toEqual(allRoutes.map((route) => `${route.method} ${route.path}`).toSorted());
});

test('docs/errors.md has a line for every code with its status, and for nothing else', () => {
  const lines = [...read('docs/errors.md').matchAll(/^\| `([a-z-]+)` *\| (\d+) /gm)].map((match) => [match[1], Number(match[2])]);
  expect(lines).toEqual(Object.entries(problems).map(([code, [status]]) => [code, status]));
});

test('docs/openapi.json is what the routes say; node scripts/write-openapi.ts writes it anew', () => {
  const { version } = JSON.parse(read('package.json'));
  expect(JSON.parse(read('docs/openapi.json'))).toEqual(JSON.parse(JSON.stringify(openApiOf(allRoutes, version))));
});

test('no two routes have the same method and path', () => {
  const names = allRoutes.map((route) => `${route.method} ${route.path}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
