import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allChecks } from '../../diagnosis/all-checks.ts';
import { tcpQuestion } from '../../diagnosis/ask.ts';
import { Book, proxyState, server, situation } from '../../diagnosis/rehearsal.ts';
import { vocabulary } from '../../diagnosis/vocabulary.ts';
import { actions } from '../../mitigation/mitigations.ts';
import { parsePage } from '../parse-page.ts';
import { parsePageTests } from './parse-page-tests.ts';
import { readRecording, writeRecording } from './recording.ts';
import { runPageTest } from './run-page-test.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const known = { checks: allChecks.map(({ id }) => id), actions: actions.map(({ id }) => id), causes: vocabulary };
const page = parsePage(
  [
    '# Down\n## Diagnosis',
    '- connect {{% check "network/tcp-connect" %}}',
    '## Mitigation',
    '- start {{% action "process/restart" when="connection-refused" %}}',
    '- wait {{% manual "patience" %}}',
  ].join('\n'),
  'p/Down.md',
).page!;

const situationText = [
  'page: Down.md',
  'tests:',
  '  - name: refused',
  '    backend: api',
  '    servers: { api/s1: { address: "10.0.0.1:80", restart: [start, it] } }',
  '    saw: { network/tcp-connect: { api/s1: tcp-refused } }',
].join('\n');

function differences(expected: string): string[] {
  const { tests, findings } = parsePageTests(`${situationText}\n    expect: ${expected}\n`, 'Down.test.yml', known);
  expect(findings).toEqual([]);
  return runPageTest(tests!.tests[0]!, page, null).map(({ about, lines }) => `${about}: ${lines.join(' ')}`);
}

describe('a test of a page', () => {
  const right = 'plans: [{ for: connection-refused, action: process/restart, step: mitigation/1, changes: ["restart api/s1: start it"] }]';

  test('passes when all is as it expects', () => {
    const steps = 'steps: { diagnosis/1: finding, mitigation/1: offered, mitigation/2: manual }';
    expect(
      differences(`{ verdict: cause-found, causes: { connection-refused: [api/s1] }, offers: [process/restart], ${steps}, ${right} }`),
    ).toEqual([]);
  });

  test.each([
    ['{ verdict: undetermined }', 'verdict: - undetermined + cause-found'],
    ['{ verdict: cause-found, causes: {} }', 'causes: + connection-refused: api/s1'],
    [
      '{ verdict: cause-found, causes: { connection-refused: [api/s2] } }',
      'causes: - connection-refused: api/s2 + connection-refused: api/s1',
    ],
    ['{ verdict: cause-found, ruled_out: [proxy-down] }', 'ruled_out: - proxy-down'],
    ['{ verdict: cause-found, offers: [] }', 'offers: + process/restart'],
    ['{ verdict: cause-found, offers: [process/restart, haproxy/drain-server] }', 'offers: - haproxy/drain-server'],
    ['{ verdict: cause-found, steps: { diagnosis/1: clear } }', 'steps: - diagnosis/1: clear + diagnosis/1: finding'],
    ['{ verdict: cause-found, steps: { diagnosis/9: clear } }', 'steps: - diagnosis/9: clear + diagnosis/9: no such step'],
    [
      '{ verdict: cause-found, plans: [] }',
      'plans: + process/restart for connection-refused, offered by mitigation/1: restart api/s1: start it',
    ],
    [
      '{ verdict: cause-found, plans: [{ for: connection-refused, none: stays with a person }] }',
      'plans: - none for connection-refused: stays with a person + process/restart for connection-refused, offered by mitigation/1: restart api/s1: start it',
    ],
  ])('that expects %s says what differs', (expected, said) => {
    expect(differences(expected)).toEqual([said]);
  });
});

test.each([
  ['', '1:1 the file is not a map'],
  ['page: Down.md\ntests: []', '2:8 there is no test'],
  ['page: ../Down.md\ntests: [{ name: x, expect: { verdict: undetermined } }]', '1:7 page is not a file beside this one'],
  [situationText, '3:5 the test expects nothing'],
  [`${situationText}\n    expect: { causes: {} }`, '7:13 expect has no verdict'],
  [`${situationText}\n    expect: { verdict: fine }`, '7:24 verdict is none of cause-found, no-fault-found, undetermined'],
  [`${situationText}\n    expect: { verdict: cause-found, causes: { gremlins: [] } }`, '7:47 there is no cause "gremlins"'],
  [`${situationText}\n    recorded: x.json\n    expect: { verdict: cause-found }`, '4:14 backend stands beside recorded'],
  [situationText.replace('tcp-refused', 'tcp-refuse'), '6:43 there is no sign "tcp-refuse"'],
  [situationText.replace('network/tcp-connect', 'network/tcp'), '6:12 there is no check "network/tcp"'],
  [situationText.replace('10.0.0.1:80', 'here'), '5:35 address is "here"'],
  [situationText.replace('backend:', 'backnd:'), '4:5 a test has an unknown key "backnd"'],
])('a mistake is found with line and column, and nothing runs: %j', (text, message) => {
  const { tests, findings } = parsePageTests(text, 'Down.test.yml', known);
  expect(tests).toBeNull();
  expect(findings.map(({ line, column, message: said }) => `${line}:${column} ${said}`)).toContain(message);
});

