import { stringify } from 'yaml';
import type { LabServer } from './backend/fleet.ts';
import type { Floor } from './floor.ts';
import type { LabHaproxy } from './proxies/haproxy.ts';
import type { LabTraefik } from './proxies/traefik.ts';

/** `proxymedic.yml` for a lab; storage is `data` in its directory. */
export function describeProxymedic(floor: Floor): string {
  const targets = [
    ...(floor.haproxy === null ? [] : [haproxyTarget(floor, floor.haproxy)]),
    ...(floor.traefik === null ? [] : [traefikTarget(floor, floor.traefik)]),
  ];
  return stringify({
    listen: '127.0.0.1:9920',
    storage: { path: `${floor.directory}/data` },
    targets,
    servers: floor.servers.map((server) => serverEntry(floor, server)),
    rules: ['catalog'],
    runbooks: ['catalog'],
    mitigation: { mode: 'approve' },
    receivers: [],
  });
}

function haproxyTarget(floor: Floor, haproxy: LabHaproxy): object {
  return {
    name: haproxy.name,
    proxy: 'haproxy',
    metrics_url: haproxy.metricsUrl,
    scrape_interval: '2s',
    labels: { site: 'lab' },
    haproxy: { stats_socket: haproxy.statsSocket, config_file: haproxy.configFile, log_file: haproxy.logFile },
    control: { restart: floor.restartCommand('haproxy'), validate: haproxy.validateCommand },
  };
}

function traefikTarget(floor: Floor, traefik: LabTraefik): object {
  return {
    name: traefik.name,
    proxy: 'traefik',
    metrics_url: traefik.metricsUrl,
    scrape_interval: '2s',
    labels: { site: 'lab' },
    traefik: {
      api_url: traefik.apiUrl,
      log_file: traefik.logFile,
      access_log_file: traefik.accessLogFile,
      dynamic_directory: traefik.dynamicDirectory,
    },
    control: { restart: floor.restartCommand('traefik') },
  };
}

/** HAProxy names a server, Traefik only its address: with both proxies one entry serves both. */
function serverEntry(floor: Floor, server: LabServer): object {
  const name = floor.haproxy === null ? {} : { server: server.name };
  return {
    backend: server.backend,
    ...name,
    address: server.address,
    control: { restart: floor.restartCommand(server.subject) },
    log_file: server.logFile,
  };
}
