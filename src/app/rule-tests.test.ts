import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runRuleTests } from './rule-tests.ts';

const work = mkdtempSync(join(tmpdir(), 'proxymedic-rule-tests-'));
afterAll(() => rmSync(work, { recursive: true }));

const path = join(work, 'a.test.yml');
writeFileSync(
  path,
  `rule_files: [nosuch.yml]
tests:
  - name: right & good
    promql_expr_test: [{ expr: 'vector(1)', eval_time: 0m, exp_samples: [{ value: 1 }] }]
  - name: wrong
    promql_expr_test: [{ expr: 'vector(1)', eval_time: 1m, exp_samples: [{ value: 2 }] }]
`,
);
const all = { run: [], ignoreUnknownKeys: false, junitPath: null };

test('says what differs, with the test, the expression and the time', async () => {
  expect(await runRuleTests([path])).toEqual([
    {
      file: path,
      passed: false,
      failures: ['wrong, vector(1), at 60s: expr "vector(1)": the samples differ\n- {} 2\n+ {} 1'],
      warnings: [`no file matches ${join(work, 'nosuch.yml')}`],
    },
  ]);
});

test('runs the tests whose name one of the expressions matches', async () => {
  const passed = async (...run: string[]) => (await runRuleTests([path], { ...all, run }))[0]?.passed;
  expect([await passed('^right'), await passed('^right', 'ong$'), await passed('nosuch')]).toEqual([true, false, true]);
  await expect(runRuleTests([path], { ...all, run: ['('] })).rejects.toThrow('--run (: ');
});

test('writes JUnit XML', async () => {
  const junitPath = join(work, 'results.xml');
  await runRuleTests([path, join(work, 'missing.yml')], { ...all, junitPath });
  const xml = readFileSync(junitPath, 'utf8');
  expect(xml).toContain(
    `<testsuite name="${path}" tests="2" failures="1" errors="0" skipped="0"><testcase name="right &amp; good"></testcase>`,
  );
  expect(xml).toContain(
    '<testcase name="wrong"><failure>wrong, vector(1), at 60s: expr &quot;vector(1)&quot;: the samples differ&#xA;- {} 2',
  );
  expect(xml).toContain('tests="1" failures="0" errors="1" skipped="0"><testcase name="unknown"><error>cannot be read: ENOENT');
});
