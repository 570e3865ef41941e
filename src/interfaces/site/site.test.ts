import { expect, test } from 'vitest';
import { labelsOf } from '../../model/labels.ts';
import { pageTree } from '../../respond/runbooks/page-tree.ts';
import { parsePage } from '../../respond/runbooks/parse-page.ts';
import { html } from './html.ts';
import { indexHtml, searchIndex } from './index-html.ts';
import type { LiveAlert } from './live-html.ts';
import { pageHtml } from './page-html.ts';
import { placePages, type SitePage, wayTo } from './site-page.ts';

const evil = '"><script>alert(1)</script>';

function sitePage(path: string, text = '', changes: Partial<SitePage> = {}): SitePage {
  const page = parsePage(text, path).page!;
  return {
    title: page.title,
    path,
    hash: 'h',
    aliases: [],
    steps: page.steps.length,
    unbound: 0,
    rule: null,
    items: page.steps.map(({ id, section, number, text: said }) => ({ id, section, number, text: said, bound: [] })),
    findings: [],
    description: null,
    folder: page.folder,
    tree: pageTree(page),
    shownRule: null,
    ...changes,
  };
}

test('values become text, whatever they hold', () => {
  expect(html`<a title="${evil}">${evil}${html`<b>`}${null}${[html`1`, html`2`]}</a>`.text).toBe(
    '<a title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;">&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;<b>12</a>',
  );
  expect(html`${'a\u0000b\u202ec\n'}`.text).toBe('a\ufffdb\ufffdc\n');
});

test.each<[string[], string[]]>([
  [
    ['a/b/One.md', 'a/c/Two.md'],
    ['pages/b/One.html', 'pages/c/Two.html'],
  ],
  [['One.md'], ['pages/One.html']],
  [
    ['x/A.md', 'x/a.md'],
    ['pages/A.html', 'pages/a-2.html'],
  ],
  [
    ['x/../../e.md', 'x/"><b>.md', 'x/.hidden.md'],
    ['pages/_/_/e.html', 'pages/___b_.html', 'pages/_hidden.html'],
  ],
])('the pages %j stand at %j', (paths, places) => {
  expect(placePages(paths.map((path) => sitePage(path))).map(({ place }) => place)).toEqual(places);
});

test('the way from one file to another works from a disk', () => {
  expect(wayTo('pages/a/X.html', 'index.html')).toBe('../../index.html');
  expect(wayTo('index.html', 'pages/a/X.html')).toBe('pages/a/X.html');
});

test('a link leads to the page it means, to the web, or nowhere', () => {
  const text = '[a](../y/Other.md#top) [b](gone.md) [c](https://x/) [d](#meaning)';
  const pages = placePages([sitePage('x/Down.md', text), sitePage('y/Other.md')]);
  const written = pageHtml(pages[0]!, { pages, checkTitles: new Map(), live: null });
  expect([...written.matchAll(/<p>(.*a<\/a>.*)<\/p>/g)].map((match) => match[1])).toEqual([
    '<a href="../../pages/y/Other.html" rel="noreferrer">a</a> b <a href="https://x/" rel="noreferrer">c</a> <a href="#meaning" rel="noreferrer">d</a>',
  ]);
});

test('a step shows what it runs, offers and leaves to a person, and when it is bound to nothing', () => {
  const page = sitePage('x/Down.md', '## Mitigation\n- act\n- wait\n');
  const bound = [
    { kind: 'check', id: 'proxy/log', when: [], why: null },
    { kind: 'action', id: 'process/restart', when: ['a', 'b'], why: null },
    { kind: 'manual', id: '', when: [], why: evil },
  ];
  const pages = placePages([{ ...page, items: page.items.map((item, index) => (index === 0 ? { ...item, bound } : item)) }]);
  const written = pageHtml(pages[0]!, { pages, checkTitles: new Map([['proxy/log', 'The log']]), live: null });
  expect(written).toContain('<li class="check"><b>looks</b> The log <code>proxy/log</code></li>');
  expect(written).toContain('<li class="action"><b>offers</b> <code>process/restart</code> when <code>a</code>, <code>b</code></li>');
  expect(written).toContain('<b>by hand</b> &quot;&gt;&lt;script&gt;');
  expect(written).toContain('<b>unbound</b>');
});

test('hostile pages stay text in every place', () => {
  const text = `---\ntitle: '${evil}'\n---\n# ${evil}\n\n${evil}\n\n## Diagnosis\n1. ${evil}\n2. \`${evil}\`\n\n[x](javascript:alert(1))\n`;
  const page = sitePage('x/Down.md', text, {
    description: evil,
    folder: evil,
    aliases: [evil],
    shownRule: { file: evil, alert: evil, expr: evil, for: evil, labels: { [evil]: evil, severity: evil }, annotations: { [evil]: evil } },
    findings: [{ severity: 'error', line: 1, message: evil, fix: evil }],
  });
  const pages = placePages([page]);
  for (const written of [pageHtml(pages[0]!, { pages, checkTitles: new Map(), live: null }), indexHtml(pages)]) {
    expect(written.match(/<script\b[^>]*>/g)).toEqual([
      expect.stringMatching(/^<script defer src="[./]*assets\/pages\.js">$/),
      expect.stringMatching(/^<script defer src="[./]*assets\/search\.js">$/),
    ]);
    expect(written).not.toMatch(/javascript:|\son\w+=|\sstyle=|<style/);
  }
  expect(searchIndex(pages)).not.toContain('<');
});

test('a page that a daemon serves says beside its rule how the alert stands, and which incident to work on', () => {
  const [one] = placePages([sitePage('a/One.md', '# One\n\ntext\n')]);
  const live: LiveAlert = {
    state: 'firing',
    error: null,
    alerts: [
      {
        labels: labelsOf([
          ['alertname', 'One'],
          ['backend', evil],
        ]),
        state: 'firing',
        sinceAt: '2026-01-01T00:00:00.000Z',
      },
    ],
    incidents: [{ id: 'i/1', title: evil }],
    seenAt: '2026-01-01T00:01:00.000Z',
  };
  const served = (state: LiveAlert | null) => pageHtml(one!, { pages: [one!], checkTitles: new Map(), live: state });
  expect(served(live)).toContain('<strong>The alert fires now</strong>');
  expect(served(live)).toContain('<b>firing</b> since <time datetime="2026-01-01T00:00:00.000Z">');
  expect(served(live)).toContain('<a href="/incidents/i%2F1">&quot;&gt;&lt;script&gt;');
  expect(served(live)).not.toContain('alertname');
  expect(served(live)).not.toContain(evil);
  expect(served({ ...live, state: 'error', error: 'many-to-many', alerts: [] })).toContain('could not be evaluated</strong>: many-to-many');
  expect(served({ ...live, alerts: new Array(25).fill(live.alerts[0]) })).toContain('<p>and 5 more</p>');
  expect(served(null)).not.toContain('class="live');
});
