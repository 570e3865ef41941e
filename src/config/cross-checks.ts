import { formatHostPort, type HostPort, isLoopback } from '../base/host-port.ts';
import type { Explanation } from './explain-issue.ts';
import type { Config, ServerEntry } from './schema.ts';

/** What is wrong between the parts of a configuration whose parts are right by themselves. */
export function configProblems(config: Config): Explanation[] {
  return [...nothingToWatch(config), ...sameNameTwice(config), ...serverProblems(config)];
}

/** What is allowed and probably not meant. */
export function configWarnings(config: Config): Explanation[] {
  return [...portCollisions(config), ...sameUrlTwice(config), ...sameServerTwice(config), ...receiversToCome(config)];
}

/** Kinds that are read and understood, but that nothing speaks yet. */
function receiversToCome(config: Config): Explanation[] {
  return config.receivers.flatMap((receiver, index) => {
    const kind = (['pagerduty', 'email'] as const).find((candidate) => receiver[candidate] !== null);
    if (kind === undefined) return [];
    return [problem(['receivers', index, kind], `is not supported yet: ${receiver.name} gets no messages`, 'Use webhook: or slack:')];
  });
}

function problem(path: readonly PropertyKey[], message: string, fix: string): Explanation {
  return { path, at: 'value', message, fix };
}

function nothingToWatch(config: Config): Explanation[] {
  if (config.targets.length > 0 || config.metrics !== null) return [];
  return [
    problem([], 'there is nothing to watch', 'Add targets: with name, proxy and metrics_url, or metrics: { url: … } of a Prometheus'),
  ];
}

function sameNameTwice(config: Config): Explanation[] {
  const seen = new Map<string, number>();
  return config.targets.flatMap((target, index) => {
    const first = seen.get(target.name);
    if (first === undefined) seen.set(target.name, index);
    if (first === undefined) return [];
    return [problem(['targets', index, 'name'], `is also the name of targets[${first}]`, 'Give each target a name of its own')];
  });
}

function serverProblems(config: Config): Explanation[] {
  return config.servers.flatMap((server, index) => {
    const named = config.targets.find((target) => target.name === server.target);
    if (server.target !== null && named === undefined && config.targets.length > 0) {
      const names = config.targets.map((target) => target.name).join(', ');
      return [problem(['servers', index, 'target'], 'is not the name of a target', `Write one of ${names}`)];
    }
    return needsAddress(config, server)
      ? [problem(['servers', index], 'has no address', 'Traefik knows its servers by address only: add address: host:port')]
      : [];
  });
}

function needsAddress(config: Config, server: ServerEntry): boolean {
  if (server.address !== null) return false;
  const candidates = config.targets.filter((target) => server.target === null || target.name === server.target);
  return candidates.length > 0 && candidates.every((target) => target.proxy === 'traefik');
}

function portCollisions(config: Config): Explanation[] {
  if (config.listen.port === 0) return [];
  const used = config.targets.map((target, index) => ({ path: ['targets', index, 'metrics_url'], at: hostPortOf(target.metricsUrl) }));
  const addresses = config.servers.flatMap((server, index) =>
    server.address === null ? [] : [{ path: ['servers', index, 'address'], at: server.address }],
  );
  return [...used, ...addresses]
    .filter(({ at }) => at.port === config.listen.port && isLoopback(at.host) && isLoopback(config.listen.host))
    .map(({ path, at }) =>
      problem(
        path,
        `is where we listen ourselves (listen: ${formatHostPort(config.listen)}), not at ${formatHostPort(at)}`,
        'Change one of the two ports',
      ),
    );
}

function hostPortOf(url: string): HostPort {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port) };
}

function sameUrlTwice(config: Config): Explanation[] {
  const seen = new Map<string, string>();
  return config.targets.flatMap((target, index) => {
    const first = seen.get(target.metricsUrl);
    if (first === undefined) seen.set(target.metricsUrl, target.name);
    if (first === undefined) return [];
    return [
      problem(
        ['targets', index, 'metrics_url'],
        `is already scraped as target ${first}`,
        'Remove one of the two targets, or tell their series apart with labels:',
      ),
    ];
  });
}

function sameServerTwice(config: Config): Explanation[] {
  const seen = new Map<string, number>();
  return config.servers.flatMap((server, index) => {
    const key = JSON.stringify([server.target, server.backend, server.server, server.address?.text ?? null]);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    if (first === undefined) return [];
    return [problem(['servers', index], `says the same as servers[${first}]`, 'Remove one of them')];
  });
}
