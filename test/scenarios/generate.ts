import { Chance } from './chance.ts';
import type { BackendPlan, CheckStyle, FaultPlan, LogStyle, ProxyName, Routing, SituationPlan, Told } from './situation.ts';

const backendNames = ['billing', 'web-app', 'search_v2', 'Catalog', 'pay.core', 'img-thumbs', 'auth', 'be_orders', 'static', 'graphql'];
const serverWords = ['s', 'node', 'web-', 'app_', 'srv', 'ip-10-0-0-', 'host.'];
const pathWords = ['/orders', '/users/42', '/items', '/checkout', '/v1/prices', '/cart', '/img/logo.png', '/docs', '/feed', '/profile'];
const healthPaths = ['/health', '/healthz', '/-/ready', '/ping', '/status/live'];

/** Every cause this can play, with how often it comes; per proxy. */
const shares: Readonly<Record<ProxyName, readonly (readonly [string, number])[]>> = {
  haproxy: [
    ['connection-refused', 3],
    ['connection-timeout', 2],
    ['wrong-server-address', 3],
    ['health-check-misconfigured', 2],
    ['dns-failure', 1],
    ['upstream-certificate-expired', 1],
    ['upstream-certificate-untrusted', 1],
    ['backend-slow', 3],
    ['application-errors', 2],
    ['bad-server', 3],
    ['bad-endpoint', 2],
    ['authentication-rejected-by-application', 2],
    ['missing-content', 2],
    ['client-scan', 2],
    ['administratively-disabled', 2],
    ['route-missing', 1],
    ['proxy-down', 1],
    ['low-traffic', 1],
  ],
  traefik: [
    ['connection-refused', 3],
    ['connection-timeout', 2],
    ['wrong-server-address', 3],
    ['health-check-misconfigured', 2],
    ['dns-failure', 1],
    ['upstream-certificate-expired', 1],
    ['upstream-certificate-untrusted', 1],
    ['backend-slow', 3],
    ['application-errors', 2],
    ['bad-server', 3],
    ['bad-endpoint', 2],
    ['authentication-rejected-by-application', 2],
    ['missing-content', 2],
    ['client-scan', 2],
    ['route-missing', 2],
    ['proxy-down', 1],
    ['low-traffic', 1],
  ],
};

const pairs: readonly (readonly [string, string])[] = [
  ['bad-server', 'missing-content'],
  ['connection-refused', 'bad-endpoint'],
  ['bad-server', 'bad-endpoint'],
  ['client-scan', 'bad-server'],
  ['connection-refused', 'client-scan'],
  ['bad-endpoint', 'missing-content'],
  ['connection-refused', 'missing-content'],
  ['client-scan', 'bad-endpoint'],
];

/** The controls: what looks odd and is healthy. */
export const controls = ['quiet', 'noise', 'slow-path', 'maintenance', 'backup', 'restarted', 'healed', 'no-traffic'] as const;

/** The situation of a seed. `only` narrows it to one cause (or `control`, `pair`). */
export function generate(seed: number, proxy: ProxyName, only: string | null = null): SituationPlan {
  const chance = new Chance(seed);
  const roll = chance.next();
  const kind = only ?? (roll < 1 / 7 ? 'control' : roll < 1 / 7 + 0.1 ? 'pair' : null);
  if (kind === 'control') return control(seed, proxy, chance);
  const causes = kind === 'pair' ? [...chance.pick(pairs)] : [kind ?? pickCause(chance, proxy)];
  return complete(seed, proxy, chance, causes);
}

function pickCause(chance: Chance, proxy: ProxyName): string {
  const bag = shares[proxy].flatMap(([cause, count]) => Array.from({ length: count }, () => cause));
  return chance.pick(bag);
}

function control(seed: number, proxy: ProxyName, chance: Chance): SituationPlan {
  const what = chance.pick(controls.filter((name) => proxy === 'haproxy' || (name !== 'maintenance' && name !== 'backup')));
  const base = complete(seed, proxy, chance, []);
  const main = base.backends[0] as BackendPlan;
  const count = what === 'maintenance' || what === 'backup' ? Math.max(2, main.serverNames.length) : main.serverNames.length;
  const names = Array.from({ length: count }, (_, index) => main.serverNames[index] ?? `more${index}`);
  const backends = [{ ...main, serverNames: names, backup: what === 'backup' }, ...base.backends.slice(1)];
  const fault = (how: string): FaultPlan => ({
    cause: 'no-fault-found',
    how,
    servers: [0],
    paths: [main.paths[1] ?? '/'],
    share: 1,
    status: 500,
  });
  const plain = { ...base, backends, alert: chance.pick([base.alert, downAlert(proxy), errorAlert(proxy, 4)]) };
  switch (what) {
    case 'noise':
      return { ...plain, noise: 0.01 + chance.next() * 0.02 };
    case 'slow-path':
      return { ...plain, faults: [fault('slow-path')] };
    case 'maintenance':
      return { ...plain, faults: [fault('maintenance')] };
    case 'restarted':
      return { ...plain, faults: [fault('restart')] };
    case 'healed':
      return { ...plain, faults: [fault(chance.pick(['close', 'errors']))], faultyMs: 6_000, healedMs: 25_000 };
    case 'no-traffic':
      return { ...plain, requestsPerSecond: 0.3 };
    default:
      return plain;
  }
}

