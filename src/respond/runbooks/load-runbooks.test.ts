import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Exporters } from '../../detect/rules/lint/exporter.ts';
import { readExporter } from '../../detect/rules/lint/read-exporter.ts';
import type { RunbookSurroundings } from './load-runbooks.ts';
import { loadRunbooks } from './load-runbooks.ts';

const known = {
  checks: ['proxy/log'],
  actions: ['process/restart'],
  causes: ['connection-refused', 'disk-full'],
  answers: { 'process/restart': ['connection-refused'] },
};
const hashText = (text: string): string => String(text.length).padStart(64, '0');
const sections = (steps: string): string =>
  `# Down\n## Meaning\n## Impact\n## Diagnosis\n${steps}\n## Mitigation\n- act {{% manual "by hand" %}}\n`;
const fine = '- look {{% check "proxy/log" %}}';
const rules = [
  {
    path: 'rules/haproxy/x.yml',
    text: 'groups:\n- name: g\n  rules:\n  - alert: Down\n    expr: count(up) by (job) == 0\n    annotations: { summary: "{{ $labels.instance }}" }\n',
  },
];

function findings(text: string, around: Partial<RunbookSurroundings> = {}): string[] {
  const loaded = loadRunbooks([{ path: 'p/Down.md', text }], known, { hashText, ...around });
  return loaded.findings.map(({ check, line, column, message }) => `${check} ${line}:${column} ${message}`);
}

const quoted = (expr: string): string =>
  `{{% rule "haproxy/x.yml" "Down" %}}\n\n{{% comment %}}\n\n\`\`\`yaml\nalert: Down\nexpr: ${expr}\nannotations: { summary: "{{ $labels.instance }}", runbook: elsewhere }\n\`\`\`\n\n{{% /comment %}}\n\n`;

test.each<[string, string, string[]]>([
  ['a page in order', sections('- look {{% check "proxy/log" %}}'), []],
  ['an unbound item', sections('- look'), ['unbound 5:1 step diagnosis/1 ("look") is bound to nothing']],
  [
    'ids that do not exist',
    sections('- look {{% check "proxy/lgo" %}}\n- {{% action "x/y" when="connection-refused, gremlins" %}}'),
    [
      'unknown-id 5:8 step diagnosis/1 names check "proxy/lgo", which does not exist',
      'unknown-id 6:3 step diagnosis/2 names action "x/y", which does not exist',
      'unknown-id 6:3 step diagnosis/2 names cause "gremlins", which does not exist',
    ],
  ],
  [
    'missing sections',
    `# Down\n## Diagnosis\n${fine}\n## Mitigation\n${fine}\n`,
    ['missing-section 1:1 the page has no section Meaning', 'missing-section 1:1 the page has no section Impact'],
  ],
  ['sections in prose', sections('look closely'), ['no-steps 4:1 Diagnosis has no list items, so nothing of it can be run']],
  [
    'an action that is never offered',
    sections('- act {{% action "process/restart" when="connection-refused, disk-full" %}}'),
    ['never-offered 5:7 step diagnosis/1 offers process/restart when disk-full, which it does not answer'],
  ],
  [
    'a rule file that does not exist',
    `{{% rule "a.yml" "Down" %}}\n\n${sections(fine)}`,
    ['rule-missing 1:1 there is no rule file "a.yml"'],
  ],
  [
    'an alert that does not exist',
    `{{% rule "haproxy/x.yml" "Up" %}}\n\n${sections(fine)}`,
    ['rule-missing 1:1 haproxy/x.yml has no alert "Up"'],
  ],
  [
    'a label the rule cannot produce',
    quoted('count(up) by (job) == 0') + sections(fine),
    ['impossible-label 1:1 the rule Down: label instance is always empty here: it is not among by (job) of count'],
  ],
  [
    'a copy that differs from the rule',
    quoted('up == 0') + sections(fine),
    [
      'impossible-label 1:1 the rule Down: label instance is always empty here: it is not among by (job) of count',
      'rule-drift 6:1 the rule quoted in the page differs from the rule file: expr is "count(up) by (job) == 0"',
    ],
  ],
  [
    'dead links',
    sections('- look at [a](../q/There.md#x), [b](gone.md), [c](https://x/), [d](#e) {{% check "proxy/log" %}}'),
    ['dead-link 5:33 the link "gone.md" leads to no file'],
  ],
])('check says what is wrong with %s', (_, text, expected) => {
  expect(findings(text, { rules, fileExists: (path) => path === 'q/There.md' })).toEqual(expected);
});

