import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type AlertFamily, familyOf, sameBackend } from './situation.ts';

const rules = fileURLToPath(new URL('../../../catalog/rules/', import.meta.url));

const claims: Readonly<Record<AlertFamily, readonly string[]>> = {
  down: ['HaproxyBackendDown', 'HaproxyHasNoAliveBackends', 'TraefikBackendDown', 'TraefikServiceDown'],
  'server-down': ['HaproxyServerDown', 'HaproxyServerHealthcheckFailure', 'TraefikServerDown'],
  'proxy-down': ['HaproxyDown', 'TraefikDown'],
  'errors-5xx': [
    'HaproxyHighHttp5xxErrorRateBackend',
    'HaproxyHighHttp5xxErrorRateServer',
    'HaproxyErrorBudgetFastBurn',
    'HaproxyErrorBudgetSlowBurn',
    'TraefikErrorBudgetFastBurn',
    'TraefikErrorBudgetSlowBurn',
    'HaproxyServerResponseErrors',
    'HaproxyBackendConnectionErrors',
    'HaproxyServerConnectionErrors',
    'TraefikHighHttp5xxErrorRateBackend',
    'TraefikHighHttp5xxErrorRateService',
  ],
  'errors-4xx': [
    'HaproxyHighHttp4xxErrorRateBackend',
    'HaproxyHighHttp4xxErrorRateServer',
    'HaproxyRequestsRejected',
    'HaproxyFrontendSecurityBlockedRequests',
    'TraefikHighHttp4xxErrorRateBackend',
    'TraefikHighHttp4xxErrorRateService',
    'TraefikRequestsRejected',
  ],
  load: [
    'HaproxyBackendMaxActiveSession',
    'HaproxyBackendMaxActiveSession>80%',
    'HaproxyHttpSlowingDown',
    'HaproxyPendingRequests',
    'HaproxyConnectionsNearLimit',
    'HaproxyCpuSaturated',
    'HaproxyFrontendSessionsNearLimit',
    'HaproxyFrontendTrafficVanished',
    'HaproxyReloadLoop',
    'TraefikFileDescriptorsLow',
    'TraefikReloadStorm',
    'TraefikRequestsSlow',
    'TraefikTrafficVanished',
  ],
  unrouted: ['HaproxyFrontendStopped', 'HaproxyRouteMissing', 'TraefikNoServer', 'TraefikRouteMissing'],
  other: [
    'HaproxyBackendDegraded',
    'HaproxyBackendOnBackups',
    'HaproxyMaintenanceLeftOn',
    'HaproxyRetryHigh',
    'TraefikBackendDegraded',
    'TraefikCertificateExpiresSoon',
    'TraefikCertificateLastDays',
    'TraefikHighGrpcErrorRateService',
    'TraefikRestarting',
    'TraefikRetriesHigh',
    'TraefikServiceDegraded',
  ],
};

describe('what an alert claims', () => {
  test.each(Object.entries(claims).flatMap(([family, names]) => names.map((name) => [name, family])))('%s is %s', (name, family) => {
    expect(familyOf(name)).toBe(family);
  });

  test('is known of every alert of the catalog, ours and published', () => {
    const shipped = globSync('**/*.yml', { cwd: rules })
      .filter((file) => !file.endsWith('.test.yml'))
      .flatMap((file) => alertsOf(readFileSync(rules + file, 'utf8')));
    expect(shipped.length).toBeGreaterThan(20);
    expect([...new Set(shipped)].sort()).toEqual(Object.values(claims).flat().sort());
  });

  test('is nothing of ours when its name has none of the words', () => {
    for (const name of ['', 'NodeDown', 'DiskFull', 'x'.repeat(10_000)]) expect(familyOf(name)).toBe('other');
  });
});

function alertsOf(text: string): string[] {
  const { groups } = parse(text) as { groups: { rules: { alert?: string }[] }[] };
  return groups.flatMap((group) => group.rules.flatMap(({ alert }) => alert ?? []));
}

test.each([
  ['app@file', 'app', true],
  ['app', 'app@docker', true],
  ['app@file', 'app@docker', false],
  ['app', 'shop', false],
  ['@file', '', false],
])('%s and %s are the same backend: %s', (a, b, same) => {
  expect(sameBackend(a, b)).toBe(same);
});
