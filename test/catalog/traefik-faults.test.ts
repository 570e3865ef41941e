import { describe, expect, test } from 'vitest';
import { faults } from '../../lab/faults/fault-book.ts';
import { startLab } from '../../lab/lab.ts';
import { findTraefik } from '../../lab/proxies/traefik.ts';
import { withBackend } from '../../lab/view.ts';
import { CatalogWatch, type Fires } from './catalog-watch.ts';
import { type Play, played, playFaults } from './fault-plays.ts';

/** Every fault of the lab on a real Traefik: which alerts of the catalog it raises, and no other. */
const patienceMs = 90_000;

const down = { traefik: ['TraefikServiceDown', 'TraefikServerDown', 'TraefikNoServer'] };
const errors = { traefik: ['TraefikHighHttp5xxErrorRateService'] };
const rejections = { traefik: ['TraefikHighHttp4xxErrorRateService'] };
/** Servers get requests, and fail them, until a check notices: sometimes enough for the alert on errors. */
const downSlowly = { raises: down, mayRaise: errors };

const sideBySide: Readonly<Record<string, Record<string, Play>>> = {
  'servers that are gone': {
    refused: { fault: 'connection-refused', raises: down },
    one: { fault: 'connection-refused', options: { servers: ['s1'] }, raises: { traefik: ['TraefikServerDown'] } },
    two: {
      fault: 'connection-refused',
      options: { servers: ['s1', 's2'] },
      raises: { traefik: ['TraefikServerDown', 'TraefikServiceDegraded'] },
    },
  },
  'applications that fail': {
    errors: { fault: 'application-errors', raises: errors },
    rejected: { fault: 'authentication-rejected-by-application', raises: rejections },
    overload: { fault: 'application-overload', raises: errors },
    bad: { fault: 'bad-server', raises: errors },
  },
  'parts of an application that fail': {
    endpoint: { fault: 'bad-endpoint', options: { paths: ['/orders'] }, raises: errors },
    missing: { fault: 'missing-content', raises: rejections },
    // Nothing counts an answer that breaks off after its headers.
    cut: { fault: 'truncated-response', raises: {} },
  },
  'servers that cannot be reached': {
    vanished: { fault: 'connection-timeout', ...downSlowly },
    full: { fault: 'accept-queue-full', ...downSlowly },
    elsewhere: { fault: 'wrong-server-address', ...downSlowly },
    nameless: { fault: 'dns-failure', ...downSlowly },
  },
  'servers that speak otherwise': {
    loop: { fault: 'crash-loop', ...downSlowly },
    banner: { fault: 'protocol-mismatch', ...downSlowly },
    none: { fault: 'no-endpoints', raises: { traefik: ['TraefikNoServer'] } },
  },
  'certificates of servers': {
    expired: { fault: 'upstream-certificate-expired', ...downSlowly },
    untrusted: { fault: 'upstream-certificate-untrusted', ...downSlowly },
    misnamed: { fault: 'upstream-certificate-name-mismatch', ...downSlowly },
  },
  'TLS that fails': {
    plain: { fault: 'https-to-plain-port', ...downSlowly },
    ciphered: { fault: 'http-to-tls-port', ...downSlowly },
    silent: { fault: 'tls-handshake-timeout', ...downSlowly },
  },
  'checks that fail': {
    brief: { fault: 'health-check-timeout-too-short', ...downSlowly },
    refused: { fault: 'health-check-rejected', ...downSlowly },
    wrong: { fault: 'health-check-misconfigured', ...downSlowly },
  },
  'what clients do': {
    scan: { fault: 'client-scan', raises: rejections },
    stuffing: { fault: 'credential-stuffing', raises: rejections },
    prober: { fault: 'monitoring-noise', raises: rejections },
    aborts: { fault: 'client-aborts', raises: {} },
    few: { fault: 'low-traffic', raises: {} },
  },
  'middlewares that reject': {
    sso: { fault: 'auth-service-down', raises: { traefik: ['TraefikRequestsRejected'] } },
    limit: { fault: 'rate-limit-too-strict', raises: { traefik: ['TraefikRequestsRejected'] } },
  },
  'a route that is gone': {
    lost: { fault: 'route-missing', raises: {}, raisesForProxy: { traefik: ['TraefikRouteMissing'] } },
  },
  'a middleware that is gone': {
    broken: { fault: 'middleware-broken', raises: {}, raisesForProxy: { traefik: ['TraefikRouteMissing'] } },
  },
  'an entry point that is gone': {
    closed: { fault: 'entrypoint-or-tls-options-broken', raises: {}, raisesForProxy: { traefik: ['TraefikRouteMissing'] } },
  },
  'applications that are slow': {
    slow: { fault: 'slow-answers', raises: { traefik: ['TraefikRequestsSlow'] } },
    // What is too slow for the proxy is an error.
    overdue: { fault: 'backend-slow', raises: errors },
  },
  'what Traefik is given to live with': {
    ended: { fault: 'serving-certificate-expired', raises: {}, raisesForProxy: { traefik: ['TraefikCertificateLastDays'] } },
    ending: { fault: 'serving-certificate-ends-soon', raises: {}, raisesForProxy: { traefik: ['TraefikCertificateExpiresSoon'] } },
    descriptors: { fault: 'file-descriptors-low', raises: {}, raisesForProxy: { traefik: ['TraefikFileDescriptorsLow'] } },
  },
  'a provider that never rests': {
    storm: { fault: 'reload-storm', raises: {}, raisesForProxy: { traefik: ['TraefikReloadStorm'] } },
  },
  'Traefik is started again and again': {
    loop: { fault: 'restart-loop', raises: {}, raisesForProxy: { traefik: ['TraefikDown', 'TraefikRestarting'] } },
  },
  'Traefik hangs': {
    hung: { fault: 'proxy-hung', raises: {}, raisesForProxy: { traefik: ['TraefikDown'] } },
  },
  'Traefik is gone': {
    gone: { fault: 'proxy-down', raises: {}, raisesForProxy: { traefik: ['TraefikDown'] } },
  },
  'no metric tells of a configuration that cannot be read': {
    unread: { fault: 'pending-bad-config', raises: {} },
  },
};

