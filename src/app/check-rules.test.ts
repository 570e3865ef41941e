import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CliError } from '../interfaces/cli/command.ts';
import type { RuleCheckRequest, RuleSettingsRequest } from '../interfaces/cli/rule-check-request.ts';
import { blankCheck } from './blank-check.test-data.ts';
import { checkRules } from './check-rules.ts';
import { proveRules } from './rule-proofs.ts';

const directory = mkdtempSync(join(tmpdir(), 'check-rules-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(directory, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const rules = write(
  'rules.yml',
  'groups:\n  - name: g\n    rules:\n      - alert: Errors\n        expr: rate(haproxy_backend_response_errors_total{proxy!=""}[1m]) > 1\n        annotations: { runbook_url: /Errors }\n',
);

function check(asked: Partial<RuleCheckRequest>) {
  const request = { ...blankCheck, sources: [rules], configFile: join(directory, 'none.yml'), ...asked };
  return checkRules(request, new AbortController().signal);
}

async function found(asked: Partial<RuleCheckRequest>): Promise<readonly string[]> {
  return (await check(asked)).findings.map(({ check: id, severity, line, column }) => `${line}:${column} ${severity} ${id}`);
}

describe('how often targets are scraped', () => {
  const config = (...intervals: readonly string[]) =>
    write(
      'proxymedic.yml',
      `targets:\n${intervals.map((interval, index) => `  - { name: t${index}, proxy: haproxy, metrics_url: "http://h/${index}", scrape_interval: ${interval} }\n`).join('')}`,
    );

  test.each([
    [null, null, ['5:15 information short-window']],
    ['15s', null, []],
    ['20s', null, ['5:15 warning short-window']],
    [null, ['5s'], []],
    [null, ['5s', '30s'], ['5:15 warning short-window']],
    ['5s', ['30s'], []],
  ])('option %s, configuration %j', async (scrapeInterval, intervals, expected) => {
    const configFile = intervals === null ? join(directory, 'none.yml') : config(...intervals);
    expect(await found({ scrapeInterval, configFile })).toEqual(expected);
  });
});

describe('files that are too large', () => {
  const large = write('large.yml', `groups: []\n${'#'.repeat(11_000_000)}`);

  test('are refused with both sizes and the key that raises the limit', async () => {
    const { findings } = await check({ sources: [large] });
    expect(findings).toMatchObject([
      {
        check: 'load',
        severity: 'error',
        message: expect.stringMatching(/^has 11000011 bytes, the limit is 10000000: .* rule_file_size_max/),
        sourceLine: null,
      },
    ]);
  });

  test('are read when the configuration allows them', async () => {
    const configFile = write('raised.yml', 'metrics: { url: "http://p" }\nrule_file_size_max: 20MB\n');
    expect(await found({ sources: [large], configFile })).toEqual([]);
  });

  test('are read when the command allows them, whatever the configuration says', async () => {
    const configFile = write('lowered.yml', 'metrics: { url: "http://p" }\nrule_file_size_max: 1KB\n');
    expect(await found({ sources: [large], configFile, fileSizeMax: 20_000_000 })).toEqual([]);
    expect(await found({ sources: [large], configFile })).toEqual(['1:1 error load']);
  });

  test('are refused by proofs in the same words, and read with the same key and the same option', async () => {
    const prove = (asked: Partial<RuleSettingsRequest>) =>
      proveRules({ sources: [large], testsDirectory: null, configFile: 'none.yml', configIsNamed: false, fileSizeMax: null, ...asked });
    const message = expect.stringMatching(/^has 11000011 bytes, the limit is 10000000: .*rule_file_size_max.* --file-size-max/);
    expect((await prove({})).findings).toMatchObject([{ check: 'load', message }]);
    const configFile = write('raised-for-proofs.yml', 'metrics: { url: "http://p" }\nrule_file_size_max: 20MB\n');
    expect((await prove({ configFile })).findings).toEqual([]);
    expect((await prove({ fileSizeMax: 20_000_000 })).findings).toEqual([]);
    await expect(prove({ configFile: 'nowhere.yml', configIsNamed: true })).rejects.toThrow(/nowhere\.yml: /);
  });

  test.each(['0MB', '2000MB', '10', 'lots'])('the limit %s is no limit', async (size) => {
    const configFile = write('wrong.yml', `rule_file_size_max: ${size}\n`);
    await expect(check({ configFile })).rejects.toThrow(/rule_file_size_max/);
  });
});

describe('what is asked wrongly', () => {
  test.each<[Partial<RuleCheckRequest>, RegExp]>([
    [{ only: ['lost-lable'] }, /there is no check "lost-lable"\. Did you mean lost-label\?/],
    [{ disabled: ['zzzzzzzzzzzz'] }, /There are: never-fires, /],
    [{ scrapeInterval: '5' }, /^--scrape-interval: duration "5"/],
    [{ scrapeInterval: '0s' }, /^--scrape-interval: 0s is no time at all/],
    [{ exporters: ['nginx'] }, /^--exporter: exporter "nginx" is not known/],
    [{ targets: ['/etc/passwd'] }, /^--target: "\/etc\/passwd" is no http/],
    [{ targets: ['http://127.0.0.1:1/metrics'] }, /^--target: .*ECONNREFUSED/],
    [{ captures: [join(directory, 'none.txt')] }, /^--capture: ENOENT/],
    [{ captures: [rules] }, /^--capture: .*rules\.yml: /],
    [{ online: 'here' }, /^--online: "here" is no URL/],
    [{ runbooks: [join(directory, 'nowhere')] }, /^--runbooks: .*nowhere: no such file/],
    [{ configIsNamed: true }, /none\.yml: ENOENT/],
    [{ configFile: write('broken.yml', 'targets: 5\n') }, /^the configuration cannot be used\n.*broken\.yml:1:10/],
  ])('%j', async (asked, message) => {
    const failure = await check(asked).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(CliError);
    expect(failure).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
  });
});

test('only and disable choose among checks, and what does not load is told all the same', async () => {
  const broken = write('broken-rules.yml', 'groups: [{ name: a, rules: [{ alert: A, expr: "sum(" }] }]\n');
  expect(await found({ sources: [rules, broken], only: ['lost-label'] })).toEqual(['1:47 error load']);
  expect(await found({ disabled: ['short-window'] })).toEqual([]);
});

test('a target is scraped once, and an OpenMetrics capture is read as one', async () => {
  let scrapes = 0;
  const server = createServer((_, response) => {
    scrapes += 1;
    response.end('# TYPE haproxy_backend_response_errors_total gauge\nhaproxy_backend_response_errors_total{proxy="api"} 1\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  expect(await found({ targets: [url], only: ['rate-of-gauge', 'unexposed-series'] })).toEqual(['5:15 bug rate-of-gauge']);
  server.close();
  expect(scrapes).toBe(1);
  const capture = write('metrics.txt', '# TYPE haproxy_other gauge\nhaproxy_other{proxy="api"} 1\n# EOF\n');
  expect(await found({ captures: [capture], only: ['unexposed-series'] })).toEqual(['5:20 warning unexposed-series']);
});

test('pages and alerts are held against each other', async () => {
  write('pages/Errors.md', '# Errors\n\n## Meaning\n\nErrors.\n');
  write('pages/Alone.md', '# Alone\n\n## Meaning\n\nNobody.\n');
  const more = write('more.yml', 'groups: [{ name: a, rules: [{ alert: Lonely, expr: "a > 1" }] }]\n');
  const only = ['no-runbook', 'runbook-without-rule', 'runbook-drift'];
  const { findings } = await check({ sources: [rules, more], runbooks: [join(directory, 'pages')], only });
  expect(findings.map(({ check: id, alert, message }) => `${id} ${alert}: ${message}`)).toEqual([
    'no-runbook Lonely: there is no runbook page for this alert',
    'runbook-without-rule Alone: no alert of the given rules leads to this page',
  ]);
});
