import { describe, expect, test } from 'vitest';
import { faults } from '../../lab/faults/fault-book.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { findHaproxyExporter } from '../../lab/proxies/exporter.ts';
import { findHaproxy } from '../../lab/proxies/haproxy.ts';
import { CatalogWatch } from './catalog-watch.ts';
import { type Pace, type Play, played, playFaults } from './fault-plays.ts';

/** Every fault of the lab on a real HAProxy, watched through both exporters: which alerts of the catalog each raises, and no other. */
const patienceMs = 240_000;
const both = (...alerts: readonly string[]) => ({ haproxy: alerts, 'haproxy-exporter': alerts });
const down = ['HaproxyBackendDown', 'HaproxyServerDown', 'HaproxyHighHttp5xxErrorRateBackend'];
const gone = { haproxy: [...down, 'HaproxyHasNoAliveBackends'], 'haproxy-exporter': down };
const notConnected = ['HaproxyBackendConnectionErrors', 'HaproxyServerConnectionErrors'];
/** Until two checks with a handshake have failed, a minute of fast motion goes by in which requests fail, and servers go one by one. */
const noticedLate = { raises: gone, mayRaise: both(...notConnected, 'HaproxyBackendDegraded') };
const slow = ['HaproxyHighHttp5xxErrorRateBackend', 'HaproxyServerResponseErrors'];

/** Plays side by side in one lab, each in its own backend. */
interface Scene {
  readonly plays: Readonly<Record<string, Play>>;
  readonly checked?: false;
  readonly byName?: true;
  readonly requestsPerSecond?: number;
  readonly pace?: Partial<Pace>;
  /** As in the configuration; what is loaded by default unless told otherwise. */
  readonly rules?: readonly string[];
}