const variants = [
  'servers that cannot be reached',
  'certificates of servers',
  'TLS that fails',
  'checks that fail',
  'a middleware that is gone',
  'an entry point that is gone',
  'Traefik is gone',
  'parts of an application that fail',
  'servers that speak otherwise',
  'what clients do',
  'no metric tells of a configuration that cannot be read',
];

/** Faults that are about few clients, or about what they see: other traffic would hide them. */
const bringsItsClients: ReadonlySet<string> = new Set(['low-traffic', 'client-aborts']);
/** So quick that fewer than ten requests meet a server that is gone before its check does. */
const check = { intervalMs: 100, timeoutMs: 1000 };

describe.skipIf(findTraefik() === null)('on Traefik', { concurrent: true }, () => {
  // A lab each: two cores do not carry the servers of all of them at once.
  test.each(played(sideBySide, variants))('%s', { timeout: patienceMs }, async (_, plays) => {
    const backends = Object.entries(plays).map(([name, { fault }]) => ({ name, servers: 3, check, tls: faults[fault]?.needs === 'tls' }));
    await using lab = await startLab({ proxies: ['traefik'], topology: { backends } });
    // Twice the usual, or five minutes in fast motion have too few requests to call anything slow.
    for (const [backend, { fault }] of Object.entries(plays)) {
      if (!bringsItsClients.has(fault)) lab.startTraffic(backend, { requestsPerSecond: 40 });
    }
    // While it hangs, every scrape takes a second.
    const pace = Object.values(plays).some(({ fault }) => fault === 'proxy-hung') ? { faultMinutes: 8 } : {};
    await playFaults(lab, await CatalogWatch.over(lab), plays, pace);
  });

  test('a dead server that retries hide from clients shows in the attempts', { timeout: patienceMs }, async () => {
    await using lab = await startLab({ proxies: ['traefik'], topology: { backends: [{ name: 'api', servers: 3, check: null }] } });
    const view = lab.traefik?.view;
    if (view === undefined) throw new Error('the lab has no Traefik');
    await lab.traefik?.apply(withBackend(view, 'api', (api) => ({ ...api, middlewares: { again: { retry: { attempts: 5 } } } })));
    const traffic = lab.startTraffic('api', { requestsPerSecond: 40 });
    const plays: Record<string, Play> = {
      api: {
        fault: 'connection-refused',
        options: { servers: ['s1'] },
        // Traefik counts each attempt of a service, so that the share of errors is too high as well.
        raises: { traefik: ['TraefikRetriesHigh', 'TraefikHighHttp5xxErrorRateService'] },
      },
    };
    await playFaults(lab, await CatalogWatch.over(lab), plays);
    const { answered, byStatus } = traffic.counts();
    expect(1 - (byStatus['200'] ?? 0) / answered, 'share of errors that clients saw').toBeLessThan(0.02);
  });

  test('every fault of the lab that Traefik can have is played', () => {
    const played = new Set(Object.values(sideBySide).flatMap((plays) => Object.values(plays).map(({ fault }) => fault)));
    expect(Object.keys(faults).filter((id) => faults[id]?.on.includes('traefik') && !played.has(id))).toEqual([]);
  });

  test('gRPC calls that fail have an alert of their own, for Traefik counts no status of them', { timeout: patienceMs }, async () => {
    await using lab = await startLab({ proxies: ['traefik'], topology: { backends: [{ name: 'rpc', servers: 2, check: null }] } });
    lab.startTraffic('rpc', { grpc: true });
    const plays: Record<string, Play> = {
      rpc: { fault: 'connection-refused', options: { servers: ['s1'] }, raises: { traefik: ['TraefikHighGrpcErrorRateService'] } },
    };
    await playFaults(lab, await CatalogWatch.over(lab), plays);
  });

  test('errors use up a promise, and the short windows end both alerts soon after them', { timeout: 2 * patienceMs }, async () => {
    await using lab = await startLab({ proxies: ['traefik'], topology: { backends: [{ name: 'api', servers: 2, check }] } });
    lab.startTraffic('api');
    const watch = await CatalogWatch.over(lab, ['catalog/alternatives']);
    expect(await watch.minutes(5)).toEqual([]);
    await lab.inject('application-errors');
    expect(names(await watch.minutes(20))).toEqual(['TraefikErrorBudgetFastBurn', 'TraefikErrorBudgetSlowBurn']);
    await lab.heal();
    await watch.minutes(7);
    expect(names(watch.firing)).toEqual(['TraefikErrorBudgetSlowBurn']);
    expect(await watch.until((firing) => firing.length === 0, 33)).toBe(true);
  });

  test('requests that do not come any more are missed until they come', { timeout: patienceMs }, async () => {
    await using lab = await startLab({ proxies: ['traefik'], topology: { backends: [{ name: 'api', servers: 1, check }] } });
    // In fast motion more than one a second.
    const busy = { requestsPerSecond: 150 };
    const traffic = lab.startTraffic('api', busy);
    const watch = await CatalogWatch.over(lab);
    expect(await watch.minutes(31)).toEqual([]);
    traffic.stop();
    expect(names(await watch.minutes(13))).toEqual(['TraefikTrafficVanished']);
    lab.startTraffic('api', busy);
    expect(await watch.until((firing) => firing.length === 0, 3)).toBe(true);
  });
});

function names(fires: readonly Fires[]): string[] {
  return [...new Set(fires.map(({ alert }) => alert))].sort();
}