function complete(seed: number, proxy: ProxyName, chance: Chance, causes: readonly string[]): SituationPlan {
  const has = (cause: string) => causes.includes(cause);
  const tls = has('upstream-certificate-expired') || has('upstream-certificate-untrusted');
  const routing = chance.pick<Routing>(proxy === 'haproxy' ? ['host', 'path', 'port', 'listen'] : ['host', 'path']);
  const names = chance.some(backendNames, chance.int(1, 3));
  const checkNeeded = has('health-check-misconfigured');
  const fewest = has('bad-server') ? 2 : causes.length > 1 ? 3 : 1;
  const backends = names.map((name, index) => {
    const check = checkNeeded && index === 0 ? chance.pick<CheckStyle>(['http', 'host']) : pickCheck(chance, proxy);
    const count = index === 0 ? Math.max(fewest, chance.maybe(0.1) ? chance.int(8, 14) : chance.int(1, 5)) : chance.int(1, 2);
    return backendPlan(chance, name, { count, check, tls: tls && index === 0, byName: has('dns-failure') && index === 0, routing });
  });
  const main = backends[0] as BackendPlan;
  const told = tellPlan(chance, causes);
  const low = has('low-traffic');
  const oneClient = chance.maybe(0.3);
  return {
    seed,
    proxy,
    routing: has('route-missing') && (routing === 'port' || routing === 'listen') ? 'host' : routing,
    log: pickLog(chance, proxy, told),
    logPrefix: chance.pick(['syslog', 'raw'] as const),
    backends,
    intervalMs: chance.pick([500, 1000, 2000]),
    serverTimeoutMs: chance.pick([1500, 3000, 20_000]),
    // A fault of one of many servers must have met some requests.
    requestsPerSecond: low ? 0.4 : Math.max(chance.pick([8, 15, 30]), has('bad-server') ? Math.min(40, main.serverNames.length * 4) : 0),
    clients: oneClient ? ['127.0.0.1'] : Array.from({ length: chance.int(5, 30) }, (_, index) => `127.0.7.${index + 1}`),
    noise: chance.maybe(0.3) ? 0.01 : 0,
    healthyMs: low ? 30_000 : chance.pick([8_000, 12_000, 20_000]),
    faultyMs: low ? 25_000 : chance.pick([6_000, 9_000, 12_000]),
    healedMs: null,
    faults: causes.map((cause) => faultPlan(chance, proxy, cause, { main, told, alone: causes.length === 1 })),
    told,
    alert: alertFor(proxy, causes[0] ?? 'no-fault-found'),
  };
}

function pickCheck(chance: Chance, proxy: ProxyName): CheckStyle {
  return chance.pick<CheckStyle>(
    proxy === 'haproxy' ? ['none', 'tcp', 'http', 'host', 'expect', 'http'] : ['none', 'http', 'http', 'host'],
  );
}

function pickLog(chance: Chance, proxy: ProxyName, told: Told): LogStyle {
  if (!told.log) return 'none';
  return chance.pick<LogStyle>(proxy === 'haproxy' ? ['http', 'http', 'custom', 'json', 'clf'] : ['json', 'json', 'clf']);
}

function backendPlan(
  chance: Chance,
  name: string,
  wanted: { count: number; check: CheckStyle; tls: boolean; byName: boolean; routing: Routing },
): BackendPlan {
  const word = chance.pick(serverWords);
  const base = wanted.routing === 'path' ? `/${name}` : '';
  return {
    name,
    serverNames: Array.from({ length: wanted.count }, (_, index) => `${word}${index + 1}`),
    check: wanted.check,
    healthPath: chance.pick(healthPaths),
    host: `${name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')}.shop.test`,
    paths: [...(wanted.routing === 'path' ? [] : ['/']), ...chance.some(pathWords, chance.int(4, 7)).map((path) => base + path)],
    tls: wanted.tls,
    byName: wanted.byName,
    backup: false,
  };
}

