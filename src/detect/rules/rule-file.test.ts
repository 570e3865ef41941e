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

const group = (lines: string) => `groups:\n  - name: g\n    ${lines.split('\n').join('\n    ')}\n    rules: []\n`;

/** The words are those of promtool 3.15 for the same texts; where it gives no place, ours is where the mistake stands. */
describe('a mistake says where it is', () => {
  test.each([
    [
      rule('alert: A\nexpr: up ==\nfor: 1m'),
      '5:15: group "g", rule 1, "A": could not parse expression: 1:6: parse error: unexpected end of input',
    ],
    [
      rule('record: a\nexpr: .inf'),
      `5:15: group "g", rule 1, "a": could not parse expression: 1:1: parse error: unexpected character: '.'`,
    ],
    [rule('alert: A\nexpr:'), `5:14: group "g", rule 1, "A": field 'expr' must be set in rule`],
    [rule('alert: A'), `4:9: group "g", rule 1, "A": field 'expr' must be set in rule`],
    [rule('record: b\nalert: A\nexpr: up'), `4:17: group "g", rule 1, "A": only one of 'record' and 'alert' must be set`],
    [rule('expr: up'), `4:9: group "g", rule 1, "": one of 'record' or 'alert' must be set`],
    [rule("alert: ''\nexpr: up"), `4:9: group "g", rule 1, "": one of 'record' or 'alert' must be set`],
    [rule('alert: A\nexpr: up\nlabels: { __name__: x }'), '6:19: group "g", rule 1, "A": invalid label name: __name__'],
    [rule("alert: A\nexpr: up\nlabels: {'': x}"), '6:18: group "g", rule 1, "A": invalid label name: '],
    [rule("alert: A\nexpr: up\nannotations: {'': x}"), '6:23: group "g", rule 1, "A": invalid annotation name: '],
    [
      rule('alert: A\nexpr: up\nannotations: { s: "{{ nosuch }}" }'),
      '6:27: group "g", rule 1, "A": annotation "s": template: __alert_A:1: function "nosuch" not defined',
    ],
    [rule('alert: A\nexpr: up\nlabels: { s: "{{" }'), '6:22: group "g", rule 1, "A": label "s": template: __alert_A:1: unclosed action'],
    [rule('alert: A\nexpr: up\nfor: 1x'), '6:14: unknown unit "x" in duration "1x"'],
    [rule('alert: A\nexpr: up\nfor: 5'), '6:14: not a valid duration string: "5"'],
    [rule('alert: A\nexpr: up\nfor: -5m'), '6:14: not a valid duration string: "-5m"'],
    [rule('alert: A\nexpr: up\nfor: 1m1h'), '6:14: not a valid duration string: "1m1h"'],
    [rule('alert: A\nexpr: up\nfor: 1.5h'), '6:14: unknown unit "." in duration "1.5h"'],
    [rule("alert: A\nexpr: up\nkeep_firing_for: ''"), '6:26: empty duration string'],
    [rule('alert: A\nexpr: up\nfor: 1000y'), '6:14: duration out of range'],
    [rule('alert: A\nexpr: up\nfor: [5m]'), '6:14: cannot unmarshal !!seq into string'],
    [
      rule('record: a{b="c"}\nexpr: up'),
      '4:17: group "g", rule 1, "a{b=\\"c\\"}": braces present in the recording rule name; should it be in expr?: a{b="c"}',
    ],
    [rule('record: a\nexpr: up\nfor: 5m'), `4:17: group "g", rule 1, "a": invalid field 'for' in recording rule`],
    [rule('record: a\nexpr: up\nkeep_firing_for: 5m'), `4:17: group "g", rule 1, "a": invalid field 'keep_firing_for' in recording rule`],
    [rule('record: a\nexpr: up\nannotations: {a: b}'), `4:17: group "g", rule 1, "a": invalid field 'annotations' in recording rule`],
    [rule('record: a\nexpr: up\nexpr: down'), '6:9: mapping key "expr" already defined at line 5'],
    [rule('record: a\nexpr: up\nlabels: {a: b, a: c}'), '6:24: mapping key "a" already defined at line 6'],
    [rule('record: a\nexpr: {a: b}'), '5:15: cannot unmarshal !!map into string'],
    [rule('alert: a\nexpr: 1\nlabels: [a]'), '6:17: cannot unmarshal !!seq into map[string]string'],
    [rule('alert: a\nexpr: 1\nlabels: x'), '6:17: cannot unmarshal !!str `x` into map[string]string'],
    [rule('alert: a\nexpr: 1\nlabels: {a: {}}'), '6:21: cannot unmarshal !!map into string'],
    [rule('alert: a\nexpr: 1\n? [a]\n: b'), '6:11: cannot unmarshal !!seq into string'],
    [rule('alert: *x\nexpr: 1'), `4:16: unknown anchor 'x' referenced`],
    [rule('hello'), '4:9: cannot unmarshal !!str `hello` into rulefmt.Rule'],
    [
      rule('Alert: A\nexpr: up'),
      '4:9: field Alert not found in type rulefmt.Rule; known are record, alert, expr, for, keep_firing_for, labels, annotations',
    ],
    [
      group('intervall: 1m'),
      '3:5: field intervall not found in type rulefmt.RuleGroup; known are name, interval, query_offset, limit, labels, rules',
    ],
    [group('interval: often'), '3:15: not a valid duration string: "often"'],
    [group('query_offset: -1s'), '3:19: not a valid duration string: "-1s"'],
    [group('limit: many'), '3:12: cannot unmarshal !!str `many` into int'],
    [group("limit: '5'"), '3:12: cannot unmarshal !!str `5` into int'],
    [group('limit: true'), '3:12: cannot unmarshal !!bool `true` into int'],
    [group('labels: {__name__: x}'), '3:14: invalid label name: __name__'],
    ['groups:\n  - rules: []\n', '2:5: Groupname must not be empty'],
    ['groups:\n  - name: a\n  - name: a\n', '3:5: groupname: "a" is repeated in the same file'],
    ['groups:\n  - hello\n', '2:5: cannot unmarshal !!str `hello` into rulefmt.RuleGroup'],
    ['groups: {a: b}\n', '1:9: cannot unmarshal !!map into []rulefmt.RuleGroup'],
    ['groups: []\nfoo: 1\n', '2:1: field foo not found in type rulefmt.RuleGroups; known are groups'],
    ['- a\n', '1:1: cannot unmarshal !!seq into rulefmt.RuleGroups'],
    ['groups: [\n', '2:1: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ])('%j', (text, problem) => {
    expect(problemsOf(text)[0]).toBe(`r.yml:${problem}`);
  });
});

describe('what looks wrong and is not, to Prometheus', () => {
  test.each([
    [rule('record: a\nexpr: 1\nfor: 0s\nannotations: {}')],
    [rule('alert: a\nexpr: 1\nfor:\nlabels: {a: , 1: 2, b: true, c.d-e: x}')],
    [rule('record: 1\nexpr: 010')],
    [rule('alert: a\nexpr: !!binary MQ==')],
    [rule('alert: a\nexpr: 1\nlabels:\n  <<: {a: b}\n  c: d')],
    [group('limit: -1')],
    [group('limit: 2.0')],
    [group('limit: 0x10')],
    [group('limit: 1_000')],
    [group('interval: 0s')],
    ['groups:\n  -\n  - name: g\n    rules:\n      -\n      - {record: a, expr: 1}\n'],
    ['groups:\n'],
    [''],
    ['\uFEFFgroups: []\n'],
    ['groups: []\n---\n: : [\n'],
    ['groups: []\n...\nfoo\n'],
    ['---\n---\ngroups: [{foo: 1}]\n'],
  ])('%j', (text) => {
    expect(problemsOf(text)).toEqual([]);
  });

  test('a template of a group label that cannot be read shows in the alert', () => {
    const text = `groups: [{ name: g, labels: { a: '{{ nosuch }}' }, rules: [{ alert: A, expr: "1" }] }]`;
    const [file] = parseRuleFile(text, 'r.yml').groups;
    const label = file?.rules[0]?.labels.get('a');
    expect(label).toMatchObject({
      mistake: '<error expanding template: error parsing template __alert_A: template: __alert_A:1: function "nosuch" not defined>',
    });
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
  expect(parseRuleFile(text, 'r.yml', { sizeMax: 20_000_000 }).problems).toEqual([]);
  expect(parseRuleFile('groups: []', 'r.yml', { sizeMax: 5 }).problems).toHaveLength(1);
});

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
    '\t',
    '%YAML 1.2',
    '...',
  ],
);
const leaf = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('up', '1m', '{{ $value }}', '{{ x', '0x1', 'a{'),
);
const key = fc.oneof(
  fc.constantFrom('groups', 'name', 'interval', 'rules', 'record', 'alert', 'expr', 'for', 'labels', 'annotations', 'limit'),
  fc.string({ maxLength: 5 }),
);
/** JSON is YAML. */
const tree = fc.letrec((tie) => ({
  node: fc.oneof({ maxDepth: 6 }, leaf, fc.array(tie('node'), { maxLength: 4 }), fc.dictionary(key, tie('node'), { maxKeys: 6 })),
})).node;