describe('what is wrong with the rule of a page', () => {
  const directory = new URL('../../../catalog/exporters/', import.meta.url);
  const exporters = new Exporters(readdirSync(directory).map((name) => readExporter(readFileSync(new URL(name, directory), 'utf8'))));
  const said = (comment: string, exprs: readonly string[], around: Partial<RunbookSurroundings> = { exporters }) => {
    const alerts = exprs.map((expr) => `  - { alert: Down, expr: ${JSON.stringify(expr)} }\n`);
    const file = { path: 'rules/haproxy/x.yml', text: `${comment}groups:\n- name: g\n  rules:\n${alerts.join('')}` };
    return findings(`{{% rule "haproxy/x.yml" "Down" %}}\n\n${sections(fine)}`, { rules: [file], ...around });
  };

  test.each([
    ['', 'haproxy_backend_status == 0', []],
    ['', 'haproxy_backend_statsu == 0', ['unknown-metric 1:1 the rule Down: no version of']],
    [
      '# proxymedic exporter haproxy@2.0\n',
      'haproxy_backend_agg_server_status{state="UP"} == 0',
      ["unknown-metric 1:1 the rule Down: HAProxy's own exporter 2.0 does not expose"],
    ],
    [
      '',
      'haproxy_server_status{state="DWON"} == 1',
      ['unknown-label-value 1:1 the rule Down: label state of haproxy_server_status is never'],
    ],
    ['# proxymedic disable-file unknown-metric: it will be there\n', 'haproxy_backend_statsu == 0', []],
  ])('%j %s', (comment, expr, expected) => {
    expect(said(comment, [expr])).toEqual(expected.map((start) => expect.stringContaining(start)));
  });

  test('is said once for all rules of its alert, and not at all without exporters', () => {
    expect(said('', ['haproxy_backend_statsu == 0', 'haproxy_backend_statsu == 2'])).toHaveLength(1);
    expect(said('', ['haproxy_backend_statsu == 0'], {})).toEqual([]);
  });
});

test('bindings find the page beside them, and say so when there is none', () => {
  const text = sections('- look');
  const bindings = (page: string): string => `page: ${page}\nsha256: ${hashText(text)}\nsteps: { diagnosis/1: { checks: [proxy/log] } }\n`;
  const loaded = loadRunbooks(
    [
      { path: 'p/Down.bindings.yml', text: bindings('Down.md') },
      { path: 'p/Down.md', text },
      { path: 'q/Up.bindings.yml', text: bindings('Up.md') },
      { path: 'p/SOURCE.md', text: 'about' },
      { path: 'p/notes.txt', text: '' },
    ],
    known,
    { hashText },
  );
  expect(loaded.pages.map(({ path }) => path)).toEqual(['p/Down.md']);
  expect(loaded.pages[0]?.steps[0]?.checks).toMatchObject([{ id: 'proxy/log' }]);
  expect(loaded.findings).toMatchObject([{ check: 'bindings', file: 'q/Up.bindings.yml' }]);
});

test('what is wrong with bindings is said where they stand', () => {
  const text = sections('- look');
  const bindings = `page: Down.md\nsha256: ${hashText(text)}\nsteps:\n  diagnosis/1: { checks: [proxy/lgo] }\n`;
  const files = [
    { path: 'p/Down.bindings.yml', text: bindings },
    { path: 'p/Down.md', text },
  ];
  expect(loadRunbooks(files, known, { hashText }).findings).toMatchObject([
    { check: 'unknown-id', file: 'p/Down.bindings.yml', line: 4, column: 27 },
  ]);
});

test('two pages of one title in one folder are a finding, in two folders they are not', () => {
  const text = `---\ntitle: Down\n---\n${sections(fine)}`;
  const files = ['a/One.md', 'a/Two.md', 'b/Two.md'].map((path) => ({ path, text }));
  expect(loadRunbooks(files, known, { hashText }).findings).toMatchObject([{ check: 'duplicate-page', file: 'a/Two.md' }]);
});
