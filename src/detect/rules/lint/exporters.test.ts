import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ExpositionParser } from '../../scrape/exposition-parser.ts';
import { contradictions } from './contradictions.ts';
import { compareVersions, isIn } from './exporter.ts';
import { readExporter } from './read-exporter.ts';

const catalog = new URL('../../../../catalog/exporters/', import.meta.url);
const captures = new URL('../../../../../shared/reference/captures/', import.meta.url);
const exporterOf = (id: string) => readExporter(readFileSync(new URL(`${id}.yml`, catalog), 'utf8'));

describe.each(readdirSync(catalog))('%s', (name) => {
  const exporter = readExporter(readFileSync(new URL(name, catalog), 'utf8'));

  test('has the name of its id, and versions in order', () => {
    expect(name).toBe(`${exporter.id}.yml`);
    expect(exporter.versions).toEqual([...exporter.versions].sort(compareVersions));
  });

  test('names metrics, labels and versions that are its own', () => {
    for (const [metric, forms] of exporter.metrics) {
      expect(exporter.prefixes.some((prefix) => metric.startsWith(prefix))).toBe(true);
      for (const { since, until } of forms) {
        expect([since, until].filter((version) => version !== null && !exporter.versions.includes(version))).toEqual([]);
      }
      const overlapping = exporter.versions.filter((version) => forms.filter((form) => isIn(form, version)).length > 1);
      expect([metric, overlapping]).toEqual([metric, []]);
    }
    const labels = new Set([...exporter.metrics.values()].flatMap((forms) => forms.flatMap((form) => form.labels)));
    for (const label of [...exporter.within.keys(), ...exporter.within.values(), ...exporter.parts]) expect(labels).toContain(label);
  });
});

const recorded: readonly (readonly [string, string, string])[] = existsSync(captures)
  ? [
      ['haproxy-embedded', '2.6', 'promex26.txt'],
      ['haproxy-embedded', '3.4', 'promex34.txt'],
      ['haproxy-exporter', '0.15', 'exp_v1.txt'],
      ...readdirSync(new URL('traefik-v3.6/', captures))
        .filter((name) => name.startsWith('metrics-'))
        .map((name) => ['traefik-v3', '3.6', `traefik-v3.6/${name}`] as const),
    ]
  : [];

describe.skipIf(recorded.length === 0)('recorded expositions (skipped without ../shared/reference/captures)', () => {
  test.each(recorded)('what %s %s exposed in %s is what is known of it', (id, version, name) => {
    const body = readFileSync(new URL(name, captures));
    const said = contradictions(exporterOf(id), version, new ExpositionParser().parse(body));
    // Traefik's headerLabels adds a label of one's own.
    expect(said.filter((line) => !line.includes('label tenant'))).toEqual([]);
  });

  test.each([
    ['haproxy-embedded', '2.6', 'promex26.txt', 187],
    ['haproxy-embedded', '3.4', 'promex34.txt', 226],
  ])('%s %s has no metric that %s has not, but for what only some configurations have', (id, version, name, count) => {
    const { metadata } = new ExpositionParser().parse(readFileSync(new URL(name, captures)));
    const known = [...exporterOf(id).metrics].filter(([, forms]) => forms.some((form) => isIn(form, version))).map(([metric]) => metric);
    expect(known.filter((metric) => !metadata.has(metric) && !configured.test(metric))).toEqual([]);
    expect(metadata.size).toBe(count);
  });
});

/** Stick tables, agent checks, listeners and two counts of processes are exposed where they are configured, or were dropped at a time we do not know. */
const configured = /^haproxy_(sticktable_|listener_|server_agent_|process_(nbproc|relative_process_id|node|description)|resolver_)/;
