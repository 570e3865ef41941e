import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../lab/ports.ts';
import type { FarmRule } from './farm.ts';
import type { FaultPlan } from './situation.ts';
import type { Stage } from './stage.ts';

/** Makes one thing go wrong on the stage. The rules of servers add up; everything else happens at once. */
export async function inject(stage: Stage, fault: FaultPlan, rules: FarmRule[]): Promise<void> {
  const work = means[fault.cause] ?? means[fault.cause === 'no-fault-found' ? 'control' : ''];
  if (work === undefined) throw new Error(`no means for ${fault.cause}`);
  await work(stage, fault, rules);
  if (rules.length > 0) await stage.order(0, { rules });
}

const usual: FarmRule = { server: null, paths: null, alsoHealth: false, share: 1, status: null, delayMs: 0, hang: false };
type Means = (stage: Stage, fault: FaultPlan, rules: FarmRule[]) => Promise<void> | void;

const means: Readonly<Record<string, Means>> = {
  'connection-refused': async (stage, fault) => {
    if (fault.how === 'kill') stage.signal(0, 'SIGKILL');
    else await stage.order(0, { close: fault.servers });
  },
  'connection-timeout': async (stage, fault) => {
    for (const server of fault.servers) await stage.blackhole(0, server);
  },
  'wrong-server-address': async (stage, fault) => {
    const [first = [], ...others] = stage.wish.servers;
    const moved = await Promise.all(
      first.map(async (place, index) => (fault.servers.includes(index) ? { ...place, port: await freePort() } : place)),
    );
    if (fault.how === 'nowhere')
      moved.forEach((place, index) => {
        // An address where nobody is: loopback answers it with a refusal or not at all.
        if (fault.servers.includes(index)) moved[index] = { ...place, host: '127.1.2.3' };
      });
    if (fault.how !== 'socket') return await stage.apply({ ...stage.wish, servers: [moved, ...others] });
    const backend = stage.plan.backends[0];
    for (const index of fault.servers)
      await stage.command(`set server ${backend?.name}/${backend?.serverNames[index]} addr 127.0.0.1 port ${moved[index]?.port}`);
  },
  'health-check-misconfigured': async (stage, fault, rules) => {
    // The application was changed and the check was not.
    if (fault.how === 'gone') {
      rules.push({ ...usual, paths: [], alsoHealth: true, status: 404 });
      return;
    }
    const wish = stage.wish;
    if (fault.how === 'path') await stage.apply({ ...wish, checkPath: '/no/such/check' });
    else if (fault.how === 'host') await stage.apply({ ...wish, checkHost: 'somebody.else.test' });
    else await stage.apply({ ...wish, checkPort: await freePort() });
  },
  'dns-failure': async (stage, fault) => {
    if (fault.how === 'resolver') return stage.setNames('no-such-name');
    const [first = [], ...others] = stage.wish.servers;
    const lost = first.map((place, index) =>
      fault.servers.includes(index) ? { host: `gone${index}.nowhere.invalid`, port: place.port } : place,
    );
    await stage.apply({ ...stage.wish, servers: [lost, ...others] });
  },
  'upstream-certificate-expired': (stage) => stage.order(0, stage.certificate(0, 'expired')),
  'upstream-certificate-untrusted': (stage, fault) =>
    stage.order(0, stage.certificate(0, fault.how === 'self-signed' ? 'self-signed' : 'unknown-authority')),
  'backend-slow': (stage, fault, rules) => {
    if (fault.how === 'freeze') return stage.signal(0, 'SIGSTOP');
    const delayMs = fault.how === 'below-timeout' ? 2_800 : 6_000;
    for (const server of fault.servers)
      rules.push({ ...usual, server, hang: fault.how === 'hang', delayMs, alsoHealth: fault.how === 'with-health' });
  },
  'application-errors': (_, fault, rules) => {
    rules.push({ ...usual, share: fault.share, status: fault.status });
  },
  'bad-server': (_, fault, rules) => {
    rules.push({ ...usual, server: fault.servers[0] ?? 0, share: fault.share, status: fault.status });
  },
  'bad-endpoint': (_, fault, rules) => {
    rules.push({ ...usual, paths: fault.paths.slice(0, 1), share: Math.max(0.7, fault.share), status: fault.status });
  },
  'authentication-rejected-by-application': (_, fault, rules) => {
    rules.push({ ...usual, share: 1, status: fault.status });
  },
  'missing-content': (_, fault, rules) => {
    rules.push({ ...usual, paths: fault.paths.slice(-1), status: 404 });
  },
  'client-scan': (stage, fault, rules) => {
    const base = stage.plan.routing === 'path' ? `/${stage.plan.backends[0]?.name}` : '';
    const doors = ['wp-admin', '.env', 'backup.sql', 'phpinfo.php', 'console', '.git/HEAD', 'api/v1/users', 'login.action'];
    const paths = Array.from({ length: 160 }, (_, index) => ({
      path: `${base}/x${Math.floor(index / doors.length)}/${doors[index % doors.length]}`,
      weight: 1,
    }));
    if (fault.share < 0.5) rules.push({ ...usual, paths: paths.map(({ path }) => path), status: fault.status === 500 ? 403 : 401 });
    stage.startTraffic({
      paths,
      clients: fault.how === 'everybody' ? stage.plan.clients.slice(0, 1) : ['127.0.66.6'],
      requestsPerSecond: 12,
    });
  },
  'administratively-disabled': async (stage, fault) => {
    const backend = stage.plan.backends[0];
    const all = backend?.serverNames ?? [];
    if (fault.how === 'config') return await stage.apply({ ...stage.wish, disabled: all.map((_, index) => index) });
    for (const name of all) {
      const what = fault.how === 'weight' ? 'weight 0' : `state ${fault.how}`;
      await stage.command(`set server ${backend?.name}/${name} ${what}`);
    }
  },
  'route-missing': (stage) => stage.apply({ ...stage.wish, unrouted: true }),
  'proxy-down': (stage, fault) => stage.endProxy(fault.how === 'kill' ? 0 : 500),
  'low-traffic': (_, __, rules) => {
    rules.push({ ...usual, share: 0.35, status: 500 });
  },
  control: async (stage, fault, rules) => {
    const backend = stage.plan.backends[0];
    if (fault.how === 'slow-path') rules.push({ ...usual, paths: [backend?.paths.at(-1) ?? '/x'], delayMs: 900 });
    if (fault.how === 'maintenance') await stage.command(`set server ${backend?.name}/${backend?.serverNames[0]} state maint`);
    if (fault.how === 'restart') {
      await stage.endProxy(500);
      await stage.startProxy();
    }
    if (fault.how === 'close') await stage.order(0, { close: [0] });
    if (fault.how === 'errors') rules.push({ ...usual, share: 0.8, status: 500 });
    await sleep(0);
  },
};

/** Undoes what `control` did wrong. */
export async function heal(stage: Stage, fault: FaultPlan): Promise<void> {
  if (fault.how === 'close') await stage.order(0, { open: [0] });
  await stage.order(0, { rules: [] });
}
