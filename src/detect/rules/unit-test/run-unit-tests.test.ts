import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { runUnitTestFile } from './run-unit-tests.ts';

const directory = new URL('../../../../../shared/conformance/promtool/', import.meta.url);

function files(base: URL) {
  return {
    glob: (pattern: string) => (existsSync(new URL(pattern, base)) ? [pattern] : []),
    readFile: (path: string) => readFileSync(new URL(path, base), 'utf8'),
  };
}

/** What promtool 3.15 passes; it refuses every other file of the directory. */
const passing = [
  ...['at-modifier-test.yml', 'long-period.yml', 'negative-offset-test.yml', 'no-test-group-interval.yml', 'start-time-test.yml'],
  'unittest.yml',
];
const testFiles = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.yml')) : [];

describe.skipIf(testFiles.length === 0)('upstream unit test files (skipped without ../shared/conformance/promtool)', () => {
  test.each(testFiles)('%s', async (name) => {
    const report = await runUnitTestFile(readFileSync(new URL(name, directory), 'utf8'), name, files(directory));
    expect({ ok: report.ok, report }).toMatchObject({ ok: passing.includes(name) });
  });

  test.each([
    [['^wrong'], false],
    [['^correct', 'nosuch'], true],
    [[''], false],
  ])('of rules_run.yml only the tests that %j names are run', async (patterns, ok) => {
    const text = readFileSync(new URL('rules_run.yml', directory), 'utf8');
    const wanted = (name: string) => new RegExp(patterns.join('|')).test(name);
    const report = await runUnitTestFile(text, 'rules_run.yml', files(directory), { wanted });
    expect([report.ok, report.groups.every(({ name }) => wanted(name))]).toEqual([ok, true]);
  });

  test('keys that Prometheus does not know pass when told to', async () => {
    const text = readFileSync(new URL('rules_run_extrafields.yml', directory), 'utf8');
    const report = await runUnitTestFile(text, 'x.yml', files(directory), {
      ignoreUnknownKeys: true,
      wanted: (name) => !name.includes('fail'),
    });
    expect(report.problems).toEqual([]);
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
  preamble.replace('evaluation_interval: 1m', 'evaluation_interval: 0s'),
  preamble.replace('  - interval: 1m', '  - interval: 0s'),
  preamble.replace('tests:', 'tests: []\nignored:'),
  'rule_files: [nosuch.yml]\ntests: []\n',
  exprAt(
    '10m',
    'requests_total',
    `[{ labels: 'requests_total{job="api"}', value: 600 }, { labels: 'requests_total{job="api"}', value: 600 }]`,
  ),
  exprAt('10m', 'vector(0)', '[{ value: -0 }]'),
  exprAt('10m', 'vector(1) / 0', '[{ value: .inf }]'),
  exprAt('10m', 'vector(1) / 0', '[{ value: +.Inf }]'),
  exprAt('10m', 'vector(1) / 0', '[{ value: Inf }]'),
  exprAt('10m', 'vector(5)', `[{ value: '5' }]`),
  exprAt('10m', 'vector(16)', '[{ value: 0x10 }]'),
  exprAt('10m', 'vector(1000)', '[{ value: 1_000 }]'),
  exprAt('10m', 'vector(0)', '[{ value: }]'),
  exprAt('10m', 'vector(1)', `[{ labels: 'a{', value: 1 }]`),
  exprAt('10m', 'vector(1)', `[{ labels: '{}', value: 1 }]`),
  exprAt('10m', 'count({__name__=~".+"})', '[{ value: 5 }]'),
  exprAt('1x', 'vector(1)', '[{ value: 1 }]'),
  `${preamble}    alert_rule_test: [{ eval_time: 5m, exp_alerts: [] }]\n`,
  `${preamble}      - { series: 'requests_total{job="api"}', values: '7x30' }\n    promql_expr_test: [{ eval_time: 5m, expr: requests_total, exp_samples: [{ labels: 'requests_total{job="api"}', value: 7 }] }]\n`,
  alertAt('12m30s', critical),
  alertAt('13m59s', critical),
  alertAt('12m', critical.replace('job: api', 'job: api, alertname: Errors')),
  alertAt('12m', critical.replace('job: api', 'alertname: Other, job: api')),
  alertAt('12m', `[${critical.slice(1, -1)}, ${critical.slice(1, -1)}]`),
  `external_labels: {}\n${preamble}`,
  `${preamble}    external_labels: { site: lab }\n    external_url: http://x\n    alert_rule_test: [{ eval_time: 12m, alertname: Errors, exp_alerts: ${critical} }]\n`,
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

  test('is ours on files made by chance', { timeout: 120_000 }, async () => {
    writeFileSync(join(work, 'rules.yml'), rules);
    const texts = fc.sample(chanceFile, { numRuns: 25 });
    const names = texts.map((text, index) => {
      writeFileSync(join(work, `chance-${index}.yml`), text);
      return join(work, `chance-${index}.yml`);
    });
    const theirs = names.map((name) => spawnSync(promtool, ['test', 'rules', name]).status === 0);
    const ours: boolean[] = [];
    for (const text of texts) ours.push((await runUnitTestFile(text, 'test.yml', files(pathToFileURL(`${work}/`)))).ok);
    const apart = texts.filter((_, index) => theirs[index] !== ours[index]);
    expect(apart).toEqual([]);
    // Chance has to try both.
    expect([new Set(theirs).size, theirs.length]).toEqual([2, 25]);
  });
});

const minutes = fc.integer({ min: 0, max: 30 });
/** Errors of some requests now and then, and expectations that are as often right as wrong. */
const chanceFile = fc
  .record({
    errors: fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 12 })), { minLength: 1, maxLength: 4 }),
    at: minutes,
    severity: fc.constantFrom('critical', 'warning'),
    expects: fc.constantFrom('none', 'alert', 'any'),
    pendingAt: minutes,
    pending: fc.constantFrom('pending', 'firing'),
  })
  .map(({ errors, at, severity, expects, pendingAt, pending }) => {
    const values = errors.map(([step, length], index) => `${index * 1_000}+${step}x${length}`).join(' ');
    const alerts = expects === 'none' ? '[]' : `[{ exp_labels: { job: api, severity: ${severity} } }]`;
    return `${preamble.replace('0x5 0+40x10 400x15', values)}    alert_rule_test: [{ eval_time: ${at}m, alertname: Errors, exp_alerts: ${alerts} }]
    promql_expr_test:
      - { eval_time: ${pendingAt}m, expr: 'count(ALERTS{alertstate="${pending}"}) or vector(0)', exp_samples: [{ value: ${expects === 'none' ? 0 : 1} }] }
`;
  });

