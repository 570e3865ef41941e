import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { findTraefik } from '../../lab/proxies/traefik.ts';
import { CatalogWatch } from './catalog-watch.ts';
import { type Play, playFaults } from './fault-plays.ts';

/** Every fault of the lab on a real Traefik: which alerts of the catalog it raises, and no other. */
const patienceMs = 90_000;

const sideBySide: Readonly<Record<string, Record<string, Play>>> = {
  'servers that are gone': {
    refused: { fault: 'connection-refused', raises: { traefik: ['TraefikServiceDown', 'TraefikServerDown', 'TraefikNoServer'] } },
    one: { fault: 'connection-refused', options: { servers: ['s1'] }, raises: { traefik: ['TraefikServerDown'] } },
  },
  'applications that fail': {
    errors: { fault: 'application-errors', raises: { traefik: ['TraefikHighHttp5xxErrorRateService'] } },
    rejected: { fault: 'authentication-rejected-by-application', raises: { traefik: ['TraefikHighHttp4xxErrorRateService'] } },
  },
};

describe.skipIf(findTraefik() === null)('on Traefik', () => {
  let lab: Lab;

  const backends = Object.values(sideBySide).flatMap((plays) => Object.keys(plays));

  beforeAll(async () => {
    const check = { intervalMs: 200, timeoutMs: 200 };
    lab = await startLab({ proxies: ['traefik'], topology: { backends: backends.map((name) => ({ name, servers: 3, check })) } });
    for (const backend of backends) lab.startTraffic(backend);
  });
  afterAll(() => lab?.stop());

  test.each(Object.keys(sideBySide))('%s', { timeout: patienceMs }, async (title) => {
    await playFaults(lab, await CatalogWatch.over(lab), sideBySide[title] ?? {});
  });
});