function tellPlan(chance: Chance, causes: readonly string[]): Told {
  const memory = chance.pick(['once', 'daemon'] as const);
  const needsLog = causes.some((cause) => logOnly.has(cause)) || causes.length > 1;
  const wrong = causes.includes('wrong-server-address');
  return {
    socket: chance.maybe(0.08) && !causes.includes('administratively-disabled') && !wrong ? 'none' : chance.pick(['unix', 'tcp'] as const),
    configFile: chance.maybe(0.85) || causes.includes('dns-failure') || causes.some((cause) => /certificate|health/.test(cause)),
    log: needsLog || chance.maybe(0.75),
    // Without a word about the servers only what was before, or the file, tells the right address.
    servers:
      wrong && memory === 'daemon' && chance.maybe(0.4)
        ? 'none'
        : wrong
          ? chance.pick(['named', 'address'] as const)
          : chance.pick(['none', 'named', 'address'] as const),
    memory,
  };
}

/** Causes that nothing but an access log can tell apart from others. */
const logOnly: ReadonlySet<string> = new Set(['bad-endpoint', 'missing-content', 'client-scan', 'route-missing']);

const ways: Readonly<Record<string, Readonly<Record<ProxyName, readonly string[]>>>> = {
  'connection-refused': { haproxy: ['close', 'kill'], traefik: ['close', 'kill'] },
  'connection-timeout': { haproxy: ['blackhole'], traefik: ['blackhole'] },
  'wrong-server-address': { haproxy: ['socket', 'reload', 'nowhere'], traefik: ['reload', 'nowhere'] },
  'health-check-misconfigured': { haproxy: ['path', 'port', 'host', 'gone'], traefik: ['path', 'port', 'host', 'gone'] },
  'dns-failure': { haproxy: ['resolver', 'literal'], traefik: ['literal'] },
  'upstream-certificate-expired': { haproxy: ['expired'], traefik: ['expired'] },
  'upstream-certificate-untrusted': {
    haproxy: ['self-signed', 'unknown-authority'],
    traefik: ['self-signed', 'unknown-authority'],
  },
  'backend-slow': {
    haproxy: ['delay', 'hang', 'freeze', 'below-timeout', 'with-health'],
    traefik: ['delay', 'hang', 'freeze', 'below-timeout', 'with-health'],
  },
  'client-scan': { haproxy: ['stranger', 'stranger', 'everybody'], traefik: ['stranger', 'stranger', 'everybody'] },
  'administratively-disabled': { haproxy: ['maint', 'drain', 'weight', 'config'], traefik: [] },
  'proxy-down': { haproxy: ['kill', 'term'], traefik: ['kill', 'term'] },
};

function faultPlan(
  chance: Chance,
  proxy: ProxyName,
  cause: string,
  { main, told, alone }: { main: BackendPlan; told: Told; alone: boolean },
): FaultPlan {
  const possible = (ways[cause]?.[proxy] ?? ['usual']).filter((how) => how !== 'host' || main.check === 'host');
  // Beside another fault one server must be left to show it.
  const how = alone ? chance.pick(possible) : (possible[0] ?? 'usual');
  const all = main.serverNames.map((_, index) => index);
  const some = how === 'kill' || how === 'freeze' || chance.maybe(0.5) ? all : chance.some(all, Math.max(1, Math.floor(all.length / 2)));
  const single =
    cause === 'bad-server' ||
    (!alone && cause === 'connection-refused') ||
    (cause === 'connection-refused' && told.log && how === 'close' && chance.maybe(0.4));
  return {
    cause,
    how,
    servers: single ? [chance.int(0, all.length - 1)] : some,
    paths: chance.some(main.paths.slice(1), alone ? chance.int(1, 2) : 2),
    share: chance.pick([0.4, 0.7, 1]),
    status: cause.startsWith('auth') ? chance.pick([401, 403]) : chance.pick([500, 500, 502, 503]),
  };
}

function downAlert(proxy: ProxyName): string {
  return proxy === 'haproxy' ? 'HaproxyBackendDown' : 'TraefikServiceDown';
}

function errorAlert(proxy: ProxyName, hundreds: 4 | 5): string {
  return proxy === 'haproxy' ? `HaproxyHighHttp${hundreds}xxErrorRateBackend` : `TraefikHighHttp${hundreds}xxErrorRateService`;
}

function alertFor(proxy: ProxyName, cause: string): string {
  if (/^(application-errors|bad-server|bad-endpoint|backend-slow|low-traffic|no-fault-found)$/.test(cause)) return errorAlert(proxy, 5);
  if (/^(authentication-rejected|missing-content|client-scan)/.test(cause)) return errorAlert(proxy, 4);
  if (cause === 'route-missing') return proxy === 'haproxy' ? 'HaproxyRouteMissing' : 'TraefikRouteMissing';
  if (cause === 'proxy-down') return proxy === 'haproxy' ? 'HaproxyDown' : 'TraefikDown';
  return downAlert(proxy);
}
