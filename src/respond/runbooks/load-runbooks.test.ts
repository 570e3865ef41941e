import { expect, test } from 'vitest';
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
    ['impossible-label 1:1 the texts of Down show $labels.instance, but the expression keeps only job'],
  ],
  [
    'a copy that differs from the rule',
    quoted('up == 0') + sections(fine),
    [
      'impossible-label 1:1 the texts of Down show $labels.instance, but the expression keeps only job',
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