describe('what promtool cannot ask, under a key of its own', () => {
  const run = async (checks: string) => {
    const text = `${preamble}    alert_state_test:\n${checks.replace(/^/gm, '      ')}\n`;
    const inMemory = { glob: (pattern: string) => [pattern], readFile: () => rules };
    return await runUnitTestFile(text, 'test.yml', inMemory);
  };

  test.each([
    ['- { eval_time: 8m, alertname: Errors, exp_alerts: [{ state: pending, active_at: 7m }] }'],
    ['- { eval_time: 14m, alertname: Errors, exp_alerts: [{ exp_labels: { severity: critical }, active_at: 10m, fired_at: 13m }] }'],
    ['- { eval_time: 14m, alertname: Errors, exp_alerts: [{ exp_annotations: { summary: API 0.667 66.67% } }] }'],
    ['- { eval_time: 30m, alertname: Errors, exp_alerts: [{ state: resolved, resolved_at: 19m, exp_labels: { job: api } }] }'],
    ['- { eval_time: 5m, alertname: Errors, exp_alerts: [] }'],
    ['- { eval_time: 12m, alertname: Errors, exp_alerts: [], others: true }'],
  ])('%s holds', async (checks) => {
    const report = await run(checks);
    expect(report).toMatchObject({ ok: true });
  });

  test.each([
    [
      '- { eval_time: 8m, alertname: Errors, exp_alerts: [{}] }',
      /^- firing labels:\{\} annotations:\{\}\n\+ pending labels:\{alertname="Errors", job="api"/,
    ],
    [
      '- { eval_time: 14m, alertname: Errors, exp_alerts: [{ fired_at: 11m }] }',
      /^- firing .* fired_at:11m\n\+ firing .* active_at:10m fired_at:13m$/,
    ],
    ['- { eval_time: 12m, alertname: Errors, exp_alerts: [] }', /^\+ pending /],
    ['- { eval_time: 12m, alertname: Errors, exp_alerts: [{}, {}] }', /^- firing /],
  ])('%s does not', async (checks, diff) => {
    const report = await run(checks);
    expect(report.groups[0]?.failures).toEqual([expect.objectContaining({ alert: 'Errors', diff: expect.stringMatching(diff) })]);
  });

  test('what is no state and no flag is a mistake with its place', async () => {
    const report = await run('- { eval_time: 12m, alertname: Errors, exp_alerts: [{ state: burning }], others: maybe }');
    expect(report.problems).toEqual([
      'test.yml:10:68: state "burning": expected pending, firing or resolved',
      'test.yml:10:88: others: expected true or false',
    ]);
  });
});