const scenes: Readonly<Record<string, Scene>> = {
  'servers that are gone': {
    plays: {
      refused: { fault: 'connection-refused', raises: gone },
      vanished: { fault: 'connection-timeout', raises: gone },
      one: { fault: 'connection-refused', options: { servers: ['s1'] }, raises: both('HaproxyServerDown') },
      two: { fault: 'connection-refused', options: { servers: ['s1', 's2'] }, raises: both('HaproxyServerDown', 'HaproxyBackendDegraded') },
      spare: { fault: 'served-by-backups', raises: both('HaproxyServerDown', 'HaproxyBackendOnBackups') },
      // The standalone exporter calls UP 1/2 down: two looks in a row that meet it are HaproxyServerDown.
      flaky: {
        fault: 'health-check-flaky',
        raises: both('HaproxyServerHealthcheckFailure'),
        mayRaise: { 'haproxy-exporter': ['HaproxyServerDown'] },
      },
    },
  },
  'applications that fail': {
    plays: {
      errors: { fault: 'application-errors', raises: both('HaproxyHighHttp5xxErrorRateBackend') },
      rejected: { fault: 'authentication-rejected-by-application', raises: both('HaproxyHighHttp4xxErrorRateBackend') },
      cut: { fault: 'truncated-response', raises: both('HaproxyServerResponseErrors') },
      bad: { fault: 'bad-server', raises: both('HaproxyHighHttp5xxErrorRateBackend', 'HaproxyHighHttp5xxErrorRateServer') },
      path: { fault: 'bad-endpoint', options: { paths: ['/orders'] }, raises: both('HaproxyHighHttp5xxErrorRateBackend') },
      refusing: {
        fault: 'authentication-rejected-by-application',
        options: { servers: ['s1'] },
        raises: both('HaproxyHighHttp4xxErrorRateBackend', 'HaproxyHighHttp4xxErrorRateServer'),
      },
      missing: { fault: 'missing-content', options: { paths: ['/orders'] }, raises: both('HaproxyHighHttp4xxErrorRateBackend') },
    },
  },
  'servers that nobody checks': {
    checked: false,
    plays: {
      refused: { fault: 'connection-refused', raises: both('HaproxyHighHttp5xxErrorRateBackend', ...notConnected) },
      // HAProxy sends the request to another server: clients notice nothing.
      one: { fault: 'connection-refused', options: { servers: ['s1'] }, raises: both('HaproxyRetryHigh') },
      vanished: { fault: 'connection-timeout', options: { servers: ['s1'] }, raises: both('HaproxyRetryHigh') },
      queue: {
        fault: 'queue-saturation',
        raises: both('HaproxyPendingRequests', 'HaproxyBackendMaxActiveSession', 'HaproxyHighHttp5xxErrorRateBackend'),
      },
      slow: { fault: 'backend-slow', raises: both(...slow), mayRaise: both('HaproxyHttpSlowingDown') },
      // Whether a connection is refused or breaks off is chance: the server dies and comes back all the time.
      crashing: {
        fault: 'crash-loop',
        raises: both('HaproxyHighHttp5xxErrorRateBackend'),
        mayRaise: both(...notConnected, 'HaproxyServerResponseErrors', 'HaproxyRetryHigh'),
      },
    },
  },
  'servers that cannot be reached': {
    plays: {
      full: { fault: 'accept-queue-full', raises: gone },
      elsewhere: { fault: 'wrong-server-address', raises: gone },
      banner: { fault: 'protocol-mismatch', raises: gone },
      // Up by its own account: nobody is there to fail.
      none: { fault: 'no-endpoints', raises: both('HaproxyHighHttp5xxErrorRateBackend') },
    },
  },
  'certificates of servers': {
    plays: {
      expired: { fault: 'upstream-certificate-expired', ...noticedLate },
      untrusted: { fault: 'upstream-certificate-untrusted', ...noticedLate },
      misnamed: { fault: 'upstream-certificate-name-mismatch', ...noticedLate },
    },
  },
  'TLS that fails': {
    plays: {
      plain: { fault: 'https-to-plain-port', ...noticedLate },
      ciphered: { fault: 'http-to-tls-port', ...noticedLate },
      silent: { fault: 'tls-handshake-timeout', ...noticedLate },
    },
  },
  'checks that fail': {
    plays: {
      brief: { fault: 'health-check-timeout-too-short', raises: gone },
      refused: { fault: 'health-check-rejected', raises: gone },
      wrong: { fault: 'health-check-misconfigured', raises: gone },
    },
  },
  'answers that are none': {
    plays: {
      overload: { fault: 'application-overload', raises: both('HaproxyHighHttp5xxErrorRateBackend') },
      malformed: { fault: 'malformed-response', raises: both(...slow) },
    },
  },
  'what clients do': {
    plays: {
      scan: { fault: 'client-scan', raises: both('HaproxyHighHttp4xxErrorRateBackend') },
      stuffing: { fault: 'credential-stuffing', raises: both('HaproxyHighHttp4xxErrorRateBackend') },
      prober: { fault: 'monitoring-noise', raises: both('HaproxyHighHttp4xxErrorRateBackend') },
      aborts: { fault: 'client-aborts', raises: {}, mayRaise: both('HaproxyHttpSlowingDown') },
    },
  },
  'clients that never end their requests': {
    plays: { api: { fault: 'slow-clients', raises: {}, raisesForProxy: both('HaproxyRequestsRejected') } },
  },
  'HAProxy is started again and again': {
    plays: { api: { fault: 'restart-loop', raises: {}, raisesForProxy: both('HaproxyDown', 'HaproxyReloadLoop') } },
  },
  // The embedded exporter counts its average up from 0 over a thousand requests.
  'answers that come late': { requestsPerSecond: 100, plays: { late: { fault: 'slow-answers', raises: both('HaproxyHttpSlowingDown') } } },
  'names that do not resolve': {
    byName: true,
    plays: { named: { fault: 'dns-failure', raises: both('HaproxyBackendDown', 'HaproxyHighHttp5xxErrorRateBackend') } },
  },
  'a process near its limit': {
    plays: { api: { fault: 'proxy-connection-limit', raises: {}, raisesForProxy: { haproxy: ['HaproxyConnectionsNearLimit'] } } },
  },
  'a frontend near its limit': {
    plays: { api: { fault: 'frontend-limit', raises: {}, raisesForProxy: both('HaproxyFrontendSessionsNearLimit') } },
  },
  'a process without idle time': {
    // Checks fail now and then when the threads are busy: that is what the page says of it.
    plays: {
      api: {
        fault: 'proxy-cpu-saturation',
        raises: {},
        raisesForProxy: { haproxy: ['HaproxyCpuSaturated'] },
        mayRaise: both('HaproxyServerDown', 'HaproxyServerHealthcheckFailure'),
      },
    },
  },
  'a reload loop': { plays: { api: { fault: 'reload-loop', raises: {}, raisesForProxy: both('HaproxyReloadLoop') } } },
  'a limit that is too strict': {
    plays: {
      api: {
        fault: 'rate-limit-too-strict',
        raises: {},
        raisesForProxy: both('HaproxyRequestsRejected', 'HaproxyFrontendSecurityBlockedRequests'),
      },
    },
  },
  'a route that is missing': { plays: { api: { fault: 'route-missing', raises: {}, raisesForProxy: both('HaproxyRouteMissing') } } },
  // Every scrape takes a second.
  'a proxy that hangs': {
    pace: { faultMinutes: 8 },
    plays: { api: { fault: 'proxy-hung', raises: {}, raisesForProxy: both('HaproxyDown') } },
  },
  'a proxy that was killed': { plays: { api: { fault: 'proxy-down', raises: {}, raisesForProxy: both('HaproxyDown') } } },
  'a frontend that was paused': {
    requestsPerSecond: 100,
    pace: { calmMinutes: 30 },
    plays: { api: { fault: 'frontend-disabled', raises: {}, raisesForProxy: both('HaproxyFrontendTrafficVanished') } },
  },
  'a frontend that was shut down': {
    plays: { api: { fault: 'frontend-stopped', raises: {}, raisesForProxy: { haproxy: ['HaproxyFrontendStopped'] } } },
  },
  'maintenance that was forgotten': {
    pace: { faultMinutes: 125 },
    plays: { api: { fault: 'administratively-disabled', options: { servers: ['s1'] }, raises: both('HaproxyMaintenanceLeftOn') } },
  },
  'an error budget that burns': {
    rules: ['catalog/alternatives'],
    pace: { faultMinutes: 60 },
    plays: {
      api: {
        fault: 'application-errors',
        options: { share: 0.05 },
        raises: both('HaproxyErrorBudgetFastBurn', 'HaproxyErrorBudgetSlowBurn'),
      },
    },
  },
  'nothing that anybody should be called for': {
    plays: {
      few: { fault: 'low-traffic', raises: {} },
      maintained: { fault: 'administratively-disabled', options: { servers: ['s1'] }, raises: {} },
      waiting: { fault: 'pending-bad-config', raises: {} },
    },
  },
};

