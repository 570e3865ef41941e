import { expect, test } from 'vitest';
import { labelsOf } from '../../model/labels.ts';
import { matchPage } from './match-page.ts';
import type { Page } from './page.ts';
import { parsePage } from './parse-page.ts';

function page(path: string, aliases: readonly string[] = []): Page {
  const parsed = parsePage('text', path).page;
  if (parsed === null) throw new Error(path);
  return { ...parsed, aliases };
}

const pages = [
  page('catalog/runbooks/given/haproxy-exporter-v1/HaproxyBackendDown.md'),
  page('catalog/runbooks/haproxy/HaproxyBackendDown.md'),
  page('catalog/runbooks/given/embedded-exporter-v1/TraefikHighHttp5xxErrorRateBackend.md', ['TraefikHighHttp5xxErrorRateService']),
  page('own/Wiki.md', ['TraefikHighHttp5xxErrorRateService', 'Odd']),
  page('own/deep/down/Wiki.md', ['Odd']),
];

test.each<[string, string, Record<string, string>, Record<string, string>, string | null]>([
  ['its name', 'HaproxyBackendDown', { backend: 'a' }, {}, 'catalog/runbooks/given/haproxy-exporter-v1/HaproxyBackendDown.md'],
  ['its name and its exporter', 'HaproxyBackendDown', { proxy: 'a' }, {}, 'catalog/runbooks/haproxy/HaproxyBackendDown.md'],
  ['an alias, in the folder of its exporter', 'TraefikHighHttp5xxErrorRateService', { backend: 'a' }, {}, pages[2]!.path],
  [
    'a link of the public library',
    'Other',
    {},
    { runbook: 'https://srerun.github.io/p/runbooks/haproxy-exporter-v1/haproxybackenddown/' },
    pages[0]!.path,
  ],
  [
    'a link to a file',
    'Other',
    {},
    { runbook: 'https://github.com/s/p/blob/main/runbooks/haproxy/HaproxyBackendDown.md?x#y' },
    pages[1]!.path,
  ],
  [
    'runbook_url before runbook',
    'HaproxyBackendDown',
    {},
    { runbook_url: '/runbooks/Wiki', runbook: '/runbooks/HaproxyBackendDown' },
    'own/deep/down/Wiki.md',
  ],
  ['its name when the link leads elsewhere', 'HaproxyBackendDown', {}, { runbook_url: 'https://wiki/none' }, pages[0]!.path],
  ['an alias, the deeper page first', 'Odd', {}, {}, 'own/deep/down/Wiki.md'],
  ['nothing', 'Unheard', {}, { runbook: '' }, null],
])('an alert gets its page by %s', (_, name, labels, annotations, expected) => {
  const alert = { name, labels: labelsOf(Object.entries(labels)), annotations };
  expect(matchPage(alert, pages)?.path ?? null).toBe(expected);
  expect(matchPage(alert, [...pages].reverse())?.path ?? null).toBe(expected);
});
