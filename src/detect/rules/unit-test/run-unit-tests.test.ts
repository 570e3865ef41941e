import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
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

const promtool = 'promtool';
const hasPromtool = spawnSync(promtool, ['--version']).status === 0;

const rules = `groups:
  - name: later
    interval: 5m
    rules:
      - alert: Errors
        expr: sum by (job) (rate(errors_total[5m])) / sum by (job) (rate(requests_total[5m])) > 0.1
        for: 3m
        keep_firing_for: 2m
        labels: { severity: '{{ if gt $value 0.5 }}critical{{ else }}warning{{ end }}' }
        annotations: { summary: '{{ $labels.job | toUpper }} {{ printf "%.3g" $value }} {{ $value | humanizePercentage }}' }
  - name: earlier
    rules:
      - record: job:requests:rate5m
        expr: sum by (job) (rate(requests_total[5m]))
        labels: { kind: made }
`;

const preamble = `rule_files: [rules.yml]
evaluation_interval: 1m
group_eval_order: [earlier, later]
tests:
  - interval: 1m
    input_series:
      - { series: 'requests_total{job="api"}', values: '0+60x30' }
      - { series: 'errors_total{job="api"}', values: '0x5 0+40x10 400x15' }
`;
const alertAt = (time: string, alerts: string) =>
  `${preamble}    alert_rule_test: [{ eval_time: ${time}, alertname: Errors, exp_alerts: ${alerts} }]\n`;
const exprAt = (time: string, expr: string, samples: string) =>
  `${preamble}    promql_expr_test: [{ eval_time: ${time}, expr: '${expr}', exp_samples: ${samples} }]\n`;
const critical = `[{ exp_labels: { job: api, severity: critical }, exp_annotations: { summary: 'API 0.667 66.67%' } }]`;

/** Small files that touch each part of the format; promtool decides which pass. */
const sideBySide: readonly string[] = [
  alertAt('6m', '[]'),
  alertAt('12m', '[]'),
  alertAt('12m', critical),
  alertAt('14m', critical),
  alertAt('24m', critical),
  alertAt('30m', '[]'),
  exprAt('10m', 'job:requests:rate5m', `[{ labels: 'job:requests:rate5m{job="api",kind="made"}', value: 1 }]`),
  exprAt('10m', 'job:requests:rate5m', `[{ labels: 'job:requests:rate5m{job="api"}', value: 1 }]`),
  exprAt('10m', 'count(ALERTS) by (alertstate)', `[{ labels: '{alertstate="pending"}', value: 1 }]`),
  exprAt('13m', 'ALERTS_FOR_STATE', `[{ labels: 'ALERTS_FOR_STATE{alertname="Errors",job="api",severity="critical"}', value: 420 }]`),
  exprAt('10m', 'absent(nosuch{a="b"})', `[{ labels: '{a="b"}', value: 1 }]`),
  exprAt('10m', '1 + 1', '[{ value: 2 }]'),
  exprAt('10m', '1 / 0 * 0', '[{ value: .nan }]'),
  exprAt('10m', '1 +', '[]'),
  exprAt('10m', 'requests_total[5m]', '[]'),
  exprAt('10m', 'nosuch', '[]'),
  `${preamble}    unknown_key: 1\n`,
  preamble.replace('0+60x30', '0+60y30'),
  preamble.replace('evaluation_interval: 1m', 'evaluation_interval: often'),
];

describe.skipIf(!hasPromtool)('the verdict of promtool (skipped without promtool)', () => {
  const work = mkdtempSync(join(tmpdir(), 'proxymedic-unit-test-'));
  afterAll(() => rmSync(work, { recursive: true }));

  test.each(sideBySide)('%j', async (text) => {
    writeFileSync(join(work, 'rules.yml'), rules);
    writeFileSync(join(work, 'test.yml'), text);
    const { status } = spawnSync(promtool, ['test', 'rules', join(work, 'test.yml')]);
    const report = await runUnitTestFile(text, 'test.yml', files(pathToFileURL(`${work}/`)));
    expect({ ok: report.ok, report }).toMatchObject({ ok: status === 0 });
  });
});
