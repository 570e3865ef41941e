import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { findHaproxyExporter } from '../../lab/proxies/exporter.ts';
import { findHaproxy } from '../../lab/proxies/haproxy.ts';
import { findTraefik } from '../../lab/proxies/traefik.ts';
import { waitFor } from '../../lab/waiting.ts';
import { blankCheck } from '../../src/app/blank-check.test-data.ts';
import { catalogDirectory } from '../../src/app/catalog-directory.ts';
import { checkRules } from '../../src/app/check-rules.ts';
import { loadExporters } from '../../src/app/exporter-shelf.ts';
import { contradictions } from '../../src/detect/rules/lint/contradictions.ts';
import { ExpositionParser } from '../../src/detect/scrape/exposition-parser.ts';

const never = new AbortController().signal;
const waitMs = 20_000;
const [haproxy, exporter, traefik] = [findHaproxy(), findHaproxyExporter(), findTraefik()];
for (const [name, path] of Object.entries({ haproxy, exporter, traefik }))
  if (path === null) console.log(`skipped: what is known of the metrics of a real ${name}, because it is not installed`);

describe.skipIf(haproxy === null)('what real exporters expose is what is known of them', () => {
  let lab: Lab;

  beforeAll(async () => {
    const proxies = traefik === null ? (['haproxy'] as const) : (['haproxy', 'traefik'] as const);
    lab = await startLab({ proxies, exporter: exporter !== null });
    const traffic = lab.startTraffic('api', { requestsPerSecond: 50 });
    await waitFor('answers', waitMs, () => (traffic.counts().byStatus[200] ?? 0) >= 20);
  });

  afterAll(() => lab?.stop());

  async function exposed(url: string | undefined) {
    const response = await fetch(url ?? '');
    return new ExpositionParser().parse(new Uint8Array(await response.arrayBuffer()));
  }

  async function exporterOf(id: string) {
    const found = (await loadExporters()).find((candidate) => candidate.id === id);
    if (found === undefined) throw new RangeError(`no exporter ${id}`);
    return found;
  }

  test('of HAProxy itself, in the version it says it is', async () => {
    const exposition = await exposed(lab.haproxy?.metricsUrl);
    const build = exposition.series.find(({ labels }) => labels['__name__'] === 'haproxy_process_build_info');
    const version = /^\d+\.\d+/.exec(build?.labels['version'] ?? '')?.[0] ?? '';
    expect(contradictions(await exporterOf('haproxy-embedded'), version, exposition)).toEqual([]);
  });

  test.skipIf(exporter === null)('of the standalone exporter', async () => {
    expect(contradictions(await exporterOf('haproxy-exporter'), '0.15', await exposed(lab.exporter?.metricsUrl))).toEqual([]);
  });

  test.skipIf(traefik === null)('of Traefik 3', async () => {
    expect(contradictions(await exporterOf('traefik-v3'), '3.6', await exposed(lab.traefik?.metricsUrl))).toEqual([]);
  });

  test('the rules that we ship for HAProxy select what it exposes', async () => {
    const sources = ['haproxy/haproxy-embedded-exporter-v2.yml', 'haproxy/process.yml'].map((name) =>
      join(catalogDirectory, 'rules', name),
    );
    const targets = [lab.haproxy?.metricsUrl ?? ''];
    const { findings, rules } = await checkRules({ ...blankCheck, sources, targets, only: ['unexposed-series'] }, never);
    expect(rules).toBeGreaterThan(5);
    expect(findings.filter(({ severity }) => severity !== 'information')).toEqual([]);
  });

  test('the rules for the other exporter do not', async () => {
    const sources = [join(catalogDirectory, 'rules/published/haproxy/haproxy-exporter-v1.yml')];
    const { findings } = await checkRules(
      { ...blankCheck, sources, targets: [lab.haproxy?.metricsUrl ?? ''], only: ['unexposed-series'] },
      never,
    );
    const alerts = findings.filter(({ severity }) => severity === 'warning').map(({ alert }) => alert);
    expect([...new Set(alerts)].sort()).toEqual(['HaproxyBackendDown', 'HaproxyDown', 'HaproxyHttpSlowingDown', 'HaproxyServerDown']);
  });
});
