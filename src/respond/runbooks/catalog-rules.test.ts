import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const rules = `${root}catalog/rules/`;
const tests = globSync('{haproxy,traefik}/*.test.yml', { cwd: rules }).sort();
const files = globSync('{haproxy,traefik}/*.yml', { cwd: rules })
  .filter((file) => !file.endsWith('.test.yml'))
  .sort();
const promtool = ['/usr/bin/promtool', '/usr/local/bin/promtool'].find((path) => existsSync(path)) ?? null;

function runPromtool(command: 'test' | 'check', file: string): string {
  return promtool === null ? '' : execFileSync(promtool, [command, 'rules', rules + file], { encoding: 'utf8' });
}

interface Rule {
  readonly alert: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

function rulesOf(file: string): Rule[] {
  const { groups } = parse(readFileSync(rules + file, 'utf8')) as { groups: { interval?: string; rules: Rule[] }[] };
  expect(groups.every((group) => group.interval === undefined)).toBe(true);
  return groups.flatMap((group) => group.rules);
}

test('every rule file has tests beside it', () => {
  expect(tests.map((file) => file.replace('.test.yml', '.yml'))).toEqual(files);
});

test.skipIf(promtool === null).each(tests)(
  'promtool agrees with %s',
  (file) => {
    expect(runPromtool('test', file)).toContain('SUCCESS');
  },
  60_000,
);

test.skipIf(promtool === null).each(files)(
  'promtool finds nothing wrong with %s',
  (file) => {
    expect(runPromtool('check', file)).toContain('SUCCESS');
  },
  60_000,
);

test.each(files)('every alert of %s is tested, has a severity, texts with its instance, and a page', (file) => {
  const tested = readFileSync(`${rules}${file.replace('.yml', '.test.yml')}`, 'utf8');
  for (const { alert, labels, annotations } of rulesOf(file)) {
    expect(tested, alert).toContain(alert);
    expect(['critical', 'warning'], alert).toContain(labels['severity']);
    expect(annotations['summary'], alert).toContain('$labels.instance');
    expect(annotations['description'], alert).toContain('LABELS = {{ $labels }}');
    expect(annotations['runbook_url'], alert).toMatch(/^\/runbooks\/[A-Za-z0-9]+$/);
  }
});

const corpus = `${root}../shared/corpora/rules/srerun/`;

test
  .skipIf(!existsSync(corpus))
  .each([
    'haproxy/haproxy-embedded-exporter-v2.yml',
    'haproxy/haproxy-exporter-v1.yml',
    'traefik/embedded-exporter-v1.yml',
    'traefik/embedded-exporter-v2.yml',
  ])('the published rules %s are byte for byte as published', (file) => {
  const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
  expect(hash(`${rules}published/${file}`)).toBe(hash(corpus + file));
});

test('what we correct keeps the name, the severity and the annotation keys it was published with', () => {
  for (const file of files.filter((name) => existsSync(`${rules}published/${name}`))) {
    const ours = new Map(rulesOf(file).map((rule) => [rule.alert, rule]));
    for (const published of rulesOf(`published/${file}`)) {
      const corrected = ours.get(published.alert);
      if (corrected === undefined) continue;
      expect(corrected.labels, published.alert).toEqual(published.labels);
      expect(Object.keys(corrected.annotations), published.alert).toEqual(expect.arrayContaining(Object.keys(published.annotations)));
    }
  }
});
