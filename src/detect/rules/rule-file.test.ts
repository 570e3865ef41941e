import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem } from './rule.ts';
import { parseRuleFile } from './rule-file.ts';

const directory = new URL('../../../../shared/conformance/rulefmt/', import.meta.url);
const fixtures = existsSync(directory) ? readdirSync(directory) : [];

/** Wrong only where label names are restricted to ASCII, which Prometheus 3 does not do. */
const wrongUnderOldNames = ['model_rulefmt_testdata_legacy_validation_annotation.bad.yaml'];
/** Written to be refused although their name does not say so. */
const alsoBad = ['rules_fixtures_invalid_rules.yaml'];

describe.skipIf(fixtures.length === 0)('upstream rule files (skipped without ../shared/conformance/rulefmt)', () => {
  test.each(fixtures)('%s', (name) => {
    const bad = (name.includes('.bad.') && !wrongUnderOldNames.includes(name)) || alsoBad.includes(name);
    const { groups, problems } = parseRuleFile(readFileSync(new URL(name, directory), 'utf8'), name);
    expect({ name, problems, refused: problems.length > 0 }).toMatchObject({ refused: bad });
    if (!bad) expect(groups.length).toBeGreaterThan(0);
  });
});

const corpus = new URL('../../../../shared/corpora/rules/', import.meta.url);

test.skipIf(!existsSync(corpus))('reads a public catalogue of rules without a complaint (skipped without ../shared/corpora/rules)', () => {
  const names = readdirSync(corpus, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$/.test(name));
  const files = names.map((name) => parseRuleFile(readFileSync(new URL(name, corpus), 'utf8'), name));
  expect(files.flatMap(({ problems }) => problems.map(formatProblem))).toEqual([]);
  expect(files.flatMap(({ groups }) => groups.flatMap(({ rules }) => rules)).length).toBeGreaterThan(500);
});

function problemsOf(text: string): string[] {
  return parseRuleFile(text, 'r.yml').problems.map(formatProblem);
}

const rule = (lines: string) => `groups:\n  - name: g\n    rules:\n      - ${lines.split('\n').join('\n        ')}\n`;

describe('a mistake says where it is', () => {
  test.each([
    [rule('alert: A\nexpr: up ==\nfor: 1m'), `r.yml:5:15: could not parse expression: 1:6: parse error: unexpected end of input`],
    [rule('alert: A\nexpr: up\nfor: 1x'), 'r.yml:6:14: for: duration "1x", column 1: expected a number with a unit, for example 5m'],
    [rule('alert: A\nrecord: b\nexpr: up'), `r.yml:4:9: only one of 'record' and 'alert' must be set`],
    [rule('alert: A\nexpr: up\nlabels: { __name__: x }'), 'r.yml:6:19: invalid label name: __name__'],
    [
      rule('alert: A\nexpr: up\nannotations: { s: "{{ nosuch }}" }'),
      `r.yml:6:27: annotation "s": template: __alert_A:1: function "nosuch" not defined`,
    ],
    [rule('record: a{b="c"}\nexpr: up'), 'r.yml:4:17: braces present in the recording rule name; should it be in expr?: a{b="c"}'],
    [
      'groups:\n  - name: g\n    intervall: 1m\n',
      'r.yml:3:5: field intervall not found in a group; known are name, interval, query_offset, limit, labels, rules',
    ],
    ['groups:\n  - name: g\n    limit: many\n', 'r.yml:3:12: limit "many": expected a whole number, 0 for no limit'],
    ['groups: [\n', 'r.yml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ])('%j', (text, problem) => {
    expect(problemsOf(text)[0]).toBe(problem);
  });
});

test('a group with a mistake costs no other group', () => {
  const text = 'groups:\n  - name: bad\n    rules: [{ alert: A }]\n  - name: good\n    rules: [{ record: r, expr: "1" }]\n';
  expect(parseRuleFile(text, 'r.yml')).toMatchObject({ groups: [{ name: 'good' }], problems: [{ line: 3, column: 13 }] });
});

test('group labels are part of every rule, rule labels win', () => {
  const text =
    'groups:\n  - name: g\n    interval: 15s\n    query_offset: 1m\n    limit: 3\n    labels: { team: a, site: x }\n    rules: [{ record: r, expr: "1", labels: { team: b } }, { alert: A, expr: "1", keep_firing_for: 5m }]\n';
  const [group] = parseRuleFile(text, 'r.yml').groups;
  expect(group).toMatchObject({
    intervalMs: 15_000,
    queryOffsetMs: 60_000,
    limit: 3,
    rules: [{ kind: 'recording' }, { kind: 'alerting', keepFiringForMs: 300_000 }],
  });
  expect(Object.fromEntries(group?.rules[0]?.labels ?? [])).toEqual({ team: 'b', site: 'x' });
});

test('a group without interval has none', () => {
  expect(parseRuleFile('groups: [{ name: g, rules: [] }]', 'r.yml').groups[0]).toMatchObject({
    intervalMs: null,
    queryOffsetMs: null,
    limit: 0,
  });
});

test('only the first document counts, comments before it are nothing', () => {
  const document = (name: string) => `---\ngroups: [{ name: ${name}, rules: [] }]\n`;
  expect(parseRuleFile(`${'# comment\n'.repeat(500)}${document('a')}${document('b')}`, 'r.yml')).toMatchObject({
    groups: [{ name: 'a' }],
    problems: [],
  });
  expect(parseRuleFile(`${'# comment\n'.repeat(500)}groups: [{ name: c, rules: [] }]\n`, 'r.yml')).toMatchObject({
    groups: [{ name: 'c' }],
    problems: [],
  });
});

test('a file too large is refused unread', () => {
  expect(problemsOf('#'.repeat(10_000_001))).toEqual([
    'r.yml:1:1: the file has 10000001 characters, limit 10000000: split it, or raise the limit',
  ]);
});

test('the limit can be raised, and lowered', () => {
  const text = `${'#'.repeat(10_000_001)}\ngroups: []`;
  expect(parseRuleFile(text, 'r.yml', 20_000_000).problems).toEqual([]);
  expect(parseRuleFile('groups: []', 'r.yml', 5).problems).toHaveLength(1);
});

test('never throws', () => {
  const pieces = fc.constantFrom(
    ...[
      'groups:',
      '\n',
      '  ',
      '- ',
      'name: g',
      'rules:',
      'expr: up',
      'alert: A',
      '&a',
      '*a',
      '<<: *a',
      '{',
      '}',
      '[',
      ']',
      '"',
      '|',
      ': ',
      '---',
      '!!x',
      '? ',
    ],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => Array.isArray(parseRuleFile(parts.join(''), 'r.yml').problems)),
    { numRuns: 1_000 },
  );
});