test('any text gives tests or findings', () => {
  const words = fc.constantFrom(
    'page: a',
    'tests:',
    '\n',
    '  - ',
    'name: b',
    'saw: ',
    '{',
    '}',
    '[',
    ']',
    'expect: ',
    '? ',
    '&x ',
    '*x',
    '!!js ',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((parts) => parts.join('')),
      ),
      (text) => {
        const { tests, findings } = parsePageTests(text, 'x.test.yml', known);
        expect(tests === null).toBe(findings.length > 0);
      },
    ),
    { numRuns: 500 },
  );
});

describe('a recording', () => {
  const state = proxyState([server('s1', { state: 'down', status: 'DOWN' }), server('s2')]);
  const answers = new Book()
    .answer({ kind: 'proxy/state', target: 'edge' }, state)
    .answer(tcpQuestion('10.0.0.1', 8001), { outcome: 'refused', code: 'ECONNREFUSED', elapsedMs: 1 })
    .refuse({ kind: 'host/resources' }, 'not from here');
  const control = {
    target: { name: 'edge', proxy: 'haproxy' as const, restart: null, validation: { outcome: 'valid' as const, detail: '' }, entry: null },
    servers: [{ backend: 'api', server: 's1', address: { host: '10.0.0.1', port: 8001 }, restart: ['start', 'it'] }],
  };
  const text = writeRecording({ situation: situation(), answers, control });

  test('runs as the real thing did, checks and all', () => {
    const recording = readRecording(text);
    if (typeof recording === 'string') throw new Error(recording);
    const expected =
      'expect: { verdict: cause-found, causes: { connection-refused: [api/s1] }, steps: { diagnosis/1: finding }, plans: [{ for: connection-refused, action: process/restart, step: mitigation/1, changes: ["restart api/s1: start it"] }] }';
    const { tests } = parsePageTests(`page: Down.md\ntests:\n  - name: r\n    recorded: r.json\n    ${expected}\n`, 'x', known);
    expect(runPageTest(tests!.tests[0]!, page, recording)).toEqual([]);
  });

  test.each([
    ['', 'is no recording'],
    ['{}', 'is no recording'],
    [text.replace('"nowMs"', '"now"'), 'has no situation'],
    [text.replace('"servers":[', '"server":['), 'has no control'],
    [text.replace('"answers":[', '"answers":[1,'), 'has no list of answers'],
  ])('that is none is refused: %#', (changed, reason) => {
    expect(readRecording(changed)).toContain(reason);
  });

  test('whose answers make no sense breaks no check loose', () => {
    const recording = readRecording(text.replaceAll('"backends":[', '"backends":[null,'));
    if (typeof recording === 'string') throw new Error(recording);
    const { tests } = parsePageTests('page: Down.md\ntests: [{ name: r, recorded: r, expect: { verdict: cause-found } }]', 'x', known);
    expect(runPageTest(tests!.tests[0]!, page, recording)).toMatchObject([
      { about: 'verdict', lines: ['- cause-found', '+ undetermined'] },
    ]);
  });
});

describe('the tests that we ship', () => {
  const files = globSync('catalog/runbooks/**/*.test.yml', { cwd: root });
  const pages = globSync('catalog/runbooks/**/*.md', { cwd: root }).filter((path) => !path.endsWith('SOURCE.md'));
  const sections = readFileSync(`${root}docs/checks.md`, 'utf8').split(/^## /m).slice(1);
  const possible = new Set(
    sections.flatMap((section) => [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, sign]) => `${section.split('\n', 1)[0]} ${sign}`)),
  );

  test('are there for every page', () => {
    expect(files.map((path) => path.replace('.test.yml', '.md')).sort()).toEqual(pages.sort());
  });

  test.each(files)('%s lets no check see what it cannot see', (path) => {
    const { tests } = parsePageTests(readFileSync(root + path, 'utf8'), path, known);
    const seen = tests!.tests.flatMap((one) => ('saw' in one.situation ? one.situation.saw : []));
    expect(seen.map((one) => `${one.check} ${one.sign}`).filter((one) => !possible.has(one))).toEqual([]);
  });
});
