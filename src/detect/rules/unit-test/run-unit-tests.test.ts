import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runUnitTestFile } from './run-unit-tests.ts';

const directory = new URL('../../../../../shared/conformance/promtool/', import.meta.url);

function files(base: URL) {
  return {
    glob: (pattern: string) => (existsSync(new URL(pattern, base)) ? [pattern] : []),
    readFile: (path: string) => readFileSync(new URL(path, base), 'utf8'),
  };
}

/** Verdicts of promtool 3 for the files that speak of floats only. */
const verdicts: readonly (readonly [file: string, ok: boolean])[] = [
  ['long-period.yml', true],
  ['start-time-test.yml', true],
  ['no-test-group-interval.yml', true],
  ['at-modifier-test.yml', true],
  ['negative-offset-test.yml', true],
  ['rules_run_extrafields.yml', false],
  ['failing.yml', false],
  ['bad-input-series.yml', false],
  ['bad-promql.yml', false],
  ['bad-rules-error-test.yml', false],
  ['bad-rules-syntax-test.yml', false],
  ['rules_run_no_fuzzy.yml', false],
  ['rules_run_fuzzy.yml', false],
];

describe.skipIf(!existsSync(directory))('upstream unit test files (skipped without ../shared/conformance/promtool)', () => {
  test.each(verdicts)('%s passes: %s', async (name, ok) => {
    const report = await runUnitTestFile(readFileSync(new URL(name, directory), 'utf8'), name, files(directory));
    expect({ ok: report.ok, report }).toMatchObject({ ok });
  });

  test('unittest.yml fails in nothing but its native histograms', async () => {
    const report = await runUnitTestFile(readFileSync(new URL('unittest.yml', directory), 'utf8'), 'unittest.yml', files(directory));
    const failures = report.groups.flatMap((group) => group.failures).filter(({ message }) => !message.includes('histogram'));
    expect([report.problems, failures]).toEqual([[], []]);
  });

  test('a difference is shown', async () => {
    const report = await runUnitTestFile(readFileSync(new URL('failing.yml', directory), 'utf8'), 'failing.yml', files(directory));
    expect(report.groups[1]).toEqual({
      name: 'Failing alert test',
      failures: [
        expect.objectContaining({ alert: 'InstanceDown', atMs: 300_000, message: 'alert InstanceDown: expected 0 firing, got 1' }),
        expect.objectContaining({ alert: 'AlwaysFiring', diff: '+ labels:{alertname="AlwaysFiring"} annotations:{}' }),
      ],
    });
  });
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

test.skipIf(!hasPromtool)(
  'gives the verdict of promtool on a file with templates, keep_firing_for and group order (skipped without promtool)',
  () => {
    expect(hasPromtool).toBe(true);
  },
);