const variants = [
  'servers that cannot be reached',
  'certificates of servers',
  'TLS that fails',
  'checks that fail',
  'answers that are none',
  'clients that never end their requests',
  'HAProxy is started again and again',
  'a proxy that was killed',
  'what clients do',
  'names that do not resolve',
  'maintenance that was forgotten',
  'an error budget that burns',
];

describe.skipIf(findHaproxy() === null || findHaproxyExporter() === null)('on HAProxy', { concurrent: true }, () => {
  test.each(played(scenes, variants))('%s', { timeout: patienceMs }, async (_, scene) => {
    await using lab = await open(scene);
    await playFaults(lab, await CatalogWatch.over(lab, scene.rules), scene.plays, scene.pace);
  });
});

test('every fault that HAProxy can have is played', () => {
  const played = new Set(Object.values(scenes).flatMap(({ plays }) => Object.values(plays).map(({ fault }) => fault)));
  const possible = Object.entries(faults).flatMap(([cause, { on }]) => (on.includes('haproxy') ? [cause] : []));
  expect(possible.filter((cause) => !played.has(cause))).toEqual([]);
});

async function open(scene: Scene): Promise<Lab> {
  const { byName = false, requestsPerSecond = 20 } = scene;
  const backends = Object.entries(scene.plays).map(([name, { fault }]) => {
    const tls = faults[fault]?.needs === 'tls';
    // HAProxy gives a check no more time than its interval, and handshakes take longer.
    const check = scene.checked === false ? null : { intervalMs: tls ? 400 : 200, timeoutMs: 1_000 };
    return { name, servers: 3, check, byName, tls };
  });
  const lab = await startLab({ proxies: ['haproxy'], exporter: true, topology: { backends } });
  for (const [backend, { fault }] of Object.entries(scene.plays)) {
    if (fault !== 'low-traffic') lab.startTraffic(backend, { requestsPerSecond });
  }
  return lab;
}
