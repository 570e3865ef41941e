import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyBindings, parseBindings } from './bindings.ts';
import { parsePage } from './parse-page.ts';

const hash = 'a'.repeat(64);
const good = [
  'page: Down.md',
  `sha256: ${hash}`,
  'aliases: [AlsoDown]',
  'steps:',
  '  diagnosis/1: { checks: [proxy/log, { check: network/http-get, path: /health }] }',
  '  mitigation/1:',
  '    actions: [{ action: process/restart, when: [connection-refused] }]',
  '    manual: or by hand',
].join('\n');

const pageText = '# Down\n## Diagnosis\n- look\n## Mitigation\n- act\n- wait\n';

function messagesOf(text: string): string[] {
  return parseBindings(text, 'Down.bindings.yml').findings.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('bindings', () => {
  test('are attached to the steps of the page they were written for', () => {
    const { bindings, findings } = parseBindings(good, 'Down.bindings.yml');
    expect(findings).toEqual([]);
    const page = parsePage(pageText, 'Down.md', () => hash).page;
    const applied = applyBindings(page!, bindings!);
    expect(applied.findings).toEqual([]);
    expect(applied.page.aliases).toEqual(['AlsoDown']);
    expect(
      applied.page.steps.map(({ checks, actions, manual }) => [checks.map(({ id }) => id), actions.map(({ id }) => id), manual]),
    ).toEqual([
      [['proxy/log', 'network/http-get'], [], null],
      [[], ['process/restart'], 'or by hand'],
      [[], [], null],
    ]);
  });

  test('are refused when the page has changed', () => {
    const page = parsePage(pageText, 'Down.md', () => 'b'.repeat(64)).page;
    const applied = applyBindings(page!, parseBindings(good, 'x/Down.bindings.yml').bindings!);
    expect(applied.page.steps.flatMap(({ checks }) => checks)).toEqual([]);
    expect(applied.page.aliases).toEqual([]);
    expect(applied.findings).toMatchObject([
      { check: 'bindings-hash', file: 'x/Down.bindings.yml', line: 2, column: 9, severity: 'error' },
    ]);
    expect(applied.findings[0]?.fix).toContain('b'.repeat(64));
  });

  test('of a step that the page does not have are a finding', () => {
    const page = parsePage('# Down\n## Diagnosis\n- look\n', 'Down.md', () => hash).page;
    expect(applyBindings(page!, parseBindings(good, 'b.yml').bindings!).findings).toMatchObject([
      { line: 6, column: 3, message: 'the page has no step "mitigation/1"', fix: 'Its steps are diagnosis/1' },
    ]);
  });
});

test.each([
  ['', '1:1 the file is not a map'],
  ['[]', '1:1 the file is not a map'],
  ['a: [', '1:5 Flow sequence in block collection must be sufficiently indented and end with a ]'],
  [good.replace('aliases', 'alias'), '3:1 the file has an unknown key "alias"'],
  [good.replace('page: Down.md', 'page: []'), '1:7 page is missing or not a text'],
  [good.replace(hash, 'ABC'), '2:9 sha256 is "ABC"'],
  [
    good.replace('checks: [proxy/log, {', 'checks: [{').replace('{ check: network/http-get, ', '{ '),
    '5:27 a check is neither an id nor a map with check',
  ],
  [good.replace(', when: [connection-refused]', ''), '7:15 action process/restart has no when'],
  [good.replace('[connection-refused]', 'connection-refused'), '7:48 when is not a list'],
  [good.replace('manual: or by hand', 'manual: []'), '8:13 manual is missing or not a text'],
  [good.replace('manual: or by hand', 'manuel: x'), '8:5 step mitigation/1 has an unknown key "manuel"'],
  [`page: Down.md\nsha256: ${hash}\nsteps:\n  diagnosis/1: {}`, '4:3 step diagnosis/1 binds nothing'],
  [`page: Down.md\nsha256: ${hash}\nsteps: [1]`, '3:8 steps is not a map'],
  [`page: Down.md\npage: Down.md\nsha256: ${hash}\nsteps: {}`, '2:1 Map keys must be unique'],
])('a mistake is found with line and column and nothing is bound: %j', (text, message) => {
  expect(messagesOf(text)[0]).toContain(message);
  expect(parseBindings(text, 'b.yml').bindings).toBeNull();
});

test('any text gives bindings or findings', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc
          .array(fc.constantFrom('a: ', '[', ']', '{', '}', '\n', '  ', '&x ', '*x', '- ', '"', 'steps:', 'page: b', '!!js '))
          .map((p) => p.join('')),
      ),
      (text) => {
        const { bindings, findings } = parseBindings(text, 'b.yml');
        expect(bindings === null).toBe(findings.length > 0);
      },
    ),
    { numRuns: 500 },
  );
});
