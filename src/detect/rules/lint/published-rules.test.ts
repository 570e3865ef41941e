import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { proveDead } from '../proof/prove-dead.ts';
import { parseRuleFile } from '../rule-file.ts';
import { Exporters } from './exporter.ts';
import type { RuleFinding } from './finding.ts';
import { lintRules } from './lint-rules.ts';
import { readExporter } from './read-exporter.ts';

const catalog = new URL('../../../../catalog/exporters/', import.meta.url);
const exporters = new Exporters(readdirSync(catalog).map((name) => readExporter(readFileSync(new URL(name, catalog), 'utf8'))));

function lint(directory: string, pattern: string): { readonly findings: readonly RuleFinding[]; readonly rules: number } {
  const files = globSync(pattern, { cwd: directory })
    .filter((name) => !name.endsWith('.test.yml') && !name.startsWith('published'))
    .sort()
    .map((name) => {
      const text = readFileSync(`${directory}/${name}`, 'utf8');
      return { file: parseRuleFile(text, name), text };
    });
  const surroundings = { exporters, scrapeIntervalMs: null, exposed: null, proveDead, isServed: null };
  const findings = lintRules(files, surroundings, () => true);
  const rules = files.reduce((sum, { file }) => sum + file.groups.reduce((inner, group) => inner + group.rules.length, 0), 0);
  return { findings, rules };
}

test('the rules that we ship have no finding but information', () => {
  const { findings } = lint(fileURLToPath(new URL('../../../../catalog/rules', import.meta.url)), '**/*.yml');
  expect(findings.filter(({ severity }) => severity !== 'information')).toEqual([]);
});

const corpus = fileURLToPath(new URL('../../../../../shared/corpora/rules/srerun', import.meta.url));

describe.skipIf(!existsSync(corpus))('the published catalogue (skipped without ../shared/corpora/rules)', () => {
  let all: ReturnType<typeof lint>;
  beforeAll(() => {
    all = lint(corpus, '**/*.yml');
  });

  const alertsWith = (check: string) => [...new Set(all.findings.filter((finding) => finding.check === check).map(({ alert }) => alert))];

  test('is checked whole', () => {
    expect(all.rules).toBe(594);
  });

  test('every finding has a place inside of its file', () => {
    const lines = new Map<string, readonly string[]>();
    for (const { file, line, column, length } of all.findings) {
      if (!lines.has(file)) lines.set(file, readFileSync(`${corpus}/${file}`, 'utf8').split('\n'));
      const text = lines.get(file)?.[line - 1] ?? '';
      expect(column - 1 + length).toBeLessThanOrEqual(text.length);
      expect(text.slice(column - 1, column - 1 + length).trim()).not.toBe('');
    }
  });

  test.each([
    ['never-fires', ['TraefikBackendDown', 'TraefikServiceDown']],
    ['rate-of-gauge', ['HaproxyPendingRequests']],
    ['high-water-mark', ['HaproxyBackendMaxActiveSession>80%', 'HaproxyHttpSlowingDown']],
    ['ratio-as-percentage', ['HaproxyHighHttp4xxErrorRateBackend', 'HaproxyHighHttp5xxErrorRateBackend']],
    [
      'merged-objects',
      [
        'HaproxyHighHttp4xxErrorRateServer',
        'HaproxyHighHttp5xxErrorRateServer',
        'HaproxyServerResponseErrors',
        'HaproxyServerConnectionErrors',
      ],
    ],
    [
      'unmatched-vectors',
      [
        'KubernetesClientCertificateExpiresNextWeek',
        'KubernetesClientCertificateExpiresSoon',
        'PostgresqlTooManyLocksAcquired',
        'ThanosReceiveHighReplicationFailures',
      ],
    ],
  ])('%s: %j', (check, alerts) => {
    expect(alertsWith(check).sort()).toEqual(expect.arrayContaining([...alerts].sort()));
  });

  test.each(['never-fires', 'rate-of-gauge', 'high-water-mark', 'ratio-as-percentage', 'merged-objects'])(
    '%s is found in no rule for other programs',
    (check) => {
      const others = all.findings.filter((finding) => finding.check === check && !/^(haproxy|traefik)\//.test(finding.file));
      expect(others).toEqual([]);
    },
  );
});

describe('damaged rule files', () => {
  const whole = readFileSync(
    new URL('../../../../catalog/rules/published/haproxy/haproxy-embedded-exporter-v2.yml', import.meta.url),
    'utf8',
  );
  const start = whole.split('\n').slice(0, 60).join('\n');
  const place = fc.nat(start.length);
  const junk = fc.oneof(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '|',
      '&a ',
      '*a',
      '#',
      '\n',
      '\t',
      ':',
      '- ',
      '{{',
      '}}',
      '(',
      ')',
      '\u0000',
      '# proxymedic disable ',
    ),
    fc.string({ maxLength: 8 }),
  );

  test('become findings with a place, never an exception', () => {
    fc.assert(
      fc.property(place, fc.nat(30), junk, place, junk, (at, cut, put, later, more) => {
        const once = start.slice(0, at) + put + start.slice(at + cut);
        const text = once.slice(0, later) + more + once.slice(later);
        const file = parseRuleFile(text, 'r.yml');
        const lines = text.split('\n').length;
        const surroundings = { exporters, scrapeIntervalMs: 60_000, exposed: null, proveDead, isServed: null };
        const findings = lintRules([{ file, text }], surroundings, () => true);
        for (const { line, column, length } of [...file.problems.map((problem) => ({ ...problem, length: 1 })), ...findings]) {
          expect(line >= 1 && line <= lines && column >= 1 && length >= 1).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });
});