test.each([
  ['pieces of rule files', fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join(''))],
  ['bytes', fc.uint8Array({ maxLength: 200 }).map((bytes) => new TextDecoder().decode(bytes))],
  ['trees with the right keys in wrong places', tree.map((value) => JSON.stringify(value))],
])('%s give rules or problems with a place in the file, never more', (_, texts) => {
  fc.assert(
    fc.property(texts, (text) => {
      const lines = text.split('\n');
      for (const { line, column, message } of parseRuleFile(text, 'r.yml').problems) {
        expect(message).not.toBe('');
        expect(line >= 1 && line <= lines.length && column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1).toBe(true);
      }
    }),
    { numRuns: 1_000 },
  );
});

describe('what is made to take long or to break does neither', () => {
  const many = 100_000;
  const bomb = Array.from({ length: 8 }, (_, level) => `a${level + 1}: &a${level + 1} {<<: [${Array(50).fill(`*a${level}`).join(', ')}]}`);
  test.each([
    ['lists in lists', '['.repeat(many), 'nested too deeply'],
    ['mappings in mappings', '{a: '.repeat(many), 'nested too deeply'],
    ['keys of keys', '? '.repeat(many), 'nested too deeply'],
    ['merges of merges', `a0: &a0 {x: 1}\n${bomb.join('\n')}\n<<: *a8\n`, 'field a0 not found'],
    ['a mapping merged into itself', '&a\ngroups: *a\n<<: *a\n', 'cannot unmarshal !!map into []rulefmt.RuleGroup'],
    [
      'one rule a hundred thousand times',
      `groups:\n  - name: g\n    rules:\n      - &r {alert: a, expr: up}\n${'      - *r\n'.repeat(many)}`,
      'more than 100000 rules',
    ],
    [
      'large labels in many rules',
      `groups:\n  - name: g\n    rules:\n      - &r\n        alert: a\n        expr: up\n        labels:\n${Array.from({ length: 2_000 }, (_, n) => `          l${n}: v\n`).join('')}${'      - *r\n'.repeat(5_000)}`,
      'excessive aliasing',
    ],
    ['wrong keys only', Array.from({ length: many }, (_, n) => `k${n}: v`).join('\n'), 'field k0 not found'],
  ])('%s', (_, text, message) => {
    const problems = problemsOf(text);
    expect(problems.length).toBeLessThanOrEqual(1_000);
    expect(problems.find((problem) => problem.includes(message))).toBeDefined();
  });
});
