import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { findHaproxyExporter } from '../../lab/proxies/exporter.ts';
import { findHaproxy } from '../../lab/proxies/haproxy.ts';
import { CatalogWatch } from './catalog-watch.ts';
import { type Play, playFaults } from './fault-plays.ts';

/** Every fault of the lab on a real HAProxy, watched through both exporters: which alerts of the catalog it raises, and no other. */
const patienceMs = 90_000;
const both = (alerts: readonly string[]) => ({ haproxy: alerts, 'haproxy-exporter': alerts });
const down = ['HaproxyBackendDown', 'HaproxyServerDown', 'HaproxyHighHttp5xxErrorRateBackend'];

const sideBySide: Readonly<Record<string, Record<string, Play>>> = {
  'servers that are gone': {
    refused: { fault: 'connection-refused', raises: both(down) },
    vanished: { fault: 'connection-timeout', raises: both(down) },
    one: { fault: 'connection-refused', options: { servers: ['s1'] }, raises: both(['HaproxyServerDown']) },
  },
  'applications that fail': {
    errors: { fault: 'application-errors', raises: both(['HaproxyHighHttp5xxErrorRateBackend']) },
    rejected: { fault: 'authentication-rejected-by-application', raises: both(['HaproxyHighHttp4xxErrorRateBackend']) },
    cut: { fault: 'truncated-response', raises: both(['HaproxyServerResponseErrors']) },
  },
};

describe.skipIf(findHaproxy() === null || findHaproxyExporter() === null)('on HAProxy', () => {
  let lab: Lab;

  const backends = Object.values(sideBySide).flatMap((plays) => Object.keys(plays));

  beforeAll(async () => {
    const check = { intervalMs: 200, timeoutMs: 200 };
    lab = await startLab({
      proxies: ['haproxy'],
      exporter: true,
      topology: { backends: backends.map((name) => ({ name, servers: 3, check })) },
    });
    for (const backend of backends) lab.startTraffic(backend);
  });
  afterAll(() => lab?.stop());

  test.each(Object.keys(sideBySide))('%s', { timeout: patienceMs }, async (title) => {
    await playFaults(lab, await CatalogWatch.over(lab), sideBySide[title] ?? {});
  });
});
